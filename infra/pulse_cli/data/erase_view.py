"""What is kept of a person, what went, and what nobody can reach, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pulse_cli.data.erase import PersonData

__all__ = ["copies_out_of_reach", "print_found", "print_outcome"]


def print_found(who: str, kept: Mapping[str, PersonData]) -> None:
    """A line for each company."""
    for name, one in kept.items():
        if not one.has_data:
            continue
        span = f", {one.first:%Y-%m-%d} to {one.last:%Y-%m-%d}" if one.first else ""
        said = f"{_count(len(one.mentions), 'post')} in {_count(len(one.posts), 'conversation')}"
        answers = _count(len(one.replies), "answer")
        aside = f", {one.quarantined} in quarantine" if one.quarantined else ""
        mails = f", {_count(one.mails, 'queued email')} about them" if one.mails else ""
        click.echo(f"{name}: {said}{span}, and {answers} of your own{aside}{mails}")
    if not any(one.has_data for one in kept.values()):
        click.echo(f"No data of {who} is stored.")


def print_outcome(kept: Mapping[str, PersonData], log_days: str, *, done: bool) -> None:
    """What went, what stays, what is out of reach."""
    if not done:
        click.echo("Nothing was removed (--dry-run).")
        return
    click.echo("Removed. Posts published before now are not stored again; later posts are watched.")
    naming = sum(one.own_posts_naming for one in kept.values())
    if naming:
        click.echo(
            f"{_count(naming, 'post')} of your own mentioning this person "
            f"{'stays' if naming == 1 else 'stay'}."
        )
    click.echo("The following is out of reach:")
    for one in copies_out_of_reach(log_days):
        click.echo(f"  {one}")


def copies_out_of_reach(log_days: str) -> list[str]:
    """Where something may lie all the same, and for how long."""
    return [
        "emails that were sent are in their readers' mailboxes",
        f"logs contain counts and at most ids, for {log_days} days",
        "backups of the table (point-in-time recovery) go back 35 days",
        "exports that were made earlier",
    ]


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
