"""What only a digest says: figures and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulse.screens import phrases
from pulse.screens.locale import one_line

if TYPE_CHECKING:
    from datetime import datetime

    from pulse.incidents.surge import Surge
    from pulse.reporting.stats import PeriodStats
    from pulse.screens.locale import Locale
    from pulse.screens.models import DayFigures, DigestMail, HourFigures

_FEW = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart: the answered part below, the rest on top."""

    label: str
    labelled: bool
    """Whether the label is shown below the column."""
    received: int
    answered: int


def first_digest(words: Locale, letter: DigestMail) -> str:
    """Why late ones may stand in it of which nobody heard."""
    return words.say(
        "This is the first digest. It also covers mentions since {time}, before Pulse was "
        "started. Pulse did not send alerts about mentions that were already late.",
        time=words.clock(letter.counted_from, letter.at),
    )


def happening(words: Locale, what: Surge, at: datetime) -> str:
    """Many more mentions than usual, and whether we say anything."""
    text = words.many(
        "{n} mention since {time}, usually {usual}",
        "{n} mentions since {time}, usually {usual}",
        what.count,
        time=words.clock(what.since, at),
        usual=words.number(what.usual),
    )
    if what.silent_for is None:
        return f"{text}."
    silent = words.say(
        "Our accounts have been silent for {length}.", length=words.duration(what.silent_for)
    )
    return f"{text}. {silent}"


def compared(words: Locale, letter: DigestMail) -> str:
    """From when to when, and what stands in brackets."""
    if letter.before is None:
        return words.say(
            "{start} to {end}; data for the previous period is incomplete",
            start=words.clock(letter.counted_from),
            end=words.clock(letter.end),
        )
    return words.say(
        "{start} to {end}; previous period in brackets",
        start=words.clock(letter.counted_from),
        end=words.clock(letter.end),
    )


def buckets(words: Locale, letter: DigestMail) -> list[tuple[str, int]]:
    """The ageing buckets by name."""
    names = (
        words.say("under 15 min"),
        words.say("15\N{EN DASH}60 min"),
        words.say("1\N{EN DASH}4 h"),
        words.say("4\N{EN DASH}24 h"),
        words.say("over 24 h"),
    )
    return list(zip(names, letter.buckets, strict=True))


def figures(words: Locale, letter: DigestMail) -> list[tuple[str, str, str]]:
    """Name, value, value of the stretch before ("" when it is not known)."""
    names = _names(words)
    names[-1] += words.say(", target {share}", share=words.percent(letter.target))
    before = _values(words, letter.before) if letter.before else [""] * len(names)
    return list(zip(names, _values(words, letter.now), before, strict=True))


def night_and_day(words: Locale, letter: DigestMail) -> list[tuple[str, str, str]]:
    """Name, value by night, value by day; empty in shorter digests."""
    if letter.night is None or letter.day is None:
        return []
    night, day = _values(words, letter.night), _values(words, letter.day)
    return list(zip(_names(words), night, day, strict=True))


def accounts(words: Locale, letter: DigestMail) -> list[tuple[str, ...]]:
    """Each account: received, answered, median of the first response."""
    return [
        (
            f"@{one_line(one.username)}, {phrases.role(words, one.role)}",
            words.number(one.received),
            words.number(one.answered),
            words.duration(one.first_response_median),
        )
        for one in letter.accounts
    ]


def trend(words: Locale, letter: DigestMail) -> list[tuple[str, ...]]:
    """Each day: received, answered, median of the first response, share left in silence."""
    return [
        (
            words.day(one.day),
            words.number(one.received),
            words.number(one.answered),
            words.duration(one.first_response_median),
            words.percent(one.silent_share),
        )
        for one in letter.trend
    ]


def _names(words: Locale) -> list[str]:
    return [
        words.say("Received"),
        words.say("Answered"),
        words.say("First response, median"),
        words.say("First response, 9 in 10 within"),
        words.say("Next response, median"),
        words.say("Next response, 9 in 10 within"),
        words.say("Within policy"),
    ]


def _values(words: Locale, span: PeriodStats) -> list[str]:
    return [
        words.number(span.received),
        words.number(span.answered),
        words.duration(span.first_response.median),
        words.duration(span.first_response.p90),
        words.duration(span.next_response.median),
        words.duration(span.next_response.p90),
        words.percent(span.within),
    ]


def hour_columns(hours: tuple[HourFigures, ...]) -> list[Column]:
    """The hours of the day; a label under every third when they are many."""
    few = len(hours) <= _FEW
    return [
        Column(f"{bar.hour:02}", few or bar.hour % 3 == 0, bar.received, bar.answered)
        for bar in hours
    ]


def day_columns(days: tuple[DayFigures, ...]) -> list[Column]:
    """The days of a longer digest by their number in the month."""
    few = len(days) <= _FEW
    return [
        Column(f"{one.day.day}", few or one.day.day % 5 == 0, one.received or 0, one.answered or 0)
        for one in days
    ]
