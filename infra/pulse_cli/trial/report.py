"""The result of `pulse try`: as files, as a table in the terminal, and as JSON."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from pulse.kernel.policy import Policy
from pulse.screens.models import Card
from pulse_cli.stack.status import AGES
from pulse_cli.stack.status_view import format_age
from pulse_cli.terminal import one_line
from pulse_cli.trial.run import TrialOutcome

__all__ = ["as_json", "print_report", "write_files"]


_NAME = 16
_OTHER_COLUMNS = 50
"""How many columns of the terminal are taken by everything but the text."""


def write_files(mails: Sequence[bytes], out: Path) -> list[Path]:
    """Write the mails to the folder `out` and return the files.

    The last mail is the digest, written as .eml, .html and .txt; those before it are alerts,
    written as .eml.
    """
    out.mkdir(parents=True, exist_ok=True)
    *alerts, digest = mails
    message = email.message_from_bytes(digest, policy=email.policy.default)
    places = {".eml": digest}
    for kind, suffix in (("html", ".html"), ("plain", ".txt")):
        part = message.get_body((kind,))
        if part is not None:
            places[suffix] = part.get_content().encode()
    written = []
    for suffix, content in places.items():
        written.append(out / f"digest{suffix}")
        written[-1].write_bytes(content)
    for number, alert in enumerate(alerts, 1):
        written.append(out / f"alert-{number}.eml")
        written[-1].write_bytes(alert)
    return written


def as_json(outcome: TrialOutcome, cost: float) -> dict[str, Any]:
    """Return the outcome for scripts, as JSON values; times of waits are in seconds."""
    report, figures = outcome.report, outcome.report.figures
    return {
        "company": outcome.company,
        "start": report.start.isoformat(timespec="seconds"),
        "end": report.end.isoformat(timespec="seconds"),
        "waiting": len(report.waiting),
        "longest_seconds": int(report.longest.total_seconds()) if report.longest else None,
        "ages": dict(zip(AGES, report.ageing, strict=True)),
        "worst": [
            {
                "username": card.customer.username,
                "user_id": card.customer.id,
                "post_id": card.post_id,
                "waited_seconds": int(card.waited.total_seconds()),
                "level": level_of_wait(card.waited, outcome.policy),
            }
            for card in outcome.worst
        ],
        "received": figures.received,
        "answered": figures.answered,
        "first_response_seconds": {
            "median": figures.first_response.median,
            "p90": figures.first_response.p90,
        },
        "within_policy": figures.within,
        "target": report.target,
        "posts_read": outcome.posts_read,
        "cost_usd": round(cost, 2),
        "troubles": list(outcome.faults),
    }


def print_report(outcome: TrialOutcome, console: Console) -> None:
    """Print who is waiting, and the figures."""
    if outcome.worst:
        console.print(_worst_table(outcome.worst, outcome.policy, console.width))
        more = len(outcome.report.waiting) - len(outcome.worst)
        if more > 0:
            console.print(f"  and {more} more")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, words in _figures(outcome):
        grid.add_row(f"  {name}", words)
    console.print(grid)


def level_of_wait(waited: timedelta, policy: Policy) -> str | None:
    """Return the level that a wait of this length has reached, None if it is below all.

    It follows from the length alone, since a first run flags no waits from before it.
    """
    reached = [rule.name for rule in policy.levels if waited >= rule.after]
    return reached[-1] if reached else None


def _worst_table(cards: Sequence[Card], policy: Policy, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True)
    table.add_column("Customer", overflow="fold", max_width=_NAME)
    table.add_column("Waiting", no_wrap=True)
    table.add_column("Level", no_wrap=True)
    table.add_column("Message", no_wrap=True)
    room = max(width - _OTHER_COLUMNS, _NAME)
    for card in cards:
        name, text = card.customer.username, one_line(card.text)
        table.add_row(
            f"@{one_line(name)}" if name else f"user {card.customer.id}",
            format_age(card.waited.total_seconds()),
            level_of_wait(card.waited, policy) or "in time",
            text if len(text) <= room else f"{text[: room - 3]}...",
        )
    return table


def _figures(outcome: TrialOutcome) -> list[tuple[str, str]]:
    report, figures = outcome.report, outcome.report.figures
    first = figures.first_response
    ages = " · ".join(f"{n} {c}" for n, c in zip(AGES, report.ageing, strict=True))
    waiting = (
        f"{len(report.waiting)}: {ages}" if report.waiting else "nobody; everyone has been answered"
    )
    rows = [
        ("Waiting", waiting),
        ("Received", f"{figures.received:,} mentions, {figures.answered:,} of them answered"),
    ]
    if first.median is not None and first.p90 is not None:
        text = (
            f"median {format_age(first.median)}, 90 % within {format_age(first.p90)}; "
            "includes customers who are still waiting"
        )
        rows.append(("First response", text))
    if figures.within is not None:
        promise = format_age(outcome.policy.response_deadline.total_seconds())
        text = f"{figures.within:.0%} answered within {promise} (target {report.target:.0%})"
        rows.append(("Within policy", text))
    return rows
