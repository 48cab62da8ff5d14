"""The cursor: how far an account was read, its unfinished scans, its faults and rate limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pulse.kernel.company import Account
from pulse.kernel.time import MINUTE, start_of_minute
from pulse.listening.budget import Reads, add_reads
from pulse.listening.scan import Endpoint, HighWater, Purpose, TimelineScan
from pulse.x.access import Limit, Vocabulary
from pulse.x.faults import OpenFault

LATE_WINDOW = timedelta(hours=1)
"""How late X may show a post so that a sweep still finds it."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The progress of reading one account.

    `scans` are the unfinished ones, by their names. `rev` guards against a second writer.
    """

    account_id: str
    watched_from: datetime
    high_water: Mapping[Endpoint, HighWater] = field(default_factory=dict)
    scans: Mapping[str, TimelineScan] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    faults: Mapping[Endpoint, OpenFault] = field(default_factory=dict)
    swept: datetime | None = None
    """The minute of the last sweep that read both timelines to the bottom."""
    last_ok: datetime | None = None
    """The last minute in which the mentions could be read."""
    reads: Reads = field(default_factory=dict)
    vocabulary: Vocabulary = "tweet"
    """The names of parameters that X understood last."""
    rev: int = 0

    def start_scan(self, endpoint: Endpoint, look_back: timedelta) -> TimelineScan:
        """Return the scan of a poll: the unfinished one, or a new one from the newest post down."""
        unfinished = self.unfinished(endpoint, "poll")
        if unfinished is not None:
            return unfinished
        # A scan stops at the newest post that an earlier scan had read down to the bottom. The
        # first one has no such post and stops at a time instead: Pulse takes in a day before it
        # was installed, without alerts about it.
        #
        # `start` matters for the first scan, and for one that X's limit of 800 posts cuts off: it
        # says from when on posts may be missing. Mentions are complete up to an hour before the
        # last poll that succeeded, since posts shown later than that are found by sweeps. Own posts
        # have no "last read" of their own: the last sweep is the time up to which they are known.
        floor, start = self.high_water.get(endpoint), self.watched_from - look_back
        watched = self.last_ok if endpoint == "mentions" else self.swept
        if floor is not None and watched is not None:
            start = max(start, watched - LATE_WINDOW)
        return TimelineScan(endpoint, start, stop_at=floor)

    def unfinished(self, endpoint: Endpoint, purpose: Purpose) -> TimelineScan | None:
        """Return the unfinished scan of a timeline for this purpose, None if there is none."""
        scans = self.scans.values()
        return next((s for s in scans if (s.endpoint, s.purpose) == (endpoint, purpose)), None)

    def finish_scan(self, scan: TimelineScan) -> Cursor:
        """Return the cursor after a scan reached its bottom; a poll's moves the high-water mark."""
        scans = {name: other for name, other in self.scans.items() if name != scan.name}
        # Sweeps and re-reads begin below the mark and may end before polls have read what is
        # above. And X may serve a post late: then the newest of a scan is older than the mark,
        # which never moves back.
        mark, newest = self.high_water.get(scan.endpoint), scan.newest
        if scan.purpose != "poll" or newest is None or (mark and int(mark.id) >= int(newest.id)):
            return replace(self, scans=scans)
        return replace(self, scans=scans, high_water={**self.high_water, scan.endpoint: newest})

    def pause_scan(self, scan: TimelineScan) -> Cursor:
        """Return the cursor with a scan that is not at its bottom yet: another run continues it."""
        return replace(self, scans={**self.scans, scan.name: scan})

    def is_readable(self, endpoint: Endpoint, now: datetime) -> bool:
        """Return whether neither a fault nor the rate limit says to wait."""
        fault, limit = self.faults.get(endpoint), self.limits.get(endpoint)
        return (fault is None or fault.next_try <= now) and (limit is None or limit.allows(now))

    def is_due(self, now: datetime) -> bool:
        """Return whether one of the timelines may be read now."""
        return self.is_readable("mentions", now) or self.is_readable("posts", now)

    def add_reads(self, count: int, now: datetime) -> Cursor:
        """Return the cursor after `count` more posts that X bills."""
        return replace(self, reads=add_reads(self.reads, count, now))

    def unwatched_minutes(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the minutes [start, end) between the last successful poll and this one.

        The first poll's begin when the account was first watched. None if there are none.
        """
        minute = start_of_minute(now)
        since = self.last_ok + MINUTE if self.last_ok else start_of_minute(self.watched_from)
        return (since, minute) if since < minute else None


def is_blind(
    cursor: Cursor | None, pushed_at: datetime | None, now: datetime, after: timedelta
) -> bool:
    """Return whether an account's mentions were not read for longer than `after`.

    For an account that was never read, the time counts from the push of the settings that name it.
    """
    since = pushed_at if cursor is None else cursor.last_ok or cursor.watched_from
    return since is not None and start_of_minute(now) - since > after


def accounts_unread(accounts: Iterable[Account], cursors: Mapping[str, Cursor]) -> tuple[str, ...]:
    """Return usernames of accounts whose own posts cannot be read now, or never were."""
    return tuple(
        a.username for a in accounts if a.id not in cursors or "posts" in cursors[a.id].faults
    )
