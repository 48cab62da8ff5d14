"""Figures of the demo day by account and by shift, and when the surge was noticed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pulse.incidents.surge import detect_surge
from pulse.kernel.company import Company, Role
from pulse.reporting.stats import PeriodStats, Received, period_stats

_SHIFTS = (time(9), time(21))
_MINUTE = timedelta(minutes=1)


class FigureRow(NamedTuple):
    """A row of figures: of an account and its role, of a shift, or of the whole day."""

    figures: PeriodStats
    account: str | None = None
    role: Role | None = None
    start: datetime | None = None
    end: datetime | None = None


def figure_rows(
    mentions: Sequence[Received], company: Company, start: datetime, end: datetime
) -> Iterator[FigureRow]:
    """Yield the figures of each account, of each shift, and of the whole day.

    Those of a shift are as known at its end, as in the digest of the shift.
    """
    promise = company.policy.response_deadline
    for account in company.accounts:
        named = [one for one in mentions if account.id in one.mention.named]
        yield FigureRow(period_stats(named, start, end, promise), account.username, account.role)
    for low, high in _shifts(company, start, end):
        yield FigureRow(period_stats(mentions, low, high, promise), start=low, end=high)
    yield FigureRow(period_stats(mentions, start, end, promise))


def surge_noticed_at(
    mentions: Sequence[Received], known_from: datetime, start: datetime, end: datetime
) -> datetime | None:
    """Return the first minute from `start` to `end` in which the digest's rule sees a surge.

    The rule gets only the mentions that were stored by then. `known_from` is from when on mentions
    are known. The result is None if there was no surge.
    """
    minute = start
    while minute <= end:
        posts = [one.mention for one in mentions]
        known = [m.at for m in posts if m.stored_at is not None and m.stored_at <= minute]
        if detect_surge(known, known_from, None, minute) is not None:
            return minute
        minute += _MINUTE
    return None


def _shifts(
    company: Company, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(company.time_zone)
    day = start.astimezone(zone).date()
    cuts = [
        datetime.combine(day + timedelta(days=later), clock, zone)
        for later in range((end - start).days + 2)
        for clock in _SHIFTS
    ]
    inside = [start, *(cut for cut in cuts if start < cut <= end)]
    yield from pairwise(inside)
