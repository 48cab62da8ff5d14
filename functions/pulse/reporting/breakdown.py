"""A period's mentions by account, by hour, by night and by day, on a reader's clock."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pulse.kernel.company import Company, Role
from pulse.reporting.stats import PeriodStats, Received, is_covered, period_stats

_NIGHT = (time(22), time(8))
"""Local times at which the night begins and ends."""
_CLOCK_STEP = timedelta(minutes=30)
"""The smallest change of a clock in any time zone (Lord Howe Island)."""


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """One account's share of the period; the median is in seconds."""

    username: str
    role: Role
    received: int
    answered: int
    first_response_median: float | None


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour of the local clock, of all days together: mentions, and how many are covered."""

    hour: int
    received: int
    answered: int


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One local day; all figures are None for a day of which nothing is known."""

    day: date
    received: int | None = None
    answered: int | None = None
    first_response_median: float | None = None
    silent_share: float | None = None
    """Share of the mentions that nothing had covered by the end of the period."""


def by_account(
    received: Sequence[Received], company: Company, start: datetime, end: datetime
) -> Iterator[AccountFigures]:
    """Yield the figures of each account; a mention that names two counts for both."""
    for account in company.accounts:
        named = [one for one in received if account.id in one.mention.named]
        figures = period_stats(named, start, end, company.policy.response_deadline)
        yield AccountFigures(
            account.username,
            account.role,
            figures.received,
            figures.answered,
            figures.first_response.median,
        )


def by_hour(
    received: Iterable[Received], zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[HourFigures]:
    """Yield the local hours that [start, end) touches, in the order in which they passed."""
    hours: dict[int, list[Received]] = {}
    for one in received:
        hours.setdefault(one.mention.at.astimezone(zone).hour, []).append(one)
    # Which hours there were cannot be told by counting from the first one: when clocks change,
    # an hour is missing or comes twice, and not every zone changes by a whole hour. So the period
    # is walked in instants (UTC, where every step is equally long), in steps no longer than any
    # change of a clock, and each instant is asked for its local hour. It begins at the full local
    # hour, or a period from 09:45 to 10:05 would miss ten o'clock.
    full_hour = start.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    steps = math.ceil((end - full_hour) / _CLOCK_STEP)
    instants = (full_hour + step * _CLOCK_STEP for step in range(steps))
    for hour in dict.fromkeys(instant.astimezone(zone).hour for instant in instants):
        mentions = hours.get(hour, [])
        covered = [one for one in mentions if is_covered(one, end)]
        yield HourFigures(hour, len(mentions), len(covered))


def by_day(
    received: Iterable[Received],
    company: Company,
    zone: ZoneInfo,
    start: datetime,
    end: datetime,
    known_from: datetime,
) -> Iterator[DayFigures]:
    """Yield the local days that [start, end) touches; those before `known_from` have no figures."""
    day = start.astimezone(zone).date()
    days: dict[date, list[Received]] = {}
    for one in received:
        days.setdefault(one.mention.at.astimezone(zone).date(), []).append(one)
    # Days are stepped through as dates: 24 hours after midnight is not midnight on the two days
    # a year that have 23 or 25 hours.
    while datetime.combine(day, time(0), zone) < end:
        if day < known_from.astimezone(zone).date():
            # Unknown, not zero: Pulse was not there yet.
            yield DayFigures(day)
        else:
            mentions = days.get(day, [])
            yield _day(day, period_stats(mentions, start, end, company.policy.response_deadline))
        day += timedelta(days=1)


def _day(day: date, figures: PeriodStats) -> DayFigures:
    silent = 1 - figures.answered / figures.received if figures.received else None
    return DayFigures(
        day, figures.received, figures.answered, figures.first_response.median, silent
    )


def is_at_night(moment: datetime, zone: ZoneInfo) -> bool:
    """Return whether it was between 22:00 and 08:00 on the local clock."""
    clock = moment.astimezone(zone).time()
    return clock >= _NIGHT[0] or clock < _NIGHT[1]
