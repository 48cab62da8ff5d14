"""The week of a group: who is on duty when, and the hours in which nobody is."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from pulse.kernel.policy import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import time

    from pulse.kernel.policy import Shift

_Kind = TypeVar("_Kind")
DAY = 24 * 60
WEEK = 7 * DAY
MinuteSpan = tuple[int, int]
"""A start and an end, in minutes of a day, or of a week, which begins on Monday at midnight."""


def minutes_of_shift(shift: Shift) -> list[MinuteSpan]:
    """Return the spans of the week that a shift covers."""
    # A shift past midnight belongs to the day on which it starts. Equal hours stand for a whole
    # day; what reaches past Sunday continues on Monday.
    start, end = _minute(shift.start), _minute(shift.end)
    length = (end - start) % DAY or DAY
    covered = []
    for day in shift.days:
        begin = day * DAY + start
        covered.append((begin, min(begin + length, WEEK)))
        if begin + length > WEEK:
            covered.append((0, begin + length - WEEK))
    return covered


def find_gaps(shifts: Iterable[Shift]) -> list[MinuteSpan]:
    """Return the spans of the week that none of the shifts covers."""
    reached, uncovered = 0, []
    for begin, end in sorted(s for shift in shifts for s in minutes_of_shift(shift)):
        if begin > reached:
            uncovered.append((reached, begin))
        reached = max(reached, end)
    return [*uncovered, (reached, WEEK)] if reached < WEEK else uncovered


def format_week(spans: Iterable[MinuteSpan]) -> str:
    """Return spans of the week as people write them: `mon-fri 21:00-24:00, sat 00:00-09:00`."""
    by_day: dict[int, list[MinuteSpan]] = {}
    for begin, end in spans:
        for day in range(begin // DAY, (end - 1) // DAY + 1):
            here = (max(begin - day * DAY, 0), min(end - day * DAY, DAY))
            by_day.setdefault(day, []).append(here)
    alike = _group_equal_days({day: tuple(hours) for day, hours in sorted(by_day.items())})
    return ", ".join(f"{days} {' and '.join(map(format_hours, hours))}" for days, hours in alike)


def format_hours(hours: MinuteSpan) -> str:
    """Return a span of a day as people write it: `09:00-21:00`."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in hours)


def format_days(days: Iterable[int]) -> str:
    """Return days of the week (0 is Monday) with runs joined: `mon-fri, sun`."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join("-".join(dict.fromkeys((DAYS[r[0]], DAYS[r[-1]]))) for r in runs)


def duty_table(shifts: Sequence[Shift]) -> list[tuple[str, MinuteSpan, tuple[str, ...]]]:
    """Return who is on duty, as rows of days, hours of the day, and people.

    Days with the same rows share them (`mon-fri`). People are in the order of the shifts; where
    nobody is on duty, there is a row without people.
    """
    spans = [(shift.person, s) for shift in shifts for s in minutes_of_shift(shift)]
    order = {shift.person: None for shift in shifts}
    days: dict[int, tuple[tuple[MinuteSpan, tuple[str, ...]], ...]] = {}
    for day in range(7):
        edges = {day * DAY, (day + 1) * DAY}
        edges |= {edge for _, span in spans for edge in span if edge // DAY == day}
        marks = sorted(edges)
        merged: list[tuple[MinuteSpan, tuple[str, ...]]] = []
        for begin, end in pairwise(marks):
            on = {person for person, (a, b) in spans if a <= begin < b}
            people = tuple(person for person in order if person in on)
            here = (begin - day * DAY, end - day * DAY)
            if merged and merged[-1][1] == people:
                here = (merged.pop()[0][0], here[1])
            merged.append((here, people))
        days[day] = tuple(merged)
    return [
        (label, hours, people) for label, rows in _group_equal_days(days) for hours, people in rows
    ]


def _group_equal_days(days: Mapping[int, _Kind]) -> list[tuple[str, _Kind]]:
    groups: dict[_Kind, list[int]] = {}
    for day, value in days.items():
        groups.setdefault(value, []).append(day)
    return [(format_days(same), value) for value, same in groups.items()]


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute
