"""`pulse addresses`: whom mail does not reach, and how to write to them again."""

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
    blocks = sorted(deployment.db.suppressions.all().values(), key=lambda block: block.at)
    rows = [_row(block, settings) for block in blocks]
    if as_json:
        answer = {"stack": deployment.name, "addresses": rows}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo("Pulse writes to every address.")
    for block, row in zip(blocks, rows, strict=True):
        people = ", ".join(row["people"]) or "nobody in the settings"
        why = "bounced" if block.kind == "bounce" else "was marked as spam"
        click.echo(f"{block.address} ({people}): email {why} at {block.at:%Y-%m-%d %H:%M} UTC")
        click.echo(f"  {one_line(block.reason)}")
    if rows:
        click.echo("To allow email to an address again, run pulse addresses --lift ADDRESS.")


def _lift(deployment: Deployment, address: str, *, as_json: bool) -> None:
    block = deployment.db.suppressions.remove(address)
    if block is None:
        raise CommandError(
            f"email to {address} was not stopped; run pulse addresses to list stopped addresses"
        )
    if as_json:
        answer = {"stack": deployment.name, "lifted": block.address}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    click.echo(f"Pulse writes to {block.address} again from the next minute on.")
    click.echo(
        "SES may still block the address through its own suppression list. Check, and "
        "remove it there:"
    )
    click.echo(f"  {_SUPPRESSED.format('get', block.address)}")
    click.echo(f"  {_SUPPRESSED.format('delete', block.address)}")


def _row(block: Suppression, settings: Settings | None) -> dict[str, Any]:
    people = [
        f"{key} of {company.name}"
        for company in (settings.companies if settings else ())
        for key in people_with_address(company, block.address, now())
    ]
    return {
        "address": block.address,
        "people": people,
        "kind": block.kind,
        "since": block.at.isoformat(timespec="seconds"),
        "said": block.reason,
        "message_id": block.message_id,
    }
