"""What goes wrong with X, sorted into kinds: try again later, or tell a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pulse.kernel.errors import PulseError
from pulse.x.access import Limit

FaultKind = Literal[
    "unavailable",  # X or the way to it: down, slow, unreadable
    "rate_limited",  # too many requests in this quarter of an hour
    "usage_cap",  # the plan's monthly reads are used up
    "credits",  # the developer account has no credits left
    "token",  # 401, or no token where it should be stored
    "forbidden",  # 403: the app or the account may not
    "account",  # 404: no such account any more
    "request",  # 400: X does not understand what Pulse asks
]

FOR_A_PERSON: frozenset[FaultKind] = frozenset(
    {"usage_cap", "credits", "token", "forbidden", "account", "request"}
)
"""Kinds that waiting does not fix: a person gets one clear message."""

_LONGEST_PAUSE = timedelta(minutes=15)
_PAUSES = tuple(timedelta(minutes=m) for m in (1, 2, 4, 5))
"""Between tries while X is down."""


@dataclass(eq=False)
class XError(PulseError):
    """X could not be read.

    `retry_at` is when X itself says to try again, and `limit` the rate limit that the answer
    stated, both where it did. `endpoint` is what was asked: `mentions`, `posts`, `search`,
    `counts`, `lookup` or `users`; empty before anything was asked, and for compliance jobs.
    """

    kind: FaultKind
    detail: str
    retry_at: datetime | None = None
    limit: Limit | None = None
    endpoint: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True, slots=True)
class OpenFault:
    """A fault that lasts: since when, how many failures, whether it was reported to a person.

    `reported_kinds` are all kinds that were reported since it began.
    """

    kind: FaultKind
    detail: str
    since: datetime
    failures: int
    next_try: datetime
    reported: bool = False
    reported_kinds: tuple[FaultKind, ...] = ()


def record_failure(error: XError, before: OpenFault | None, now: datetime) -> OpenFault:
    """Return the fault after one more failure: when to try next, and whether it was reported.

    `before` is the fault as it was, None when all was well.
    """
    # A fault may change its kind and come back to it: X is down for a while, then the token is
    # refused again. What was reported once since the fault began is not reported again (D-009).
    last = before or OpenFault(error.kind, error.detail, since=now, failures=0, next_try=now)
    reported_kinds, failures = last.reported_kinds, last.failures + 1
    if last.reported and last.kind not in reported_kinds:
        reported_kinds = (*reported_kinds, last.kind)
    # X knows best when to come back, but its clock or a proxy may be wrong: a quarter of an hour
    # is the longest that its rate limits last. A fault that a person has to fix is tried at that
    # pace, since it goes on until somebody acts. Otherwise a failed request costs nothing and each
    # minute of waiting is a minute unwatched, so the pauses stay short (D-009).
    if error.retry_at is not None and error.retry_at > now:
        next_try = min(error.retry_at, now + _LONGEST_PAUSE)
    elif error.kind in FOR_A_PERSON:
        next_try = now + _LONGEST_PAUSE
    else:
        next_try = now + _PAUSES[min(failures, len(_PAUSES)) - 1]
    reported = error.kind in reported_kinds
    return OpenFault(
        error.kind, error.detail, last.since, failures, next_try, reported, reported_kinds
    )
