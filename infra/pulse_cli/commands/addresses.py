"""`pulse addresses`: lists suppressed addresses, or allows mail to one of them again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pulse.outbox.suppressions import Suppression, people_with_address
from pulse_cli.errors import CommandError
from pulse_cli.stack.deployment import Deployment, now, with_deployment
from pulse_cli.terminal import one_line

if TYPE_CHECKING:
    from pulse.kernel.company import Settings

__all__ = ["addresses"]

_SUPPRESSED = "aws sesv2 {}-suppressed-destination --email-address {}"


@click.command()
@click.option("--lift", metavar="ADDRESS", help="Allow email to this address again.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@with_deployment
def addresses(*, deployment: Deployment, lift: str | None, as_json: bool) -> None:
    """Show the addresses that Pulse no longer writes to, since when and why, or allow one again.

    Pulse stops writing to an address when email to it bounces permanently or is marked as spam.
    Alerts then go to the next person in line until you allow the address again (--lift) or change
    it in pulse.yaml.

    Exits with 0, or with 1 when email to the given address was not stopped.
    """
    if lift is not None:
        _lift(deployment, lift, as_json=as_json)
        return
    settings = deployment.settings()
    found = sorted(deployment.db.suppressions.all().values(), key=lambda one: one.at)
    rows = [_row(suppression, settings) for suppression in found]
    if as_json:
        answer = {"stack": deployment.name, "addresses": rows}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo("Pulse writes to every address.")
    for suppression, row in zip(found, rows, strict=True):
        people = ", ".join(row["people"]) or "nobody in the settings"
        why = "bounced" if suppression.kind == "bounce" else "was marked as spam"
        at = f"{suppression.at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{suppression.address} ({people}): email {why} at {at}")
        click.echo(f"  {one_line(suppression.reason)}")
    if rows:
        click.echo("To allow email to an address again, run pulse addresses --lift ADDRESS.")


def _lift(deployment: Deployment, address: str, *, as_json: bool) -> None:
    suppression = deployment.db.suppressions.remove(address)
    if suppression is None:
        raise CommandError(
            f"email to {address} was not stopped; run pulse addresses to list stopped addresses"
        )
    if as_json:
        answer = {"stack": deployment.name, "lifted": suppression.address}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    click.echo(f"Pulse writes to {suppression.address} again from the next minute on.")
    click.echo(
        "SES may still block the address through its own suppression list. Check, and "
        "remove it there:"
    )
    click.echo(f"  {_SUPPRESSED.format('get', suppression.address)}")
    click.echo(f"  {_SUPPRESSED.format('delete', suppression.address)}")


def _row(suppression: Suppression, settings: Settings | None) -> dict[str, Any]:
    people = [
        f"{key} of {company.name}"
        for company in (settings.companies if settings else ())
        for key in people_with_address(company, suppression.address, now())
    ]
    return {
        "address": suppression.address,
        "people": people,
        "kind": suppression.kind,
        "since": suppression.at.isoformat(timespec="seconds"),
        "said": suppression.reason,
        "message_id": suppression.message_id,
    }
