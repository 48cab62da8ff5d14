"""`pulse export`: writes all stored data of a company to a folder."""

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
    help="Folder to write to; it must not exist yet.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@with_deployment
def export(*, deployment: Deployment, company: str, out: Path, as_json: bool) -> None:
    """Write everything that is stored about COMPANY to a folder, with a README that describes it.

    The export has the posts as an archive that pulse replay can read, conversations, positions, the
    audit log, sent emails, figures and settings. It has no tokens. A company that is no longer
    watched can be exported for as long as its data is stored. The command reads the whole table,
    page by page.

    Exits with 0 when the export is complete; otherwise with 1, and no folder is left.
    """
    known = current_companies(deployment.db)
    if company not in known:
        known |= former_companies(deployment.db)
    if company not in known:
        names = ", ".join(known) or "none"
        raise CommandError(f"no pushed settings have a company {company!r}; available: {names}")
    if out.exists():
        raise CommandError(f"{out} already exists; name a folder that does not exist")
    try:
        # The data is collected under another name, so that a folder called `out` is complete.
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
    click.echo(f"Written to {out}; see README.md there for a description.")
