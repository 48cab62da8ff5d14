"""What goes wrong with X, sorted: try again later, or tell a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pulse.kernel.errors import PulseError

FaultKind = Literal[
    "unavailable",  # X or the way to it: down, slow, unreadable
    "rate_limited",  # too many requests in this quarter of an hour
    "usage_cap",  # the plan's monthly reads are used up
    "credits",  # the developer account has no credits left
    "token",  # 401, or no token where it should be kept
    "forbidden",  # 403: the app or the account may not
    "account",  # 404: no such account any more
    "request",  # 400: X does not understand what Pulse asks
]

FOR_A_PERSON: frozenset[FaultKind] = frozenset(
    {"usage_cap", "credits", "token", "forbidden", "account", "request"}
)
"""Kinds that no waiting mends: one clear message to a person."""

_PATIENCE = timedelta(minutes=15)
_PAUSES = tuple(timedelta(minutes=m) for m in (1, 2, 4, 5))
"""Between tries while X is down; a request that fails costs nothing."""


class XError(PulseError):
    """X could not be read. `retry_at` is what X itself said, where it did."""

    def __init__(self, kind: FaultKind, detail: str, retry_at: datetime | None = None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_at = retry_at


@dataclass(frozen=True, slots=True)
class OpenFault:
    """Trouble that lasts: since when, how often tried, whether a person was told.

    `told_of` are all kinds that a person was told of since it began.
    """

    kind: FaultKind
    detail: str
    since: datetime
    failures: int
    next_try: datetime
    reported: bool = False
    reported_kinds: tuple[FaultKind, ...] = ()


def record_failure(error: XError, before: OpenFault | None, now: datetime) -> OpenFault:
    """The trouble after one more failure: when to try next, and whether a person knows.

    What waiting mends is tried again soon, what it does not every quarter of an hour.
    """
    told_of = before.reported_kinds if before is not None else ()
    if before is not None and before.reported and before.kind not in told_of:
        told_of = (*told_of, before.kind)
    failures = before.failures + 1 if before is not None else 1
    if error.retry_at is not None and error.retry_at > now:
        next_try = min(error.retry_at, now + _PATIENCE)
    elif error.kind in FOR_A_PERSON:
        next_try = now + _PATIENCE
    else:
        next_try = now + _PAUSES[min(failures, len(_PAUSES)) - 1]
    return OpenFault(
        kind=error.kind,
        detail=error.detail,
        since=before.since if before is not None else now,
        failures=failures,
        next_try=next_try,
        reported=error.kind in told_of,
        reported_kinds=tuple(told_of),
    )
