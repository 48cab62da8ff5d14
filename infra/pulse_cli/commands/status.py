"""`pulse status`: shows the state of polls, waits and mail of a deployed stack."""

from __future__ import annotations

import json

import click

from pulse_cli.errors import CommandError
from pulse_cli.stack import status_view
from pulse_cli.stack.deployment import Deployment, now, with_deployment
from pulse_cli.stack.status import company_status
from pulse_cli.terminal import make_console

__all__ = ["status"]


@click.command()
@click.option(
    "--company",
    "names",
    multiple=True,
    metavar="NAME",
    help="Company to show; repeatable.  [default: all]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_deployment
def status(*, deployment: Deployment, names: tuple[str, ...], as_json: bool) -> None:
    """Show the state of polls, waiting customers and email for each company.

    The command shows the last poll of each account and its remaining X requests; who is waiting, by
    age and by level alerted; the outbox; how the last 24 hours were watched; quarantined posts and
    undelivered emails. Times are UTC.

    It only reads, and exits with 0; to find problems, run pulse doctor.
    """
    settings = deployment.settings()
    if settings is None:
        raise CommandError(
            f"no settings are in force on {deployment.name}; run pulse push pulse.yaml"
        )
    known = [company.name for company in settings.companies]
    for name in names:
        if name not in known:
            raise CommandError(f"there is no company {name!r}; available: {', '.join(known)}")
    moment = now()
    found = [
        company_status(deployment, company, moment)
        for company in settings.companies
        if company.name in (names or known)
    ]
    if as_json:
        answer = {
            "stack": deployment.name,
            "at": moment.isoformat(timespec="seconds"),
            "settings_version": settings.version,
            "companies": found,
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    console = make_console()
    console.print(
        f"{deployment.name}, settings version {settings.version}, as of {moment:%H:%M} UTC\n"
    )
    for company in found:
        status_view.print_status(company, console)
