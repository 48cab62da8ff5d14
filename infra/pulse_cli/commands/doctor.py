"""`pulse doctor`: checks whether a deployed stack can do its job."""

from __future__ import annotations

import json
import sys

import click
from rich.text import Text

from pulse_cli.doctor import DoctorFinding, run_checks
from pulse_cli.settings.formats import check_address
from pulse_cli.stack.deployment import Deployment, now, with_deployment
from pulse_cli.terminal import make_console, one_line

__all__ = ["doctor"]

_COLOURS = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}


def _address(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    found = check_address(value) if value is not None else None
    if found:
        raise click.BadParameter(f"{found.problem}: {found.fix}")
    return value


@click.command()
@click.option(
    "--mail",
    "to",
    metavar="ADDRESS",
    callback=_address,
    help="Address for the test email.  [default: the first company's owner]",
)
@click.option("--no-mail", is_flag=True, help="Do not send a test email.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@with_deployment
def doctor(*, deployment: Deployment, to: str | None, no_mail: bool, as_json: bool) -> None:
    """Check whether a deployed stack can do its job, and show how to fix what it cannot do.

    The command checks the settings, tokens (it asks X for each account, 0.01 USD each), last polls,
    schedules, dead letters, alarms and the critical topic; the SES sandbox and quota, senders and
    recipients. Then it sends one test email, unless you give --no-mail.

    Each line is OK, WARN or FAIL; a check that could not be made is WARN. Exits with 1 when any
    line is FAIL.
    """
    if to and no_mail:
        raise click.UsageError("--mail and --no-mail contradict each other; use only one of them")
    deployment.output("TableName")  # without a stack, fail before the first line is printed
    findings: list[DoctorFinding] = []
    for finding in run_checks(deployment, now(), to, mail=not no_mail):
        findings.append(finding)
        if not as_json:
            _print_finding(finding)
    failed = sum(finding.status == "FAIL" for finding in findings)
    warned = sum(finding.status == "WARN" for finding in findings)
    if as_json:
        answer = {
            "stack": deployment.name,
            "ok": not failed,
            "findings": [finding.as_json() for finding in findings],
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{failed} failed, {warned} with warnings, of {len(findings)} checks")
    if failed:
        sys.exit(1)


def _print_finding(finding: DoctorFinding) -> None:
    line = Text(f"{finding.status:<4}  ", style=_COLOURS[finding.status])
    line.append(one_line(f"{finding.what}: {finding.message}"), style="default")
    if finding.fix:
        line.append(f" — {one_line(finding.fix)}", style="default")
    make_console().print(line, soft_wrap=True)
