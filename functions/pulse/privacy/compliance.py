"""How far the check of stored posts has come: compliance jobs, one at a time for each app of X."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pulse.x.faults import FaultKind, OpenFault, XError, record_failure

EVERY = timedelta(hours=6)
"""From the beginning of one check to that of the next."""
_AFTER_FAILURE = timedelta(hours=1)
_WHEN_REFUSED = timedelta(days=1)
_LASTING = timedelta(days=1)
REPORTED_AT_ONCE: frozenset[FaultKind] = frozenset({"forbidden", "token", "request"})
"""Faults of these jobs alone, reported at once; polls report the others, unless they last."""


@dataclass(frozen=True, slots=True)
class ComplianceState:
    """The check of all posts that one app of X gave us.

    `app` identifies the app of X; it is a hash and opens nothing. `job_id` is the job under way,
    `next_at` when the next one is due, `done_at` when a check last succeeded, or there was nothing
    to check.
    `fault` is open until a check succeeds (D-037). `rev` guards against a second writer.
    """

    app: str
    job_id: str | None = None
    next_at: datetime | None = None
    done_at: datetime | None = None
    fault: OpenFault | None = None
    rev: int = 0

    def is_due(self, now: datetime) -> bool:
        """Return whether there is something to do now."""
        if self.fault is not None and self.fault.next_try > now:
            return False
        return self.job_id is not None or self.next_at is None or self.next_at <= now

    @property
    def is_refused(self) -> bool:
        """Return whether X does not let this app have such jobs."""
        return self.fault is not None and self.fault.kind == "forbidden"

    def is_lasting(self, now: datetime) -> bool:
        """Return whether faults of any kind have held up the check for a day."""
        return self.fault is not None and now - self.fault.since >= _LASTING

    def unchecked_for(self, now: datetime) -> timedelta:
        """Return for how long no check has succeeded; zero where look-ups stand in for it."""
        since = self.done_at or (self.fault.since if self.fault is not None else now)
        return timedelta(0) if self.is_refused else now - since

    def started(self, job_id: str, now: datetime) -> ComplianceState:
        """Return the state after a job was created, or found."""
        return replace(self, job_id=job_id, next_at=now + EVERY)

    def skipped(self, now: datetime) -> ComplianceState:
        """Return the state after there was nothing to check."""
        return replace(self, next_at=now + EVERY, done_at=now, fault=None)

    def done(self, now: datetime) -> ComplianceState:
        """Return the state after all posts were deleted that a job found."""
        return replace(self, job_id=None, done_at=now, fault=None)

    def voided(self, now: datetime) -> ComplianceState:
        """Return the state after a job came to nothing: another one is due in an hour."""
        return replace(self, job_id=None, next_at=now + _AFTER_FAILURE)

    def failed(self, error: XError, now: datetime) -> ComplianceState:
        """Return the state after one more failure, with the time of the next try."""
        fault = record_failure(error, self.fault, now)
        if fault.kind == "forbidden":
            fault = replace(fault, next_try=now + _WHEN_REFUSED)
        return replace(self, fault=fault)

    def must_report(self, now: datetime) -> bool:
        """Return whether to report the fault: only a person can fix it, or it lasts."""
        fault = self.fault
        if fault is None or fault.reported:
            return False
        # A token that X refuses, say, is reported at once, each kind once. A fault that may pass by
        # itself is reported after a day, and only if nothing of it was reported before.
        return fault.kind in REPORTED_AT_ONCE or (self.is_lasting(now) and not fault.reported_kinds)

    def reported(self) -> ComplianceState:
        """Return the state after the fault was reported to a person."""
        return replace(self, fault=replace(self.fault, reported=True) if self.fault else None)


def app_of(bearer: str) -> str:
    """Return what identifies the app of a bearer, without giving the bearer away."""
    return hashlib.sha256(bearer.encode()).hexdigest()[:16]
