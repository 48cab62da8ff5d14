"""One run over one account: what it works with, how far it got, and its report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulse.audit.entries import AuditRecord, LogEntry, LogEntryKind
from pulse.kernel.company import Account, Company
from pulse.listening.cursor import Cursor
from pulse.listening.ingest import Ingest
from pulse.listening.scan import TimelineScan
from pulse.listening.store import CursorStore
from pulse.listening.tasks import PollTask
from pulse.outbox.entries import Entry
from pulse.x.access import Limit
from pulse.x.answers import Lookup

if TYPE_CHECKING:
    from pulse.x.client import XClient


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
    unfinished: list[str] = field(default_factory=list)
    """Names of scans that another run continues."""
    faults: list[str] = field(default_factory=list)
    """Endpoints that cannot be read."""
    problems: list[str] = field(default_factory=list)
    logged: list[AuditRecord] = field(default_factory=list)
    """Written in the transaction of the cursor: they are true only if the cursor is saved."""
    messages: dict[str, Entry] = field(default_factory=dict)
    """Messages to the owner, by id; written as `logged` are."""

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


@dataclass(slots=True)
class PollRun:
    """One run of a task over one account.

    `after_sweep` is called for each sweep that read a timeline from now down to its start, a time
    of today, within this run. It returns what X said of stored posts that were not served, and how
    many of them were deleted; why is no business of listening. `cursor` and `report` follow page
    by page: whatever ends the reading, they say how far it got.
    """

    company: Company
    account: Account
    task: PollTask
    x: XClient
    cursors: CursorStore
    ingest: Ingest
    after_sweep: Callable[[PollRun, TimelineScan], tuple[Lookup, int]]
    now: datetime
    out_of_time: Callable[[], bool]
    cursor: Cursor = field(init=False)
    report: PollReport = field(init=False)

    def __post_init__(self) -> None:
        self.cursor = Cursor(self.account.id, watched_from=self.now)
        self.report = PollReport(self.account.username, self.task.kind)

    def note_limit(self, endpoint: str, limit: Limit | None) -> None:
        """Note the rate limit of an answer, where it stated one."""
        if limit is not None:
            limits = {**self.cursor.limits, endpoint: limit.capped(self.now)}
            self.cursor = replace(self.cursor, limits=limits)

    def log(self, kind: LogEntryKind, at: datetime, what: dict[str, str]) -> None:
        """Have the audit log say this of the account, if the cursor is saved."""
        entry = LogEntry(kind, at, {"account": self.account.username, **what})
        self.report.logged.append(AuditRecord(self.company.name, entry))
