"""Reading a timeline from its newest post down to where we stopped last time.

Pages come newest first. A walk remembers how far down it got, so that a backlog larger
than one run goes on in the next; the cursor moves only when the bottom is reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pulse.kernel.posts import Post, time_of_id
from pulse.x.access import Bounds

Endpoint = Literal["mentions", "posts"]
TIMELINE_LIMIT: dict[Endpoint, int] = {"mentions": 700, "posts": 3100}
"""X serves the newest 800 mentions and 3,200 own posts; from here on search goes on."""
SEARCH_REACH = timedelta(days=7) - timedelta(minutes=5)
"""A little less than X allows, whose clock may be ahead of ours."""
SEARCH_LAG = timedelta(seconds=11)
"""Search refuses times of its last ten seconds."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class HighWater:
    """The newest post read to the bottom: where the next walk ends."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TimelineScan:
    """One walk down a timeline. `floor` ends it, else `start` does: every walk has one.

    With a floor, `start` is from when on there may be what was not read before.
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

    def bounds(self, now: datetime) -> Bounds:
        """By id in the timeline; by time in search, which takes no ids beside times."""
        if self.via == "search":
            latest = now - SEARCH_LAG
            lowest = max(self.stop_at.at if self.stop_at else self.start, now - SEARCH_REACH)
            end = self.end if self.end is not None and self.end < latest else None
            return Bounds(start=min(lowest, latest - _SECOND), end=end)
        by_id = self.stop_at.id if self.stop_at else None
        return Bounds(by_id, self.until_id, None if by_id else self.start, self.end)

    def resume(self, now: datetime) -> TimelineScan | None:
        """To go on in another run, from the oldest post read: page tokens may expire.

        None when search reaches nothing of it any more.
        """
        if self.via == "search":
            end = self.oldest.at + _SECOND if self.oldest else self.end
            if end is not None and end - (now - SEARCH_REACH) < _SECOND:
                return None
            return replace(self, end=end)
        return self if self.oldest is None else replace(self, until_id=self.oldest.id)

    def advance(self, posts: Sequence[Post], count: int, aside: Iterable[str] = ()) -> TimelineScan:
        """The walk after a page of `count` posts: these could be read, those ids lie aside."""
        newest, oldest = self.newest, self.oldest
        for post_id in aside:
            if newest is None or int(post_id) > int(newest.id):
                newest = HighWater(post_id, time_of_id(post_id))
        for post in posts:
            if newest is None or int(post.version) > int(newest.id):
                newest = HighWater(post.version, post.created_at)
            if oldest is None or int(post.version) < int(oldest.id):
                oldest = HighWater(post.version, post.created_at)
        return replace(self, newest=newest, oldest=oldest, read=self.read + count)

    def continue_in_search(self, now: datetime) -> TimelineScan | None:
        """The rest of the walk in recent search, when X may have hidden older posts."""
        if self.via == "search" or not self._may_hide_older:
            return None
        return replace(self, via="search").resume(now)

    def missing_period(self, now: datetime) -> tuple[datetime, datetime] | None:
        """What neither the timeline nor search showed, now that this is the bottom: from, until."""
        if self.via == "timeline" and not self._may_hide_older:
            return None
        wanted = max(self.stop_at.at, self.start) if self.stop_at else self.start
        reach = now - SEARCH_REACH
        until = min(self.oldest.at, reach) if self.oldest else reach
        return (wanted, until) if wanted < until else None

    @property
    def _may_hide_older(self) -> bool:
        """Whether X may hide older posts: of one gone on with, newer ones have moved the wall."""
        return self.read >= TIMELINE_LIMIT[self.endpoint] or self.until_id is not None
