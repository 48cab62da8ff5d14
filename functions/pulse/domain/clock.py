"""Local times: when a digest falls due by its recipient's own clock."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pulse.domain.settings import DigestRule, Period

_LOOK_BACK = {"shift": 8, "daily": 8, "weekly": 8, "monthly": 32}


class Slot(NamedTuple):
    """A moment at which a digest is due; `label` is its local date and time, which sorts."""

    at: datetime
    label: str


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive local time.

    One that comes twice means the first; one that does not exist, the first instant after.

    >>> instant(datetime(2026, 10, 25, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-10-25T00:30:00+00:00'
    >>> instant(datetime(2026, 3, 29, 2, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return early
    # skipped by the clock: the change lies between the two readings of that time
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), early
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def last_slot(rule: DigestRule, zone: ZoneInfo, now: datetime) -> Slot | None:
    """The latest time at or before `now` at which the digest was due."""
    days = _days(rule, now.astimezone(zone).date(), -1)
    return next((slot for slot in _slots(rule, zone, days, -1) if slot.at <= now), None)


def next_slot(rule: DigestRule, zone: ZoneInfo, now: datetime) -> Slot | None:
    """The first time after `now` at which the digest is due."""
    days = _days(rule, now.astimezone(zone).date(), 1)
    return next((slot for slot in _slots(rule, zone, days, 1) if slot.at > now), None)


def stretch(period: Period, rule: DigestRule, zone: ZoneInfo, slot: Slot) -> datetime:
    """The beginning of what a digest of that slot is about; the slot is its end."""
    if period == "shift":
        before = last_slot(rule, zone, slot.at - timedelta(seconds=1))
        day = slot.at - timedelta(days=1)
        return max(before.at, day) if before is not None else day
    local = datetime.fromisoformat(slot.label)
    if period == "monthly":
        month_before = local.date().replace(day=1) - timedelta(days=1)
        begin = datetime.combine(_month_day(month_before, rule), local.time())
    else:
        begin = local - timedelta(days=7 if period == "weekly" else 1)
    return instant(begin, zone)


def _days(rule: DigestRule, today: date, step: int) -> Iterator[date]:
    first = today - timedelta(days=step)
    for number in range(_LOOK_BACK[rule.period] + 2):
        day = first + timedelta(days=step * number)
        if day.weekday() in rule.days and (
            rule.period != "monthly" or day == _month_day(day, rule)
        ):
            yield day


def _month_day(month: date, rule: DigestRule) -> date:
    """The day of that month, or its last where it has no such day."""
    last = calendar.monthrange(month.year, month.month)[1]
    return month.replace(day=min(rule.on_day, last))


def _slots(rule: DigestRule, zone: ZoneInfo, days: Iterator[date], step: int) -> Iterator[Slot]:
    ordered: list[time] = sorted(rule.times, reverse=step < 0)
    for day in days:
        for clock in ordered:
            local = datetime.combine(day, clock)
            yield Slot(instant(local, zone), local.isoformat(timespec="minutes"))
