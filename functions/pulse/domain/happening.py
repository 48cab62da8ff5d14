"""Is something happening: many more mentions than usual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from pulse.domain.letters import Happening

_HOUR = timedelta(hours=1)
_BIN = timedelta(minutes=15)
_QUARTERS = _HOUR // _BIN
_DAY = timedelta(hours=24)
_FEWEST = 10
_TIMES_USUAL = 3


def happening(
    mentions: Sequence[datetime], last_said: datetime | None, now: datetime
) -> Happening | None:
    """Whether the last hour brought at least ten mentions and thrice the usual.

    `mentions` are publish times; usual is the median hour of the 24 before the last.
    The burst is followed back by quarters of an hour, from the last that was loud, to where
    it rose above the usual.
    """
    age = [now - at for at in mentions if at <= now]
    recent = sum(a <= _HOUR for a in age)
    hours = Counter(int((a - _HOUR) / _HOUR) for a in age if _HOUR < a <= _HOUR + _DAY)
    usual = float(sorted(hours[h] for h in range(24))[12])
    if recent < max(_FEWEST, _TIMES_USUAL * usual):
        return None
    bins = Counter(int(a / _BIN) for a in age)
    back = next((i for i in range(_QUARTERS) if bins[i] > usual / 2), 0)
    while bins[back] > usual / 2 or bins[back + 1] > usual / 2:
        back += 1
    first = max((a for a in age if a < _BIN * back), default=timedelta(0))
    return Happening(
        since=now - first,
        count=sum(a <= first for a in age),
        usual=usual * (first / _HOUR),
        silent_for=None if last_said is None else now - last_said,
    )
