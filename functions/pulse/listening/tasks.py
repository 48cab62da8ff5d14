"""Tasks of polling: which kinds are due in a minute, and when a task is too old to be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

TaskKind = Literal["poll", "sweep", "day"]
STALE_AFTER = timedelta(minutes=5)
_SWEEP_MINUTES = 15
_DAY_SWEEP = (23, 50)
"""Hour and minute, UTC."""


@dataclass(frozen=True, slots=True)
class PollTask:
    """A task to read one account: `poll` what is new, `sweep` the last hour, or the whole `day`.

    `retried` says that it was tried before and failed.
    """

    company: str
    account_id: str
    kind: TaskKind
    minute: datetime
    retried: bool = False

    def is_stale(self, now: datetime) -> bool:
        """Return whether newer tasks have taken its place; a task that failed never is (D-025)."""
        return not self.retried and now - self.minute > STALE_AFTER


def day_swept(swept: datetime | None, minute: datetime) -> bool:
    """Return whether the last sweep, finished at `swept`, was that of this minute's whole day."""
    hour, at = _DAY_SWEEP
    return swept is not None and swept >= minute.replace(hour=hour, minute=at)


def kinds_due(minute: datetime, swept: datetime | None = None) -> tuple[TaskKind, ...]:
    """Return the kinds of tasks due in a minute; `swept` is when the last sweep was."""
    # X bills a post once per UTC day. The sweep of the whole day therefore runs in the last ten
    # minutes of that day, when it finds nearly everything and costs nothing, and not after
    # midnight, when all of it would be billed again. It stays due each minute until it has
    # succeeded, since one minute's dispatch or poll may fail (D-026).
    if (minute.hour, minute.minute) >= _DAY_SWEEP:
        return ("poll",) if day_swept(swept, minute) else ("poll", "day")
    return ("poll", "sweep") if minute.minute % _SWEEP_MINUTES == 0 else ("poll",)
