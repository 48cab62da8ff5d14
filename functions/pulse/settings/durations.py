"""Durations, times of day, days, shares and counts, as people write them in the settings.

Each function raises ValueError for what it cannot read; the message ends the sentence that the
value begins ("12 parsecs" is not a length of time).
"""

import re
from collections.abc import Iterable
from datetime import time, timedelta

from pulse.kernel.policy import DAYS

_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_PART = re.compile(r"([0-9]{1,5}) ?(" + "|".join(sorted(_UNITS, key=len, reverse=True)) + ")")
_DURATION = re.compile(rf"{_PART.pattern}(?: {_PART.pattern})*")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
# Word processors, and people who type carefully, write ranges with an en dash.
_DASH = r" ?[-\N{EN DASH}] ?"
_DAY = "|".join(DAYS)
_DAYS = re.compile(f"({_DAY})(?:{_DASH}({_DAY}))?")


def duration(text: str) -> timedelta:
    """Read `15 min`, `4 h`, `1 h 30 min`, `90 days`, `2 weeks`, or `0`."""
    if text == "0":
        return timedelta(0)
    if not _DURATION.fullmatch(text):
        raise ValueError("is not a length of time")
    return sum((int(n) * _UNITS[unit] for n, unit in _PART.findall(text)), timedelta(0))


def clock(text: str) -> time:
    """Read a time of day, `09:00`."""
    match = _CLOCK.fullmatch(text)
    if not match:
        raise ValueError("is not a time of day")
    return time(int(match[1]), int(match[2]))


def hours(text: str) -> tuple[time, time]:
    """Read `09:00-21:00` as start and end; an end of `24:00` is midnight."""
    parts = re.split(_DASH, text)
    if len(parts) != 2:  # noqa: PLR2004
        raise ValueError("are not hours of the day")
    return clock(parts[0]), time(0) if parts[1] == "24:00" else clock(parts[1])


def days(value: str | Iterable[str]) -> frozenset[int]:
    """Read `mon-fri`, `mon-fri, sun` or a list of such, with 0 for Monday."""
    found: set[int] = set()
    for word in value.split(",") if isinstance(value, str) else value:
        match = _DAYS.fullmatch(word.strip())
        if not match:
            raise ValueError("are not days of the week")
        first, last = (DAYS.index(day) for day in (match[1], match[2] or match[1]))
        # Around the end of the week too: `fri-mon` is Friday to Monday.
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    if not found:
        raise ValueError("are not days of the week")
    return frozenset(found)


def share(text: str) -> float:
    """Read `95 %` or `0.95`, more than nothing and at most the whole."""
    percent = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]+)?) ?%", text)
    if not percent and not re.fullmatch(r"0\.[0-9]+|1(?:\.0+)?", text):
        raise ValueError("is not a share")
    part = float(percent[1]) / 100 if percent else float(text)
    if not 0 < part <= 1:
        raise ValueError("is not a share")
    return part


def count(text: str) -> int:
    """Read a whole number, one or more."""
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise ValueError("is not a whole number")
    return int(text)


def retention(text: str) -> timedelta | None:
    """Read how long finished conversations are kept: a length of time, or `forever`."""
    return None if text == "forever" else duration(text)
