"""When a digest is due by its recipient's clock, and which period it covers.

Rules of digests are local times ("09:00 on weekdays") of a person's time zone. All arithmetic is
done on local dates and times, and only the result is turned into an instant (`to_instant`): a day
is not always 24 hours long. A local time that does not exist, when clocks go forward, means the
first instant after; one that comes twice, when they go back, means the first.
"""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pulse.kernel.company import DigestRule
from pulse.kernel.time import to_instant

_DAYS_SEARCHED = {"shift": 8, "daily": 8, "weekly": 8, "monthly": 32}
"""Days in which every rule falls due at least once: a week and a day, a month and a day."""


class DigestSlot(NamedTuple):
    """A moment at which a digest is due.

    `label` is its local date and time, such as `2030-05-14T09:00`. Labels sort, also across a
    change of clocks and after a person has moved to another time zone, where instants would make
    a digest that was sent look due again. So labels, not instants, say what was sent.
    """

    at: datetime
    label: str


def last_slot(rule: DigestRule, zone: ZoneInfo, now: datetime) -> DigestSlot | None:
    """Return the latest slot at or before `now`; None when the rule names no day."""
    slots = _slots(rule, zone, now.astimezone(zone).date(), -1)
    return next((slot for slot in slots if slot.at <= now), None)


def next_slot(rule: DigestRule, zone: ZoneInfo, now: datetime) -> DigestSlot | None:
    """Return the first slot after `now`; None when the rule names no day."""
    slots = _slots(rule, zone, now.astimezone(zone).date(), 1)
    return next((slot for slot in slots if slot.at > now), None)


def period_start(rule: DigestRule, zone: ZoneInfo, slot: DigestSlot) -> datetime:
    """Return the beginning of the period that a digest covers; its slot is the end.

    A shift digest covers the time since the rule's slot before, but a day at most. The others
    reach back to the same local time a day or a week before, or on the month's day before.
    """
    if rule.period == "shift":
        # With slots at 09:00 and 21:00 a shift is 12 hours, whatever the clocks do. After a
        # weekend without slots it would be three days, for which a shift digest is not meant:
        # it shows the next shift what is new; customers who wait are shown in any case.
        before = last_slot(rule, zone, slot.at - timedelta(seconds=1))
        day = slot.at - timedelta(days=1)
        return max(before.at, day) if before is not None else day
    # Subtracted from the local time, so that a daily digest of 09:00 covers from 09:00 to 09:00
    # on a day of 23 or 25 hours too, and consecutive digests neither overlap nor leave a gap.
    local = datetime.fromisoformat(slot.label)
    if rule.period == "monthly":
        # "The 31st" is the last day of shorter months: from 31 January to 28 February to 31 March.
        month_before = local.date().replace(day=1) - timedelta(days=1)
        begin = datetime.combine(_day_of_month(month_before, rule), local.time())
    else:
        begin = local - timedelta(days=7 if rule.period == "weekly" else 1)
    return to_instant(begin, zone)


def _slots(rule: DigestRule, zone: ZoneInfo, today: date, step: int) -> Iterator[DigestSlot]:
    """Yield the rule's slots around `today`, forwards (`step` 1) or backwards (-1) in time."""
    times: list[time] = sorted(rule.times, reverse=step < 0)
    # The search begins a day to the other side of today, not with today itself. Where clocks are
    # set back over midnight, a date begins twice: a slot of "tomorrow" may lie before now.
    first = today - timedelta(days=step)
    for number in range(_DAYS_SEARCHED[rule.period] + 2):
        day = first + timedelta(days=step * number)
        monthly = rule.period == "monthly"
        if day.weekday() in rule.days and (not monthly or day == _day_of_month(day, rule)):
            for clock in times:
                local = datetime.combine(day, clock)
                yield DigestSlot(to_instant(local, zone), local.isoformat(timespec="minutes"))


def _day_of_month(month: date, rule: DigestRule) -> date:
    """Return the rule's day of that month, or the last one where the month is shorter."""
    last = calendar.monthrange(month.year, month.month)[1]
    return month.replace(day=min(rule.on_day, last))
