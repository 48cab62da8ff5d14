"""What a token is good for, as a person reads it and as a script does."""

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
"""Requests for mentions that Pulse may make in a minute: a poll, and now and then a sweep."""
_TIMELINES = ("mentions", "posts")


def print_report(tested: TokenReport, console: Console) -> None:
    """Print what came of the test."""
    console.print(_identity(tested))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for name, words in _rows(tested):
        grid.add_row(name, words)
    console.print(grid)


def as_json(tested: TokenReport) -> dict[str, Any]:
    """What came of the test, for a script."""
    posts, authors = tested.monthly_cost
    return {
        "username": tested.account.username,
        "id": tested.account.id,
        "token": {
            "kind": describe_kind(tested.token),
            "of": tested.owner.username if tested.owner else None,
            "access": tested.access,
        },
        "cannot": tested.refused,
        "mentions_a_day": round(tested.mentions.per_day, 1),
        "posts_a_day": round(tested.posts.per_day, 1),
        "limits": {
            name: {
                "limit": quota.limit,
                "remaining": quota.remaining,
                "resets": quota.resets_at.isoformat(),
            }
            for name, quota in sorted(tested.quotas.items())
        },
        "price_a_post_usd": tested.post_price,
        "monthly_usd": {"posts": round(posts, 2), "authors_at_most": round(authors, 2)},
        "test_cost_usd": round(tested.cost, 3),
    }


def _identity(tested: TokenReport) -> RenderableType:
    name, number = tested.account.username, tested.account.id
    return Group(
        Text(f"@{name} has the id {number}; in pulse.yaml:"),
        Text(f'  - {{username: {name}, id: "{number}"}}'),
        Text(),
    )


def _rows(tested: TokenReport) -> Iterator[tuple[str, str]]:
    yield "Token", _owner(tested)
    yield "Mentions", f"readable: {_volume(tested.mentions)}"
    yield "Own posts", f"readable: {_volume(tested.posts)}"
    yield "Search", _capability(tested, "search", "Pulse can read past the 800 newest mentions")
    yield (
        "Counts",
        _capability(
            tested, "counts", "Pulse does not read posts again after midnight without need"
        ),
    )
    yield "Limits", _limits(tested)
    yield "Price", _price(tested)
    posts, authors = tested.monthly_cost
    month = f"about {format_usd(posts)} for posts at this volume, and at most "
    month += f"{format_usd(authors)} for looking up customers' names "
    month += f"({prices.USER:.3f} USD each, only when they are shown)"
    yield "A month", month
    yield "This test", f"about {format_usd(tested.cost)}; X does not bill these posts again today"


def _owner(tested: TokenReport) -> str:
    words = describe_kind(tested.token)
    if tested.owner is None:
        return (
            f"{words}: it belongs to the app, and all accounts that use it share its limits; a "
            "user token for each account has limits of its own"
        )
    words += f" of @{tested.owner.username}"
    if not tested.is_owned:
        words += f", not of @{tested.account.username}: it can read, but at the full price"
    if tested.access and tested.access != "read":
        words += (
            f". It is allowed to {tested.access.replace('-', ' and ', 1)}, but a read-only "
            "token is enough"
        )
    return words


def _volume(sample: TimelineSample) -> str:
    if not sample.posts:
        return "none in the last 7 days"
    hours = sample.days * 24
    span = f"{sample.days:.0f} days" if sample.days > 1 else f"{max(hours, 0.1):.1f} h"
    a_day = f"about {sample.per_day:,.0f}" if sample.per_day >= 1 else "less than one"
    return f"{sample.posts} in the last {span}, {a_day} a day"


def _capability(tested: TokenReport, name: str, meaning: str) -> str:
    if name not in tested.refused:
        return f"available: {meaning}"
    return f"not available ({tested.refused[name]}); Pulse works without it, but less exactly"


def _limits(tested: TokenReport) -> str:
    told = [
        f"{name} {quota.remaining:,} of {quota.limit:,}"
        for name, quota in tested.quotas.items()
        if name in _TIMELINES
    ]
    if not told:
        return "X did not report any"
    resets = min(q.resets_at for n, q in tested.quotas.items() if n in _TIMELINES)
    fits = min(q.limit for n, q in tested.quotas.items() if n in _TIMELINES) // (
        _QUARTER * _A_MINUTE
    )
    words = f"{', '.join(told)} requests left; the limit resets at {resets:%H:%M} UTC"
    if not fits:
        return f"{words}; too few to poll every minute"
    if tested.owner is None:
        return f"{words}; enough for about {fits} accounts together"
    return f"{words}; enough for about {fits} accounts" if fits > 1 else words


def _price(tested: TokenReport) -> str:
    if tested.is_owned:
        return (
            f"{prices.OWNED_POST:.3f} USD a post if @{tested.account.username} also owns the app, "
            f"otherwise {prices.POST:.3f}"
        )
    return (
        f"{prices.POST:.3f} USD a post; {prices.OWNED_POST:.3f} with a token of "
        f"@{tested.account.username} if that account also owns the app"
    )
