"""A period's mentions by account, by hour, by night and by day, on a reader's clock."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from pulse.kernel.company import Account, Company
from pulse.reporting.stats import PeriodStats, Received, period_stats

_NIGHT = (time(22), time(8))
"""Local times at which the night begins and ends."""
_CLOCK_STEP = timedelta(minutes=30)
"""The smallest change of a clock in any time zone (Lord Howe Island)."""
_Part = TypeVar("_Part")


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The mentions that a company received in [start, end), in parts, by the clock of `zone`."""

    company: Company
    received: Sequence[Received]
    start: datetime
    end: datetime
    zone: ZoneInfo

    def by_account(self) -> dict[Account, PeriodStats]:
        """Return the figures of each account; a mention that names two counts for both."""
        return {
            account: self._stats([x for x in self.received if account.id in x.mention.named])
            for account in self.company.accounts
        }

    def by_hour(self, known_from: datetime) -> dict[int, PeriodStats]:
        """Return the figures of the local hours from `known_from`, in the order they passed."""
        hours = self._group(lambda local: local.hour)
        # Which hours there were cannot be found by counting from the first one: when clocks change,
        # an hour is missing or comes twice, and not every zone changes by a whole hour. So the
        # period is walked in instants (UTC, where every step is equally long), in steps no longer
        # than any change of a clock, and each instant is asked for its local hour. It begins at the
        # full local hour, or a period from 09:45 to 10:05 would miss ten o'clock.
        first = max(self.start, known_from).astimezone(self.zone)
        full_hour = first.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        steps = range(math.ceil((self.end - full_hour) / _CLOCK_STEP))
        passed = ((full_hour + step * _CLOCK_STEP).astimezone(self.zone).hour for step in steps)
        return {hour: self._stats(hours[hour]) for hour in dict.fromkeys(passed)}

    def by_day(self, known_from: datetime) -> dict[date, PeriodStats | None]:
        """Return the figures of each local day; None for those before `known_from`."""
        days = self._group(datetime.date)
        day = self.start.astimezone(self.zone).date()
        first_known = known_from.astimezone(self.zone).date()
        found: dict[date, PeriodStats | None] = {}
        # Days are stepped through as dates: 24 hours after midnight is not midnight on the two
        # days a year that have 23 or 25 hours.
        while datetime.combine(day, time(0), self.zone) < self.end:
            # Unknown, not zero: Pulse was not there yet.
            found[day] = None if day < first_known else self._stats(days[day])
            day += timedelta(days=1)
        return found

    def night_and_day(self) -> tuple[PeriodStats, PeriodStats]:
        """Return the figures of what came between 22:00 and 08:00, and of the rest."""
        parts = self._group(lambda local: local.time() >= _NIGHT[0] or local.time() < _NIGHT[1])
        return self._stats(parts[True]), self._stats(parts[False])

    def _group(self, part_of: Callable[[datetime], _Part]) -> dict[_Part, list[Received]]:
        """Return the mentions by the part that their local time belongs to."""
        parts: dict[_Part, list[Received]] = defaultdict(list)
        for one in self.received:
            parts[part_of(one.mention.at.astimezone(self.zone))].append(one)
        return parts

    def _stats(self, received: Sequence[Received]) -> PeriodStats:
        deadline = self.company.policy.response_deadline
        return period_stats(received, self.start, self.end, deadline)
