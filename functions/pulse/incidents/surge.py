"""Surges: whether many more mentions than usual are coming in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)
_QUARTERS = _HOUR // _QUARTER

# These figures are those of D-013, which also says what else was weighed.
_BASELINE_HOURS = 24
"""The baseline is a whole day: shorter ones would compare a morning with a night."""
_FEWEST_HOURS = 6
"""Hours that must be known to say what is usual; fewer would be a guess."""
_LONGEST = 8
"""Hours after which a surge is no longer one: that is how things are now."""
_FEWEST = 10
"""Mentions an hour below which nothing is a surge: three instead of one is noise."""
_BEGINS, _LASTS = 3.0, 1.5
"""Times the usual number that begins a surge, and that keeps it going.

Two thresholds, so that a surge that wavers around the first is one surge and not many.
"""
_LOUD = 2
"""Mentions in a quarter of an hour, and times the usual number, that make the quarter loud.

It is also the number of quarters from one loud one to the next: one quiet quarter is bridged.
"""


@dataclass(frozen=True, slots=True)
class Surge:
    """Many more mentions than usual: `count` since `since`; `usual` for such a stretch."""

    since: datetime
    count: int
    usual: float
    silent_for: timedelta | None
    """For how long none of our accounts has published anything; None when not known."""


def detect_surge(
    mentions: Sequence[datetime],
    known_from: datetime,
    last_published: datetime | None,
    now: datetime,
) -> Surge | None:
    """Return the surge that is going on at `now`; None when there is none or nothing to compare.

    `mentions` are publish times, all of them since `known_from`. `last_published` is when any of
    our accounts last published something; None when that is not known.
    """
    ages = [now - at for at in mentions if at <= now]
    # Hours are counted back from now, not by the clock: at five past ten "the hour of ten" would
    # hold five minutes, and every surge would be noticed up to an hour late.
    counts = Counter(age // _HOUR for age in ages)
    # Hours before `known_from` are unknown, not quiet: counting them as zero would call the
    # first busy hour after an installation a surge.
    known = (now - known_from) // _HOUR
    # Suppose that the surge began `hours` hours ago. Then the baseline is the day before that,
    # not the day before now: an outage of seven hours would otherwise become its own baseline and
    # be usual by the afternoon. The shortest length that fits is taken.
    for hours in range(1, _LONGEST + 1):
        before = [counts[hour] for hour in range(hours, min(hours + _BASELINE_HOURS, known))]
        if len(before) < _FEWEST_HOURS:
            return None
        # The median, not the mean: another surge within the day does not raise it.
        usual = float(median(before))
        fewest = min(counts[hour] for hour in range(hours))
        if fewest >= max(_FEWEST, _LASTS * usual) and counts[hours - 1] >= _BEGINS * usual:
            first = _age_of_first(ages, hours, usual)
            return Surge(
                since=now - first,
                count=len([age for age in ages if age <= first]),
                usual=usual * (first / _HOUR),
                silent_for=None if last_published is None else now - last_published,
            )
    return None


def _age_of_first(ages: Sequence[timedelta], hours: int, usual: float) -> timedelta:
    """Return the age of the first mention of a surge that has lasted for so many hours."""
    # Hours are too coarse for "since 02:10". So the beginning is followed back from the oldest
    # loud quarter within those hours to the loud quarters before it, as long as no two quiet
    # ones in a row lie between. There always is a loud one: the hour in which the surge began
    # has three times the usual, so at least one of its quarters has more than half of the usual.
    quarters = Counter(age // _QUARTER for age in ages)
    enough = max(_LOUD, _LOUD * usual / _QUARTERS)
    loud = sorted(quarter for quarter, count in quarters.items() if count >= enough)
    oldest = max(quarter for quarter in loud if quarter < hours * _QUARTERS)
    for quarter in loud:
        if oldest < quarter <= oldest + _LOUD:
            oldest = quarter
    return max(age for age in ages if age // _QUARTER == oldest)
