"""`pulse export`: a company's data, for the company."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import click

from pulse_cli.data.export import export_company
from pulse_cli.data.former_companies import current_companies, former_companies
from pulse_cli.errors import CommandError
from pulse_cli.stack.deployment import Deployment, with_deployment

__all__ = ["export"]


@click.command()
@click.argument("company")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder to write to; it must not be there yet.",
)
@click.option("--json", "as_json", is_flag=True, help="Write what was done as JSON.")
@with_deployment
def export(*, deployment: Deployment, company: str, out: Path, as_json: bool) -> None:
    """Write everything that is kept of COMPANY into a folder, with a README that says what is what.

    Posts as an archive that pulse replay reads, conversations, positions, journal, sent mail,
    figures and settings; of a company that is no longer watched, as long as it is kept. No tokens.
    It looks through the whole table, page by page.

    Ends with 0 when the folder is whole, else with 1, and there is none.
    """
    known = current_companies(deployment.db)
    if company not in known:
        known |= former_companies(deployment.db)
    if company not in known:
        names = ", ".join(known) or "none"
        raise CommandError(f"no company {company!r} in any settings pushed; there are: {names}")
    if out.exists():
        raise CommandError(f"{out} is there already: name a folder that is not")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{out.name}-", dir=out.parent))
        try:
            counts = export_company(deployment.db.table, *known[company], unfinished)
            unfinished.rename(out)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as problem:
        raise CommandError(f"{out}: {problem.strerror}") from problem
    if as_json:
        answer = {"stack": deployment.name, "company": company, "out": str(out), "lines": counts}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for name, count in counts.items():
        click.echo(f"{count:>9,}  {name}")
    click.echo(f"Written to {out}; README.md in it says what is what.")
