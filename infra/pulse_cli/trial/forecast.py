"""Forecasts how many posts `pulse try` will read on X, and what that will cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from pulse.listening.scan import ENDPOINTS, SEARCH_LAG
from pulse.listening.timeline import search_query
from pulse.x.client import XClient
from pulse.x.faults import XError
from pulse_cli.trial.accounts import TrialAccounts
from pulse_cli.x_access import prices
from pulse_cli.x_access.connection import describe_x_error
from pulse_cli.x_access.prices import format_usd

__all__ = ["ReadForecast", "forecast_reads"]

_PAGE = 100
_SHOWN = 5
"""Customers whose names a digest shows."""


@dataclass(frozen=True, slots=True)
class ReadForecast:
    """How many posts will be read, in how many pages, for about how many USD.

    `posts` and `pages` are None if X did not count; `unknown_because` says why.
    """

    posts: int | None
    cost: float
    pages: int | None
    unknown_because: str = ""

    def to_line(self) -> str:
        """Return the forecast as one line."""
        if self.posts is None:
            hundred = format_usd(_PAGE * prices.POST)
            why = self.unknown_because
            return f"The number of posts to read is not known ({why}); 100 posts cost {hundred}."
        return f"This will read about {self.posts:,} posts, for about {format_usd(self.cost)}."


def forecast_reads(
    x: XClient, found: TrialAccounts, start: datetime, now: datetime
) -> ReadForecast:
    """Ask X how many posts there are since `start`, and return what reading them will cost.

    X counts for a bearer token only; without one, or if X refuses, the forecast says why.
    """
    # X counts the last seven days up to a few seconds ago. A minute is left out at the start, so
    # that the time is still within seven days when X receives the request.
    end = now - SEARCH_LAG
    start = max(start, now - timedelta(days=7) + timedelta(minutes=1))
    posts, pages, cost = 0, 0, _SHOWN * prices.USER
    for account in found.accounts:
        owned = found.owner is not None and found.owner.id == account.id
        for endpoint in ENDPOINTS:
            try:
                counts = x.counts(search_query(endpoint, account.username or ""), start, end)
            except XError as error:
                return ReadForecast(None, 0.0, None, describe_x_error(error, found.name))
            if counts is None:
                return ReadForecast(None, 0.0, None, "X provides counts for a bearer token only")
            number = sum(counts.by_minute.values())
            posts, pages = posts + number, pages + max(1, ceil(number / _PAGE))
            cost += number * (prices.OWNED_POST if owned else prices.POST)
    return ReadForecast(posts, cost, pages)
