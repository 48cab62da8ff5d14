"""`pulse check` reports what is wrong with the settings; `pulse schema` prints their schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path as File
from typing import TYPE_CHECKING

import click
from rich.console import Console

from pulse_cli.settings import check_file
from pulse_cli.settings.schema_check import SCHEMA
from pulse_cli.settings.summary import draw_summary

if TYPE_CHECKING:
    from pulse_cli.settings import CheckedSettings


@click.command()
@click.argument(
    "file", default="pulse.yaml", type=click.Path(exists=True, dir_okay=False, path_type=File)
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(file: File, as_json: bool) -> None:
    """Check the settings in FILE (pulse.yaml) before you push them.

    Each finding is one line with its place in the file, the problem and the fix. If there are no
    errors, the command shows who is alerted about what, and at which hours.

    Exits with 0 when the settings can be pushed (warnings do not prevent that), otherwise with 1.
    """
    checked = check_file(file)
    if as_json:
        findings = [finding.as_json() for finding in checked.findings]
        answer = {"file": str(file), "ok": checked.settings is not None, "findings": findings}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        _print_findings(file, checked)
    if checked.settings is None:
        sys.exit(1)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the settings for editors.

    Editors with a YAML language server use it when the first line of the settings is

        # yaml-language-server: $schema=pulse.schema.json
    """
    click.echo(SCHEMA.read_text("utf-8"), nl=False)


def _print_findings(file: File, checked: CheckedSettings) -> None:
    for finding in checked.findings:
        click.echo(finding.to_line(str(file)))
    if checked.settings is None:
        count = sum(finding.severity == "error" for finding in checked.findings)
        click.echo(f"{count} errors to fix in {file}" if count > 1 else f"1 error to fix in {file}")
        return
    console = Console(highlight=False)
    for company in checked.settings.companies:
        console.print(draw_summary(company))
    click.echo(f"{file} is fine")
