"""Read one account: mentions and own posts, down to where we stopped last time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulse.domain.cursor import Cursor, OvertakenError
from pulse.domain.journal import Row
from pulse.domain.outbox import Entry
from pulse.domain.settings import Account, Company
from pulse.domain.task import Task
from pulse.domain.trouble import FOR_A_PERSON, TroubleError, meet
from pulse.domain.walk import SEARCH_LAG, Endpoint, Walk
from pulse.jobs.keep import keep
from pulse.jobs.midnight import minutes_to_reread

if TYPE_CHECKING:
    from pulse.adapters.table import Accounts, Conversations, Journal, Outbox, Shelf
    from pulse.adapters.wire import Page
    from pulse.adapters.x import X

_PAGES_A_RUN = 30
_ENDPOINTS: tuple[Endpoint, ...] = ("mentions", "posts")
_SWEPT = timedelta(hours=1)
"""How late X may show a post and a sweep still finds it."""
_SWEPT_MOST = timedelta(hours=25)


@dataclass(slots=True)
class Reading:
    """One run over one account: what it uses, what it did.

    `beside` gathers what is written together with the cursor, and only then true.
    """

    company: Company
    account: Account
    x: X
    accounts: Accounts
    conversations: Conversations
    shelf: Shelf
    journal: Journal
    outbox: Outbox
    now: datetime
    out_of_time: Callable[[], bool]
    watched_from: datetime = field(init=False)
    pages: int = 0
    new: int = 0
    aside: int = 0
    watched: bool = False
    read_through: int = 0
    troubles: list[str] = field(default_factory=list)
    beside: list[tuple[Any, Any]] = field(default_factory=list)

    def poll(self, task: Task) -> dict[str, Any]:
        """Read the account as the task says; returns what was done. Trouble is kept, not raised."""
        if task.stale(self.now):
            return {"account": self.account.username, "stale": task.minute.isoformat()}
        known = self.accounts.load([self.account.id]).get(self.account.id)
        cursor = known or Cursor(self.account.id, watched_from=self.now)
        self.watched_from = cursor.watched_from
        self.x.vocabulary = cursor.vocabulary
        reads = self.x.reads
        for endpoint in _ENDPOINTS:
            if cursor.may_read(endpoint, self.now):
                cursor = self._read(cursor, endpoint, task)
                self.read_through += endpoint not in cursor.troubles
        if task.kind != "poll" and self.read_through == len(_ENDPOINTS) and not cursor.walks:
            cursor = replace(cursor, swept=task.minute)
        try:
            self.accounts.save(replace(cursor, vocabulary=self.x.vocabulary), self.beside)
        except OvertakenError:
            self.troubles.append("another run has read this account meanwhile")
        return {
            "account": self.account.username,
            "kind": task.kind,
            "watched": int(self.watched),
            "read": self.x.reads - reads,
            "new": self.new,
            "aside": self.aside,
            "under_way": sorted(cursor.walks),
            "lasting": sorted(cursor.troubles),
            "troubles": self.troubles,
        }

    def _read(self, cursor: Cursor, endpoint: Endpoint, task: Task) -> Cursor:
        walks = (
            [(endpoint, cursor.begin(endpoint, self.company.look_back))]
            if task.kind == "poll"
            else self._sweeps(cursor, endpoint, task)
        )
        try:
            for name, walk in walks:
                for further, bottom in self._down(walk):
                    move = cursor.reached if bottom else cursor.under_way
                    cursor = move(name, further)
            cursor = self._well(cursor, endpoint)
        except TroubleError as trouble:
            cursor = self._trouble(cursor, endpoint, trouble)
        limits = {**cursor.limits, **self.x.limits}
        return replace(cursor, limits=limits)

    def _down(self, walk: Walk) -> Iterator[tuple[Walk, bool]]:
        """Read page after page; yields how far it got, and whether that is the bottom."""
        token: str | None = None
        while self.pages < _PAGES_A_RUN and not self.out_of_time():
            page = self._page(walk, token)
            self.pages += 1
            self.new += keep(page, walk, self)
            walk = walk.after(page.posts, page.count)
            token = page.next_token
            if token is None:
                further = walk.past_the_wall(self.now)
                if further is None:
                    yield walk, True
                    return
                lost = walk.out_of_reach(self.now)
                if lost is not None:
                    self._gap(*lost, "wall")
                walk = further
            yield walk, False

    def _page(self, walk: Walk, token: str | None) -> Page:
        handle = self.account.username
        if walk.via == "search":
            who = f"@{handle}" if walk.endpoint == "mentions" else f"from:{handle}"
            return self.x.search(f"{who} -is:retweet", walk.bounds, token)
        read = self.x.mentions if walk.endpoint == "mentions" else self.x.posts
        return read(self.account.id, walk.bounds, token)

    def _sweeps(self, cursor: Cursor, endpoint: Endpoint, task: Task) -> Iterator[tuple[str, Walk]]:
        """What may have come late: of today from the timeline, of yesterday what differs."""
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        ours = cursor.watched_from - self.company.look_back
        start = min(task.minute, cursor.swept or task.minute) - _SWEPT
        start = min(start, midnight) if task.kind == "day" else start
        start = max(start, task.minute - _SWEPT_MOST, ours.replace(second=0, microsecond=0))
        name = f"sweep/{endpoint}"
        under_way = cursor.walks.get(name)
        if under_way is not None and under_way.start >= midnight:
            yield name, under_way.resumed()
            return
        yield name, Walk(endpoint, max(start, midnight))
        end = min(midnight, self.now - SEARCH_LAG)
        if start < end:
            for low, high in minutes_to_reread(self, endpoint, start, end):
                yield f"reread/{endpoint}", Walk(endpoint, low, end=high, via="search")

    def _well(self, cursor: Cursor, endpoint: Endpoint) -> Cursor:
        trouble = cursor.troubles.get(endpoint)
        if trouble is not None:
            what = {
                "account": self.account.username,
                "endpoint": endpoint,
                "trouble": trouble.kind,
                "since": trouble.since.isoformat(),
                "until": self.now.isoformat(),
                "detail": trouble.detail,
            }
            self._row(Row("trouble", self.now, what))
            left = {e: t for e, t in cursor.troubles.items() if e != endpoint}
            cursor = replace(cursor, troubles=left)
        if endpoint != "mentions":
            return cursor
        missed = cursor.unwatched(self.now)
        if missed is not None:
            self._gap(*missed, "blind")
        self.watched = True
        return replace(cursor, last_ok=self.now.replace(second=0, microsecond=0))

    def _trouble(self, cursor: Cursor, endpoint: Endpoint, error: TroubleError) -> Cursor:
        self.troubles.append(f"{endpoint}: {error}")
        trouble = meet(error, cursor.troubles.get(endpoint), self.now)
        told = any(t.told and t.kind == error.kind for t in cursor.troubles.values())
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
                ),
            )
            self.beside.append(self.outbox.item(entry))
        trouble = replace(trouble, told=told or error.kind in FOR_A_PERSON)
        return replace(cursor, troubles={**cursor.troubles, endpoint: trouble})

    def _gap(self, start: datetime, end: datetime, reason: str) -> None:
        what = {
            "account": self.account.username,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "reason": reason,
        }
        self._row(Row("gap", end, what))

    def _row(self, row: Row) -> None:
        self.beside.append(self.journal.item(self.company.name, row))
