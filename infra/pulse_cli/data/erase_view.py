"""Prints what is stored of a person, what was removed, and which copies Pulse cannot reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pulse_cli.data.erase import PersonData

__all__ = ["copies_out_of_reach", "print_found", "print_outcome"]


def print_found(who: str, data_by_company: Mapping[str, PersonData]) -> None:
    """Print a line for each company that has data of the person."""
    for name, data in data_by_company.items():
        if not data.has_data:
            continue
        span = f", {data.first:%Y-%m-%d} to {data.last:%Y-%m-%d}" if data.first else ""
        summary = (
            f"{_count(len(data.mentions), 'post')} in {_count(len(data.posts), 'conversation')}"
        )
        replies = _count(len(data.replies), "reply", "replies")
        quarantined = f", {data.quarantined} in quarantine" if data.quarantined else ""
        mails = f", {_count(data.mails, 'queued email')} about them" if data.mails else ""
        click.echo(f"{name}: {summary}{span}, and {replies} of your own{quarantined}{mails}")
    if not any(data.has_data for data in data_by_company.values()):
        click.echo(f"No data of {who} is stored.")


def print_outcome(data_by_company: Mapping[str, PersonData], log_days: str, *, done: bool) -> None:
    """Print what was removed, what stays and what is out of reach; or that nothing was removed.

    `log_days` is for how many days logs are kept.
    """
    if not done:
        click.echo("Nothing was removed (--dry-run).")
        return
    click.echo("Removed. Posts published before now are not stored again; later posts are watched.")
    naming = sum(data.own_posts_naming for data in data_by_company.values())
    if naming:
        click.echo(
            f"{_count(naming, 'post')} of your own mentioning this person "
            f"{'stays' if naming == 1 else 'stay'}."
        )
    click.echo("The following is out of reach:")
    for copies in copies_out_of_reach(log_days):
        click.echo(f"  {copies}")


def copies_out_of_reach(log_days: str) -> list[str]:
    """Return, a line each, the copies of the data that Pulse cannot remove."""
    return [
        "emails that were sent are in their readers' mailboxes",
        f"logs contain counts and at most ids, for {log_days} days",
        "backups of the table (point-in-time recovery) go back 35 days",
        "exports that were made earlier",
    ]


def _count(count: int, what: str, several: str = "") -> str:
    return f"{count:,} {what if count == 1 else several or f'{what}s'}"
