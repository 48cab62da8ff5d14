"""Is something happening: many more mentions than usual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from pulse.domain.letters import Happening

_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)
_DAY = 24
_KNOWN = 6
"""Hours before the last that must be known, to say what is usual."""
_FEWEST = 10
_TIMES_USUAL = 3
_TWO = 2


def happening(
    mentions: Sequence[datetime], known_from: datetime, last_said: datetime | None, now: datetime
) -> Happening | None:
    """Whether the last hour brought at least ten mentions and thrice the usual.

    `mentions` are publish times, all of them since `known_from`. Usual is the median hour of
    the 24 before the last, as far as they are known; of fewer than six nothing can be said.
    The burst is followed back by quarters of an hour, over one quiet quarter at most.
    """
    known = min(_DAY, (now - _HOUR - known_from) // _HOUR)
    age = [now - at for at in mentions if at <= now]
    recent = sum(a <= _HOUR for a in age)
    if known < _KNOWN or recent < _FEWEST:
        return None
    hours = Counter((a - _HOUR) // _HOUR for a in age if a > _HOUR)
    usual = float(median(hours[h] for h in range(known)))
    if recent < _TIMES_USUAL * usual:
        return None
    quarters = Counter(a // _QUARTER for a in age)
    enough = max(_TWO, usual * (_QUARTER / _HOUR) * _TWO)
    loud = sorted(quarter for quarter, count in quarters.items() if count >= enough)
    last = loud[0]
    for quarter in loud:
        if quarter > last + _TWO:
            break
        last = quarter
    first = max(a for a in age if a // _QUARTER == last)
    return Happening(
        since=now - first,
        count=sum(a <= first for a in age),
        usual=usual * (first / _HOUR),
        silent_for=None if last_said is None else now - last_said,
    )
