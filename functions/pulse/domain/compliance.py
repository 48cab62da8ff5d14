"""How far the check of kept posts has come: batch compliance jobs, one at a time for each app."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pulse.domain.trouble import OpenTrouble, TroubleError, meet

EVERY = timedelta(hours=6)
"""From the beginning of one check to that of the next."""
_AFTER_FAILURE = timedelta(hours=1)
_WHEN_REFUSED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as X tells of it: `created`, `in_progress`, `complete`, `failed` or `expired`."""

    id: str
    name: str | None
    status: str
    upload_url: str
    download_url: str
    upload_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Checking:
    """The check of all posts that one app of X gave us. `app` tells apps apart, and opens none.

    `job_id` is the job under way, `next_at` when the next is due, `done_at` when one was last
    carried out. `rev` guards against a second writer.
    """

    app: str
    job_id: str | None = None
    next_at: datetime | None = None
    done_at: datetime | None = None
    trouble: OpenTrouble | None = None
    rev: int = 0

    def due(self, now: datetime) -> bool:
        """Whether there is something to do now."""
        if self.trouble is not None and self.trouble.next_try > now:
            return False
        return self.job_id is not None or self.next_at is None or self.next_at <= now

    @property
    def refused(self) -> bool:
        """Whether X does not let this app have such jobs."""
        return self.trouble is not None and self.trouble.kind == "forbidden"

    def began(self, job_id: str, now: datetime) -> Checking:
        """After a job was made, or found."""
        return replace(self, job_id=job_id, next_at=now + EVERY)

    def skipped(self, now: datetime) -> Checking:
        """There was nothing to ask for."""
        return replace(self, next_at=now + EVERY)

    def done(self, now: datetime) -> Checking:
        """After all that a job told was carried out."""
        return replace(self, job_id=None, done_at=now)

    def void(self, now: datetime) -> Checking:
        """After a job came to nothing: another one soon."""
        return replace(self, job_id=None, next_at=now + _AFTER_FAILURE)

    def failed(self, error: TroubleError, now: datetime) -> Checking:
        """After one more failure: when to try again."""
        trouble = meet(error, self.trouble, now)
        if trouble.kind == "forbidden":
            trouble = replace(trouble, next_try=now + _WHEN_REFUSED)
        return replace(self, trouble=trouble)

    def told(self) -> Checking:
        """After a person was told of the trouble."""
        return replace(self, trouble=replace(self.trouble, told=True) if self.trouble else None)


def app_of(bearer: str) -> str:
    """What tells the app of a bearer from others, and does not give it away."""
    return hashlib.sha256(bearer.encode()).hexdigest()[:16]
