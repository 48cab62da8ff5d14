"""How far the check of kept posts has come: batch compliance jobs, one at a time for each app."""

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
"""Troubles of these jobs alone, told at once; of others the polls tell, unless they last."""


@dataclass(frozen=True, slots=True)
class ComplianceState:
    """The check of all posts that one app of X gave us. `app` tells apps apart, and opens none.

    `job_id` is the job under way, `next_at` when the next is due, `done_at` when one last went
    through, or there was nothing to ask for. `trouble` is what was met since; it lasts until then.
    `rev` guards against a second writer.
    """

    app: str
    job_id: str | None = None
    next_at: datetime | None = None
    done_at: datetime | None = None
    fault: OpenFault | None = None
    rev: int = 0

    def is_due(self, now: datetime) -> bool:
        """Whether there is something to do now."""
        if self.fault is not None and self.fault.next_try > now:
            return False
        return self.job_id is not None or self.next_at is None or self.next_at <= now

    @property
    def is_refused(self) -> bool:
        """Whether X does not let this app have such jobs."""
        return self.fault is not None and self.fault.kind == "forbidden"

    def is_lasting(self, now: datetime) -> bool:
        """Whether trouble of any kind has held the check up for a day."""
        return self.fault is not None and now - self.fault.since >= _LASTING

    def unchecked_for(self, now: datetime) -> timedelta:
        """For how long none has gone through; nothing where X refuses, and look-ups stand in."""
        since = self.done_at or (self.fault.since if self.fault is not None else now)
        return timedelta(0) if self.is_refused else now - since

    def started(self, job_id: str, now: datetime) -> ComplianceState:
        """After a job was made, or found."""
        return replace(self, job_id=job_id, next_at=now + EVERY)

    def skipped(self, now: datetime) -> ComplianceState:
        """There was nothing to ask for."""
        return replace(self, next_at=now + EVERY, done_at=now, fault=None)

    def done(self, now: datetime) -> ComplianceState:
        """After all that a job told was carried out."""
        return replace(self, job_id=None, done_at=now, fault=None)

    def voided(self, now: datetime) -> ComplianceState:
        """After a job came to nothing: another one soon."""
        return replace(self, job_id=None, next_at=now + _AFTER_FAILURE)

    def failed(self, error: XError, now: datetime) -> ComplianceState:
        """After one more failure: when to try again."""
        trouble = record_failure(error, self.fault, now)
        if trouble.kind == "forbidden":
            trouble = replace(trouble, next_try=now + _WHEN_REFUSED)
        return replace(self, fault=trouble)

    def must_report(self, now: datetime) -> bool:
        """Whether a person is to hear: of each kind that only a person mends, or that it lasts."""
        trouble = self.fault
        if trouble is None or trouble.reported:
            return False
        return trouble.kind in REPORTED_AT_ONCE or (
            self.is_lasting(now) and not trouble.reported_kinds
        )

    def reported(self) -> ComplianceState:
        """After a person was told of the trouble."""
        return replace(self, fault=replace(self.fault, reported=True) if self.fault else None)


def app_of(bearer: str) -> str:
    """What tells the app of a bearer from others, and does not give it away."""
    return hashlib.sha256(bearer.encode()).hexdigest()[:16]
