"""How far an account has been read, what is under way, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pulse.kernel.company import Account
from pulse.listening.budget import Reads, add_reads
from pulse.listening.scan import Endpoint, HighWater, TimelineScan
from pulse.x.access import Limit, Vocabulary
from pulse.x.faults import OpenFault

MINUTE = timedelta(minutes=1)
LATE_WINDOW = timedelta(hours=1)
"""How late X may show a post and a sweep still finds it."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is known of the reading of one account.

    `walks` are those not yet at the bottom: an endpoint's name for that of a poll,
    `sweep/<endpoint>` for that of a sweep. `rev` guards against a second writer.
    """

    account_id: str
    watched_from: datetime
    high_water: Mapping[Endpoint, HighWater] = field(default_factory=dict)
    scans: Mapping[str, TimelineScan] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    faults: Mapping[Endpoint, OpenFault] = field(default_factory=dict)
    swept: datetime | None = None
    """The last minute in which late posts were looked for, all the way."""
    last_ok: datetime | None = None
    """The last minute in which the mentions could be read."""
    reads: Reads = field(default_factory=dict)
    vocabulary: Vocabulary = "tweet"
    rev: int = 0

    def start_scan(self, endpoint: Endpoint, look_back: timedelta) -> TimelineScan:
        """The walk of a poll: that under way, or a new one from the newest post down."""
        under_way = self.scans.get(endpoint)
        if under_way is not None:
            return under_way
        floor, start = self.high_water.get(endpoint), self.watched_from - look_back
        watched = self.last_ok if endpoint == "mentions" else self.swept
        if floor is not None and watched is not None:
            start = max(start, watched - LATE_WINDOW)
        return TimelineScan(endpoint, start, stop_at=floor)

    def finish_scan(self, name: str, walk: TimelineScan) -> Cursor:
        """After a walk came to its bottom: the mark moves, except for a sweep's."""
        walks = {n: w for n, w in self.scans.items() if n != name}
        mark = self.high_water.get(walk.endpoint)
        if name != walk.endpoint:
            return replace(self, scans=walks)
        if walk.newest is None:
            return replace(self, scans=walks)
        if mark is not None and int(mark.id) >= int(walk.newest.id):
            return replace(self, scans=walks)
        return replace(
            self, scans=walks, high_water={**self.high_water, walk.endpoint: walk.newest}
        )

    def pause_scan(self, name: str, walk: TimelineScan) -> Cursor:
        """After a walk was broken off: it goes on from here."""
        return replace(self, scans={**self.scans, name: walk})

    def is_readable(self, endpoint: Endpoint, now: datetime) -> bool:
        """Whether neither trouble nor the rate limit says to wait."""
        trouble, limit = self.faults.get(endpoint), self.limits.get(endpoint)
        return (trouble is None or trouble.next_try <= now) and (limit is None or limit.allows(now))

    @property
    def last_published(self) -> datetime | None:
        """When the account itself last published something, as far as was read."""
        mark = self.high_water.get("posts")
        return mark.at if mark is not None else None

    def is_due(self, now: datetime) -> bool:
        """Whether there is anything that may be read now."""
        return self.is_readable("mentions", now) or self.is_readable("posts", now)

    def add_reads(self, count: int, now: datetime) -> Cursor:
        """After so many more posts that X bills."""
        return replace(self, reads=add_reads(self.reads, count, now))

    def unwatched_minutes(self, now: datetime) -> tuple[datetime, datetime] | None:
        """The minutes between the last good poll, or our coming, and this one, if any."""
        minute = now.replace(second=0, microsecond=0)
        begun = self.watched_from.replace(second=0, microsecond=0)
        since = self.last_ok + MINUTE if self.last_ok is not None else begun
        return (since, minute) if since < minute else None


def is_blind(
    cursor: Cursor | None, pushed_at: datetime | None, now: datetime, after: timedelta
) -> bool:
    """Whether an account's mentions were not read for longer than `after`.

    Of one that was never read at all, since the settings that name it were pushed.
    """
    since = pushed_at if cursor is None else cursor.last_ok or cursor.watched_from
    return since is not None and now.replace(second=0, microsecond=0) - since > after


def accounts_unread(accounts: Iterable[Account], cursors: Mapping[str, Cursor]) -> tuple[str, ...]:
    """Usernames of accounts whose own posts cannot be read, or never were yet."""
    return tuple(
        a.username for a in accounts if a.id not in cursors or "posts" in cursors[a.id].faults
    )
