"""Is something happening: many more mentions than usual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)
_QUARTERS = _HOUR // _QUARTER
_DAY = 24
_LONGEST = 8
"""Hours; what lasts longer is no event any more but how things are."""
_KNOWN = 6
"""Hours that must be known to say what is usual."""
_FEWEST = 10
_BEGINS, _LASTS = 3.0, 1.5
"""Times the usual: that an hour must reach to begin an event, and that the next ones must."""
_LOUD = 2


@dataclass(frozen=True, slots=True)
class Surge:
    """Many more mentions than usual: `count` since `since`; usual for such a stretch."""

    since: datetime
    count: int
    usual: float
    silent_for: timedelta | None
    """How long none of our accounts has said anything; None when not known."""


def detect_surge(
    mentions: Sequence[datetime], known_from: datetime, last_said: datetime | None, now: datetime
) -> Surge | None:
    """Whether an hour brought at least ten mentions and thrice the usual, and it goes on.

    `mentions` are publish times, all of them since `known_from`. Usual is the median hour of
    the 24 before the event, as far as they are known; of fewer than six nothing can be said.
    It goes on while each hour brings ten and half as many again as usual, for eight hours at
    most. Where it began is followed back by quarters, over one quiet quarter at most.
    """
    ages = [now - at for at in mentions if at <= now]
    counts = Counter(age // _HOUR for age in ages)
    known = (now - known_from) // _HOUR
    for run in range(1, _LONGEST + 1):
        before = [counts[h] for h in range(run, min(run + _DAY, known))]
        if len(before) < _KNOWN:
            return None
        usual = float(median(before))
        least = min(counts[h] for h in range(run))
        if least >= max(_FEWEST, _LASTS * usual) and counts[run - 1] >= _BEGINS * usual:
            first = _first(ages, run, usual)
            return Surge(
                since=now - first,
                count=sum(age <= first for age in ages),
                usual=usual * (first / _HOUR),
                silent_for=None if last_said is None else now - last_said,
            )
    return None


def _first(ages: Sequence[timedelta], run: int, usual: float) -> timedelta:
    """Age of the first mention of an event whose hours are known."""
    quarters = Counter(age // _QUARTER for age in ages)
    enough = max(_LOUD, _LOUD * usual / _QUARTERS)
    loud = sorted(quarter for quarter, count in quarters.items() if count >= enough)
    last = max(quarter for quarter in loud if quarter < run * _QUARTERS)
    for quarter in loud:
        if last < quarter <= last + _LOUD:
            last = quarter
    return max(age for age in ages if age // _QUARTER == last)
