"""One run over one account: the stores and settings it uses, and its report."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pulse.audit.entries import AuditRecord
from pulse.kernel.company import Account, Company
from pulse.listening.ingest import IngestStores
from pulse.listening.store import CursorStore
from pulse.listening.timeline import Timeline
from pulse.outbox.entries import Entry
from pulse.x.access import Limit
from pulse.x.faults import XError

if TYPE_CHECKING:
    from pulse.x.client import XClient


@dataclass(frozen=True, slots=True)
class FinishedSweep:
    """A sweep that read a timeline from now down to `start`, a time of today, within one run.

    `served` are the first ids of all posts that X served in this run.
    """

    timeline: Timeline
    start: datetime
    served: AbstractSet[str]


class SweepCheck(NamedTuple):
    """The result of checking stored posts that a sweep did not serve.

    X was asked for `checked` of them, of which it served `served`; `removed` were deleted. `limit`
    is the rate limit of look-ups, where X stated it; `error` is what ended them early.
    """

    checked: int
    served: int
    removed: int
    limit: Limit | None = None
    error: XError | None = None


@dataclass(frozen=True, slots=True)
class PollRun:
    """The collaborators and settings of one run over one account.

    `after_sweep` is called for each finished sweep; what it does with stored posts that were not
    served is no business of listening.
    """

    company: Company
    account: Account
    x: XClient
    cursors: CursorStore
    stores: IngestStores
    after_sweep: Callable[[FinishedSweep], SweepCheck]
    now: datetime
    out_of_time: Callable[[], bool]


@dataclass(slots=True)
class PollReport:
    """The report of one run: counts, problems, and records that are yet to be written."""

    account: str
    """The username."""
    kind: str
    """The kind of the task."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Why nothing was read, if that is so: `stale` (minute of the task), `swept` (when)."""
    watched: bool = False
    """Whether the mentions could be read."""
    pages: int = 0
    read: int = 0
    """Posts that X served, those that were looked up included."""
    billed: int = 0
    new: int = 0
    """Facts that were not stored before."""
    quarantined: int = 0
    checked: int = 0
    removed: int = 0
    swept: int = 0
    """Timelines that were read to the bottom."""
    served: set[str] = field(default_factory=set)
    """First ids of the posts that X served."""
    limits: dict[str, Limit] = field(default_factory=dict)
    """Rate limits that X stated, the last of each endpoint."""
    unfinished: list[str] = field(default_factory=list)
    """Names of scans that another run continues."""
    faults: list[str] = field(default_factory=list)
    """Endpoints that cannot be read."""
    problems: list[str] = field(default_factory=list)
    records: list[Entry | AuditRecord] = field(default_factory=list)
    """Written in the transaction of the cursor: they are true only if the cursor is saved."""

    def add_limit(self, endpoint: str, limit: Limit | None) -> None:
        """Note the rate limit of an answer, where it stated one."""
        if limit is not None:
            self.limits[endpoint] = limit

    def result(self) -> dict[str, Any]:
        """Return the result of the function, as it is logged."""
        if self.skipped:
            return {"account": self.account, **self.skipped}
        return {
            "account": self.account,
            "kind": self.kind,
            "watched": int(self.watched),
            "read": self.read,
            "billed": self.billed,
            "new": self.new,
            "aside": self.quarantined,
            "checked": self.checked,
            "removed": self.removed,
            "under_way": self.unfinished,
            "lasting": self.faults,
            "troubles": self.problems,
        }
