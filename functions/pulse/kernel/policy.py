"""The response policy: after how long a wait reaches which level, and who is alerted of it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from pulse.kernel.time import DAY

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Level:
    """A wait of `after` reaches this level; the people on duty in the groups `tell` are told."""

    name: str
    after: timedelta
    tell: tuple[str, ...]
    """Names of groups."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A person is on duty on these days (0 is Monday), from `start` to `end` by the local clock.

    If `end` is not later than `start`, the shift runs over midnight and belongs to the day on which
    it began. If both are equal, it lasts around the clock.
    """

    person: str
    days: frozenset[int] = frozenset(range(7))
    start: time = time(0)
    end: time = time(0)

    def covers(self, moment: datetime) -> bool:
        """Return whether the shift is on at `moment`, a local time."""
        clock, today = moment.time(), moment.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= clock < self.end
        # Over midnight: in the evening the shift began today, in the morning it began yesterday.
        if clock >= self.start:
            return today in self.days
        return (today - 1) % 7 in self.days and clock < self.end


@dataclass(frozen=True, slots=True)
class Policy:
    """Levels by age (ascending), groups of shifts, and how often people get mail."""

    levels: tuple[Level, ...]
    groups: dict[str, tuple[Shift, ...]]
    time_zone: str = "UTC"
    escalation: tuple[str, ...] = ()
    """Groups who get reminders as well: the first reminder adds the first, and so on."""
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
        """The age by which a wait should have ended: that of the second level, if there is one."""
        return self.levels[min(1, len(self.levels) - 1)].after

    def rank(self, level: str | None) -> int:
        """Return the position of a level, 0 for the mildest; -1 for None or an unknown one."""
        # A flag may name a level that a later push took out of the policy: it ranks below all.
        names = [known.name for known in self.levels]
        return names.index(level) if level in names else -1

    def next_reminder(self, last: datetime, reminder: int) -> datetime:
        """Return when the next reminder of the top level is due after the flag at `last`."""
        # Every `repeat_every` (4 hours) on the first day, then once a day (D-010): people who
        # have not acted on six reminders will not act on the seventh, but no wait is forgotten.
        is_first_day = reminder < DAY // self.repeat_every
        return last + (self.repeat_every if is_first_day else max(self.repeat_every, DAY))

    def on_duty(self, group: str, moment: datetime) -> tuple[str, ...]:
        """Return the keys of the people of a group on duty at an instant, each once, in order."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        shifts = self.groups.get(group, ())
        return tuple(dict.fromkeys(shift.person for shift in shifts if shift.covers(local)))

    def recipients(self, level: str, reminder: int, moment: datetime) -> tuple[str, ...]:
        """Return the keys of the people to alert; each reminder adds one more group."""
        rank = self.rank(level)
        groups = [*(self.levels[rank].tell if rank >= 0 else ()), *self.escalation[:reminder]]
        return tuple(
            dict.fromkeys(person for group in groups for person in self.on_duty(group, moment))
        )
