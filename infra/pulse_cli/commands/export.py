"""`pulse export`: a company's data, for the company."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import click

from pulse_cli.deployed.deployment import Deployment, on_stack
from pulse_cli.keeping.given_out import give_out
from pulse_cli.keeping.parted import in_force, parted
from pulse_cli.problems import ProblemError

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
@on_stack
def export(*, deployment: Deployment, company: str, out: Path, as_json: bool) -> None:
    """Write everything that is stored about COMPANY to a folder, with a README that describes it.

    The export has the posts as an archive that pulse replay can read, conversations, positions, the
    journal, sent emails, figures and settings. It has no tokens. A company that is no longer
    watched can be exported for as long as its data is stored. The command reads the whole table,
    page by page.

    Exits with 0 when the export is complete; otherwise with 1, and no folder is left.
    """
    known = in_force(deployment.db)
    if company not in known:
        known |= parted(deployment.db)
    if company not in known:
        names = ", ".join(known) or "none"
        raise ProblemError(f"no pushed settings have a company {company!r}; available: {names}")
    if out.exists():
        raise ProblemError(f"{out} already exists; name a folder that does not exist")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{out.name}-", dir=out.parent))
        try:
            counts = give_out(deployment.db.table, *known[company], unfinished)
            unfinished.rename(out)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as problem:
        raise ProblemError(f"{out}: {problem.strerror}") from problem
    if as_json:
        answer = {"stack": deployment.name, "company": company, "out": str(out), "lines": counts}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for name, count in counts.items():
        click.echo(f"{count:>9,}  {name}")
    click.echo(f"Written to {out}; see README.md there for a description.")
