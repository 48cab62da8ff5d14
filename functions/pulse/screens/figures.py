"""Figures, comparisons and charts of a digest, in the reader's language."""

from dataclasses import dataclass
from datetime import datetime

from pulse.incidents.surge import Surge
from pulse.reporting.breakdown import DayFigures, HourFigures
from pulse.reporting.report import Report
from pulse.reporting.stats import PeriodStats
from pulse.screens import phrases
from pulse.screens.locale import Locale, one_line

_FEW = 12
"""Columns of a chart that all have room for a label on a phone."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart: the answered mentions below, the others on top."""

    label: str
    labelled: bool
    """Whether the label is shown below the column."""
    received: int
    answered: int


def first_digest(locale: Locale, report: Report) -> str:
    """Return why the digest holds late mentions that nobody was alerted of."""
    return locale.gettext(
        "This is the first digest. It also covers mentions since {time}, before Pulse was "
        "started. Pulse did not send alerts about mentions that were already late.",
        time=locale.clock(report.counted_from, report.at),
    )


def surge(locale: Locale, found: Surge, at: datetime) -> str:
    """Return how many mentions came since when, and for how long our accounts are silent."""
    text = locale.ngettext(
        "{n} mention since {time}, usually {usual}",
        "{n} mentions since {time}, usually {usual}",
        found.count,
        time=locale.clock(found.since, at),
        usual=locale.number(found.usual),
    )
    if found.silent_for is None:
        return f"{text}."
    silent = locale.gettext(
        "Our accounts have been silent for {length}.", length=locale.duration(found.silent_for)
    )
    return f"{text}. {silent}"


def compared_periods(locale: Locale, report: Report) -> str:
    """Return which period is shown, and what the figures in brackets are."""
    if report.before is None:
        return locale.gettext(
            "{start} to {end}; data for the previous period is incomplete",
            start=locale.clock(report.counted_from),
            end=locale.clock(report.end),
        )
    return locale.gettext(
        "{start} to {end}; previous period in brackets",
        start=locale.clock(report.counted_from),
        end=locale.clock(report.end),
    )


def ageing(locale: Locale, report: Report) -> list[tuple[str, int]]:
    """Return the ageing buckets: name and number of those who wait."""
    names = (
        locale.gettext("under 15 min"),
        locale.gettext("15\N{EN DASH}60 min"),
        locale.gettext("1\N{EN DASH}4 h"),
        locale.gettext("4\N{EN DASH}24 h"),
        locale.gettext("over 24 h"),
    )
    return list(zip(names, report.ageing, strict=True))


def figures(locale: Locale, report: Report) -> list[tuple[str, str, str]]:
    """Return rows: name, value, value of the period before ("" when it is not known)."""
    names = _names(locale)
    names[-1] += locale.gettext(", target {share}", share=locale.percent(report.target))
    before = _values(locale, report.before) if report.before else [""] * len(names)
    return list(zip(names, _values(locale, report.figures), before, strict=True))


def night_and_day(locale: Locale, report: Report) -> list[tuple[str, str, str]]:
    """Return rows: name, value by night, value by day."""
    night, day = _values(locale, report.night), _values(locale, report.day)
    return list(zip(_names(locale), night, day, strict=True))


def accounts(locale: Locale, report: Report) -> list[tuple[str, ...]]:
    """Return a row for each account: received, answered, median of the first response."""
    return [
        (
            f"@{one_line(one.username)}, {phrases.role(locale, one.role)}",
            locale.number(one.received),
            locale.number(one.answered),
            locale.duration(one.first_response_median),
        )
        for one in report.accounts
    ]


def days(locale: Locale, report: Report) -> list[tuple[str, ...]]:
    """Return a row for each day: received, answered, median first response, unanswered share."""
    return [
        (
            locale.day(one.day),
            locale.number(one.received),
            locale.number(one.answered),
            locale.duration(one.first_response_median),
            locale.percent(one.silent_share),
        )
        for one in report.days
    ]


def _names(locale: Locale) -> list[str]:
    return [
        locale.gettext("Received"),
        locale.gettext("Answered"),
        locale.gettext("First response, median"),
        locale.gettext("First response, 9 in 10 within"),
        locale.gettext("Next response, median"),
        locale.gettext("Next response, 9 in 10 within"),
        locale.gettext("Within policy"),
    ]


def _values(locale: Locale, span: PeriodStats) -> list[str]:
    return [
        locale.number(span.received),
        locale.number(span.answered),
        locale.duration(span.first_response.median),
        locale.duration(span.first_response.p90),
        locale.duration(span.next_response.median),
        locale.duration(span.next_response.p90),
        locale.percent(span.within),
    ]


def hour_columns(hours: tuple[HourFigures, ...]) -> list[Column]:
    """Return a column for each hour; every third one is labelled when they are many."""
    few = len(hours) <= _FEW
    return [
        Column(f"{bar.hour:02}", few or bar.hour % 3 == 0, bar.received, bar.answered)
        for bar in hours
    ]


def day_columns(days: tuple[DayFigures, ...]) -> list[Column]:
    """Return a column for each day; every fifth of the month is labelled when they are many."""
    few = len(days) <= _FEW
    return [
        Column(f"{one.day.day}", few or one.day.day % 5 == 0, one.received or 0, one.answered or 0)
        for one in days
    ]
