"""What the queue of polls carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

TaskKind = Literal["poll", "sweep", "day"]
STALE_AFTER = timedelta(minutes=5)
_QUARTER = 15
_DAY_SWEEP = (23, 50)


@dataclass(frozen=True, slots=True)
class PollTask:
    """Read one account: `poll` what is new, `sweep` the last hour, or the whole `day`.

    `again` says that it was tried before, and failed.
    """

    company: str
    account_id: str
    kind: TaskKind
    minute: datetime
    retried: bool = False

    def is_stale(self, now: datetime) -> bool:
        """Whether newer tasks have long taken its place; what failed is not let go so easily."""
        return not self.retried and now - self.minute > STALE_AFTER


def day_swept(swept: datetime | None, minute: datetime) -> bool:
    """Whether the last sweep, through at `swept`, was that of this minute's whole day."""
    hour, at = _DAY_SWEEP
    return swept is not None and swept >= minute.replace(hour=hour, minute=at)


def kinds_due(minute: datetime, swept: datetime | None = None) -> tuple[TaskKind, ...]:
    """A poll each minute, a sweep each quarter of an hour, the day's shortly before midnight UTC.

    Re-reads within one UTC day are not billed again, so the day's sweep comes while it lasts:
    from 23:50 on, each minute until it is through. `swept` is when the last sweep was.
    """
    if (minute.hour, minute.minute) >= _DAY_SWEEP:
        return ("poll",) if day_swept(swept, minute) else ("poll", "day")
    return ("poll", "sweep") if minute.minute % _QUARTER == 0 else ("poll",)
