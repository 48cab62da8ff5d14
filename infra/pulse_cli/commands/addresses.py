"""`pulse addresses`: whom mail does not reach, and how to write to them again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pulse.outbox.delivery import Suppression, people_with_address
from pulse_cli.errors import CommandError
from pulse_cli.stack.deployment import Deployment, now, with_deployment
from pulse_cli.terminal import one_line

if TYPE_CHECKING:
    from pulse.kernel.company import Settings

__all__ = ["addresses"]

_SUPPRESSED = "aws sesv2 {}-suppressed-destination --email-address {}"


@click.command()
@click.option("--lift", metavar="ADDRESS", help="Let mail go to this address again.")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
@with_deployment
def addresses(*, deployment: Deployment, lift: str | None, as_json: bool) -> None:
    """Show the addresses that Pulse does not write to, since when and why; or give one back.

    Mail to an address stops when it bounces for good, or when its reader calls it spam. Alerts then
    go to the next in line, until the address is given back (--lift) or changed in pulse.yaml.

    Ends with 0, or with 1 when the address to lift is none of them.
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
        click.echo("Every address is written to.")
    for block, row in zip(blocks, rows, strict=True):
        people = ", ".join(row["people"]) or "nobody in the settings"
        why = "bounced" if block.kind == "bounce" else "was called spam"
        click.echo(f"{block.address} ({people}): mail {why} {block.at:%Y-%m-%d %H:%M} UTC")
        click.echo(f"  {one_line(block.said)}")
    if rows:
        click.echo("pulse addresses --lift ADDRESS lets mail go there again.")


def _lift(deployment: Deployment, address: str, *, as_json: bool) -> None:
    block = deployment.db.suppressions.remove(address)
    if block is None:
        raise CommandError(f"mail to {address} was not stopped: pulse addresses lists them")
    if as_json:
        answer = {"stack": deployment.name, "lifted": block.address}
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    click.echo(f"Mail goes to {block.address} again, from the next minute on.")
    click.echo(
        "SES may hold it back all the same, by a list of its own. Look, and take it off there:"
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
        "said": block.said,
        "message_id": block.message_id,
    }
