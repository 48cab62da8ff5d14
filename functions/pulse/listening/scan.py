"""Scans: reading a timeline from its newest post down to where the last scan ended.

X serves pages newest first. A scan remembers how far down it got, so that a backlog larger than
one run is continued in the next; the high-water mark moves only when a scan reaches the bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pulse.kernel.posts import Post, time_of_id
from pulse.x.access import PageRequest

Endpoint = Literal["mentions", "posts"]
ENDPOINTS: tuple[Endpoint, ...] = ("mentions", "posts")
Purpose = Literal["poll", "sweep", "reread"]
"""A poll reads what is new. A sweep reads today again for posts that X showed late, a re-read does
so before midnight UTC. What is billed, and what is looked up afterwards, depends on it."""
TIMELINE_LIMIT: dict[Endpoint, int] = {"mentions": 700, "posts": 3100}
"""Posts. X serves the newest 800 mentions and 3,200 own posts; from here on, search is used."""
SEARCH_REACH = timedelta(days=7) - timedelta(minutes=5)
"""A little less than X allows: its clock may be ahead of ours."""
SEARCH_LAG = timedelta(seconds=11)
"""Search refuses times within its last ten seconds."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class HighWater:
    """A post down to which, or up to which, everything was read."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TimelineScan:
    """One scan down a timeline. `stop_at` ends it, else `start` does: every scan has a bottom.

    With `stop_at`, `start` is the time from which on there may be posts that were not read yet.
    `newest` and `oldest` are the ends of what it has read so far, `read` the number of posts.
    """

    endpoint: Endpoint
    start: datetime
    stop_at: HighWater | None = None
    end: datetime | None = None
    via: Literal["timeline", "search"] = "timeline"
    newest: HighWater | None = None
    oldest: HighWater | None = None
    until_id: str | None = None
    read: int = 0
    purpose: Purpose = "poll"

    @property
    def name(self) -> str:
        """The name under which a cursor holds it while it is unfinished."""
        return self.endpoint if self.purpose == "poll" else f"{self.purpose}/{self.endpoint}"

    def request(self, now: datetime) -> PageRequest:
        """Return the next request: bounded by ids in the timeline, by times in search (D-006)."""
        if self.via == "search":
            # Search refuses ids beside times, ids older than a week, a start beyond its reach, and
            # times of its last ten seconds. All of these follow the clock, not the scan: a scan
            # that waited for its turn for an hour must not ask for what was allowed an hour ago.
            latest = now - SEARCH_LAG
            lowest = max(self.stop_at.at if self.stop_at else self.start, now - SEARCH_REACH)
            end = self.end if self.end is not None and self.end < latest else None
            return PageRequest(start=min(lowest, latest - _SECOND), end=end)
        by_id = self.stop_at.id if self.stop_at else None
        return PageRequest(by_id, self.until_id, None if by_id else self.start, self.end)

    def resume(self, now: datetime) -> TimelineScan | None:
        """Return the scan as another run continues it, from the oldest post read.

        None when search reaches nothing of it any more.
        """
        # Page tokens expire, so they are not stored. In the timeline the id of the oldest post
        # takes their place. Search knows times only, with whole seconds: the second of the
        # oldest post is read again, since more posts of that second may follow.
        if self.via == "search":
            end = self.oldest.at + _SECOND if self.oldest else self.end
            if end is not None and end - (now - SEARCH_REACH) < _SECOND:
                return None
            return replace(self, end=end)
        return self if self.oldest is None else replace(self, until_id=self.oldest.id)

    def advance(
        self, posts: Sequence[Post], served: int, unreadable_ids: Iterable[str] = ()
    ) -> TimelineScan:
        """Return the scan after a page of `served` posts, some of which could not be read."""
        read = [HighWater(post.version, post.created_at) for post in posts]
        # The id of an unreadable post may move the upper end, or the post would be served, and
        # billed, with each poll until a newer one comes. It never moves the lower end: what an
        # unreadable post says of itself must not let the scan skip anything.
        unreadable = [HighWater(post_id, time_of_id(post_id)) for post_id in unreadable_ids]
        newest = max(filter(None, (self.newest, *unreadable, *read)), key=_number, default=None)
        oldest = min(filter(None, (self.oldest, *read)), key=_number, default=None)
        return replace(self, newest=newest, oldest=oldest, read=self.read + served)

    def continue_in_search(self, now: datetime) -> TimelineScan | None:
        """Return the rest of the scan in recent search, None if the timeline showed all there is.

        That is also None where search cannot reach any of the rest.
        """
        if self.via == "search" or not self._may_hide_older:
            return None
        return replace(self, via="search").resume(now)

    def missing_period(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the period [start, end) that neither timeline nor search showed, None if none.

        This is asked when the scan has reached its bottom (D-045).
        """
        # A scan that ended in the timeline, below the limit, has read everything. Otherwise search
        # had to find the rest, and it reaches seven days back: what is older than that, and newer
        # than what was read before this scan, is lost. `start` is an hour before the account was
        # last read, so that an account with one mention a year does not report a year as lost.
        if self.via == "timeline" and not self._may_hide_older:
            return None
        wanted = max(self.stop_at.at, self.start) if self.stop_at else self.start
        reach = now - SEARCH_REACH
        until = min(self.oldest.at, reach) if self.oldest else reach
        return (wanted, until) if wanted < until else None

    @property
    def _may_hide_older(self) -> bool:
        """Whether X may hide older posts of this timeline, instead of having no more of them.

        X serves a fixed number of newest posts. When a scan was interrupted, newer posts have since
        pushed others past that limit, so that an empty page proves nothing (D-045).
        """
        return self.read >= TIMELINE_LIMIT[self.endpoint] or self.until_id is not None


def _number(mark: HighWater) -> int:
    return int(mark.id)  # ids are compared as numbers: as texts, "9" would be newer than "10"
