"""One run over one account: what it uses, what it did, and what it notes of the watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.kernel.company import Account, Company
from pulse.listening.cursor import Cursor
from pulse.listening.scan import Endpoint, TimelineScan
from pulse.outbox.entries import Entry
from pulse.x.faults import FOR_A_PERSON, OpenFault, XError, record_failure

if TYPE_CHECKING:
    from pulse.audit.store import AuditLog
    from pulse.authors.store import AuthorCache, ErasureList
    from pulse.conversations.store.conversations import ConversationStore
    from pulse.conversations.store.own_posts import OwnPosts
    from pulse.listening.store import CursorStore
    from pulse.outbox.store.outbox import Outbox
    from pulse.privacy.store.deletions import DeletionStore
    from pulse.x.client import XClient


@dataclass(slots=True)
class PollRun:
    """One run over one account: what it uses, what it did.

    `beside` gathers what is written together with the cursor, and only then true.
    """

    company: Company
    account: Account
    x: XClient
    accounts: CursorStore
    conversations: ConversationStore
    retraction: DeletionStore
    own_posts: OwnPosts
    author_cache: AuthorCache
    erasures: ErasureList
    journal: AuditLog
    outbox: Outbox
    now: datetime
    out_of_time: Callable[[], bool]
    watched_from: datetime = field(init=False)
    pages: int = 0
    new: int = 0
    billed: int = 0
    quarantined: int = 0
    served: set[str] = field(default_factory=set)
    """First ids of the posts that X served in this run."""
    checked: int = 0
    removed: int = 0
    watched: bool = False
    read_through: int = 0
    problems: list[str] = field(default_factory=list)
    writes: list[Entry | AuditRecord] = field(default_factory=list)
    _forgotten: Mapping[str, datetime] | None = None

    @property
    def forgotten(self) -> Mapping[str, datetime]:
        """Whom the company has forgotten, and when; looked up once, and only by who needs it."""
        if self._forgotten is None:
            self._forgotten = self.erasures.of_company(self.company.name)
        return self._forgotten

    def record_success(self, cursor: Cursor, endpoint: Endpoint) -> Cursor:
        """The endpoint could be read: its trouble is over, what was missed is noted."""
        trouble = cursor.faults.get(endpoint)
        if trouble is not None:
            left = {e: t for e, t in cursor.faults.items() if e != endpoint}
            if not any(t.kind == trouble.kind for t in left.values()):
                self._passed(trouble, endpoint)
            cursor = replace(cursor, faults=left)
        if endpoint != "mentions":
            return cursor
        missed = cursor.unwatched_minutes(self.now)
        if missed is not None:
            self._gap(*missed, "blind", missed[1])
        self.watched = True
        return replace(cursor, last_ok=self.now.replace(second=0, microsecond=0))

    def record_failure(self, cursor: Cursor, endpoint: Endpoint, error: XError) -> Cursor:
        """Keep the trouble with its next try; tell a person, once, what only a person can mend."""
        self.problems.append(f"{endpoint}: {error}")
        trouble = record_failure(error, cursor.faults.get(endpoint), self.now)
        of_mentions = cursor.faults.get("mentions")
        told = trouble.reported or (
            of_mentions is not None and of_mentions.reported and of_mentions.kind == error.kind
        )
        if error.kind in FOR_A_PERSON and not told:
            entry = Entry(
                id=f"{self.now.isoformat()}#{self.account.id}#{error.kind}",
                company=self.company.name,
                person=self.company.owner,
                kind="trouble",
                at=self.now,
                details=(
                    ("trouble", error.kind),
                    ("subject", self.account.username),
                    ("detail", error.detail),
                    ("endpoint", endpoint),
                ),
            )
            same = (entry.person, entry.id)  # that of the posts says less
            self.writes = [
                one
                for one in self.writes
                if not (isinstance(one, Entry) and (one.person, one.id) == same)
            ]
            self.writes.append(entry)
        trouble = replace(trouble, reported=told or error.kind in FOR_A_PERSON)
        return replace(cursor, faults={**cursor.faults, endpoint: trouble})

    def record_loss(self, walk: TimelineScan) -> None:
        """Note what X does not show any more of a walk that came to its bottom."""
        lost = walk.missing_period(self.now)
        if lost is not None:
            self._gap(*lost, "wall", self.now)

    def _gap(self, start: datetime, end: datetime, reason: str, at: datetime) -> None:
        what = {
            "account": self.account.username,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "reason": reason,
        }
        self._row(LogEntry("gap", at, what))

    def _passed(self, trouble: OpenFault, endpoint: Endpoint) -> None:
        what = {
            "account": self.account.username,
            "endpoint": endpoint,
            "trouble": trouble.kind,
            "since": trouble.since.isoformat(),
            "until": self.now.isoformat(),
            "detail": trouble.detail,
        }
        self._row(LogEntry("trouble", self.now, what))

    def _row(self, row: LogEntry) -> None:
        self.writes.append(AuditRecord(self.company.name, row))
