"""Shows what a token can be used for: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pulse_cli.x_access import prices
from pulse_cli.x_access.prices import format_usd
from pulse_cli.x_access.token_check import TimelineSample, TokenReport
from pulse_cli.x_access.token_input import describe_kind

__all__ = ["as_json", "print_report"]

_QUARTER = 15
_A_MINUTE = 2
"""Requests for mentions that Pulse makes in a minute, at most: a poll and sometimes a sweep."""
_TIMELINES = ("mentions", "posts")


def print_report(report: TokenReport, console: Console) -> None:
    """Print the result of the test."""
    console.print(_identity(report))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, text in _rows(report):
        grid.add_row(name, text)
    console.print(grid)


def as_json(report: TokenReport) -> dict[str, Any]:
    """Return the result of the test for scripts, as JSON values; prices are in USD."""
    posts, authors = report.monthly_cost
    return {
        "username": report.account.username,
        "id": report.account.id,
        "token": {
            "kind": describe_kind(report.token),
            "of": report.owner.username if report.owner else None,
            "access": report.access,
        },
        "cannot": report.refused,
        "mentions_a_day": round(report.mentions.per_day, 1),
        "posts_a_day": round(report.posts.per_day, 1),
        "limits": {
            name: {
                "limit": quota.limit,
                "remaining": quota.remaining,
                "resets": quota.resets_at.isoformat(),
            }
            for name, quota in sorted(report.quotas.items())
        },
        "price_a_post_usd": report.post_price,
        "monthly_usd": {"posts": round(posts, 2), "authors_at_most": round(authors, 2)},
        "test_cost_usd": round(report.cost, 3),
    }


def _identity(report: TokenReport) -> RenderableType:
    name, number = report.account.username, report.account.id
    return Group(
        Text(f"@{name} has the id {number}; in pulse.yaml:"),
        Text(f'  - {{username: {name}, id: "{number}"}}'),
        Text(),
    )


def _rows(report: TokenReport) -> Iterator[tuple[str, str]]:
    yield "Token", _owner(report)
    yield "Mentions", f"readable: {_volume(report.mentions)}"
    yield "Own posts", f"readable: {_volume(report.posts)}"
    yield "Search", _capability(report, "search", "Pulse can read past the 800 newest mentions")
    yield (
        "Counts",
        _capability(
            report, "counts", "Pulse does not read posts again after midnight without need"
        ),
    )
    yield "Limits", _limits(report)
    yield "Price", _price(report)
    posts, authors = report.monthly_cost
    month = f"about {format_usd(posts)} for posts at this volume, and at most "
    month += f"{format_usd(authors)} for looking up customers' names "
    month += f"({prices.USER:.3f} USD each, only when they are shown)"
    yield "A month", month
    yield "This test", f"about {format_usd(report.cost)}; X does not bill these posts again today"


def _owner(report: TokenReport) -> str:
    text = describe_kind(report.token)
    if report.owner is None:
        return (
            f"{text}: it belongs to the app, and all accounts that use it share its limits; a "
            "user token for each account has limits of its own"
        )
    text += f" of @{report.owner.username}"
    if not report.is_owned:
        text += f", not of @{report.account.username}: it can read, but at the full price"
    if report.access and report.access != "read":
        text += (
            f". It is allowed to {report.access.replace('-', ' and ', 1)}, but a read-only "
            "token is enough"
        )
    return text


def _volume(sample: TimelineSample) -> str:
    if not sample.posts:
        return "none in the last 7 days"
    hours = sample.days * 24
    span = f"{sample.days:.0f} days" if sample.days > 1 else f"{max(hours, 0.1):.1f} h"
    a_day = f"about {sample.per_day:,.0f}" if sample.per_day >= 1 else "less than one"
    return f"{sample.posts} in the last {span}, {a_day} a day"


def _capability(report: TokenReport, name: str, meaning: str) -> str:
    if name not in report.refused:
        return f"available: {meaning}"
    return f"not available ({report.refused[name]}); Pulse works without it, but less exactly"


def _limits(report: TokenReport) -> str:
    limits = [
        f"{name} {quota.remaining:,} of {quota.limit:,}"
        for name, quota in report.quotas.items()
        if name in _TIMELINES
    ]
    if not limits:
        return "X did not report any"
    resets = min(q.resets_at for n, q in report.quotas.items() if n in _TIMELINES)
    fits = min(q.limit for n, q in report.quotas.items() if n in _TIMELINES) // (
        _QUARTER * _A_MINUTE
    )
    text = f"{', '.join(limits)} requests left; the limit resets at {resets:%H:%M} UTC"
    if not fits:
        return f"{text}; too few to poll every minute"
    if report.owner is None:
        return f"{text}; enough for about {fits} accounts together"
    return f"{text}; enough for about {fits} accounts" if fits > 1 else text


def _price(report: TokenReport) -> str:
    if report.is_owned:
        return (
            f"{prices.OWNED_POST:.3f} USD a post if @{report.account.username} also owns the app, "
            f"otherwise {prices.POST:.3f}"
        )
    return (
        f"{prices.POST:.3f} USD a post; {prices.OWNED_POST:.3f} with a token of "
        f"@{report.account.username} if that account also owns the app"
    )
