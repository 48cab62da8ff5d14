"""The rules of response: after how long a wait is what, and who hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Level:
    """A wait of `after` reaches this level; the people on duty in `tell` hear of it."""

    name: str
    after: timedelta
    tell: tuple[str, ...]
    """Names of groups."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A person on duty on these days (0 is Monday), from `start` to `end` by the clock.

    `end` not later than `start` runs over midnight and belongs to the day it began on;
    both equal means around the clock.
    """

    person: str
    days: frozenset[int] = frozenset(range(7))
    start: time = time(0)
    end: time = time(0)

    def covers(self, moment: datetime) -> bool:
        """Whether this turn is on at `moment` (local time)."""
        clock, today = moment.time(), moment.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        if clock >= self.start:
            return today in self.days
        return (today - 1) % 7 in self.days and clock < self.end


@dataclass(frozen=True, slots=True)
class Policy:
    """Levels by age (ascending), groups of turns, and how often people are mailed."""

    levels: tuple[Level, ...]
    groups: dict[str, tuple[Shift, ...]]
    time_zone: str = "UTC"
    escalation: tuple[str, ...] = ()
    """Groups who hear of reminders: the first reminder adds the first, and so on."""
    repeat_every: timedelta = timedelta(hours=4)
    alert_window: timedelta = timedelta(minutes=30)
    critical_window: timedelta = timedelta(minutes=5)
    target: float = 0.95
    """Share of waits that should end before the second level (the breach)."""
    version: int = 0

    @property
    def top(self) -> Level:
        """The highest level: the one that wakes people and is repeated."""
        return self.levels[-1]

    @property
    def response_deadline(self) -> timedelta:
        """The age by which a wait should have ended: that of the second level."""
        return self.levels[min(1, len(self.levels) - 1)].after

    def rank(self, level: str | None) -> int:
        """Position of a level, 0 for the mildest; -1 for none or one no longer in force."""
        names = [known.name for known in self.levels]
        return names.index(level) if level in names else -1

    def next_reminder(self, last: datetime, reminder: int) -> datetime:
        """When the top level is told again: at short intervals for a day, then once a day."""
        close = reminder < _DAY // self.repeat_every
        return last + (self.repeat_every if close else max(self.repeat_every, _DAY))

    def on_duty(self, group: str, moment: datetime) -> tuple[str, ...]:
        """Keys of the people of `group` on duty at `moment`, each once, in order."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        turns = self.groups.get(group, ())
        return tuple(dict.fromkeys(turn.person for turn in turns if turn.covers(local)))

    def recipients(self, level: str, reminder: int, moment: datetime) -> tuple[str, ...]:
        """Who is told of `level` at `moment`; reminders go up the line."""
        rank = self.rank(level)
        groups = [*(self.levels[rank].tell if rank >= 0 else ()), *self.escalation[:reminder]]
        return tuple(
            dict.fromkeys(person for group in groups for person in self.on_duty(group, moment))
        )
