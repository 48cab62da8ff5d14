"""Reading a timeline from its newest post down to where we stopped last time.

Pages come newest first. A walk remembers how far down it got, so that a backlog larger
than one run goes on in the next; the cursor moves only when the bottom is reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pulse.domain.posts import Post

Endpoint = Literal["mentions", "posts"]
WALL: dict[Endpoint, int] = {"mentions": 700, "posts": 3100}
"""X serves the newest 800 mentions and 3,200 own posts; from here on search goes on."""
SEARCH_REACH = timedelta(days=7) - timedelta(minutes=1)
SEARCH_LAG = timedelta(seconds=11)
"""Search refuses times of its last ten seconds."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest post read to the bottom: where the next walk ends."""

    id: str
    at: datetime


class Bounds(NamedTuple):
    """What limits a reading: posts after and before these ids, from and until these times."""

    since_id: str | None = None
    until_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk down a timeline. `floor` ends it, else `start` does: every walk has one."""

    endpoint: Endpoint
    start: datetime
    floor: Mark | None = None
    end: datetime | None = None
    via: Literal["timeline", "search"] = "timeline"
    newest: Mark | None = None
    oldest: Mark | None = None
    until_id: str | None = None
    read: int = 0

    @property
    def bounds(self) -> Bounds:
        """By id in the timeline; by time in search, which takes no ids beside times."""
        if self.via == "search":
            return Bounds(start=self.start, end=self.end)
        by_id = self.floor.id if self.floor else None
        return Bounds(by_id, self.until_id, None if by_id else self.start, self.end)

    def resumed(self) -> Walk:
        """To go on in another run, from the oldest post read: page tokens may expire."""
        if self.oldest is None:
            return self
        if self.via == "search":
            return replace(self, end=self.oldest.at + _SECOND)
        return replace(self, until_id=self.oldest.id)

    def after(self, posts: Sequence[Post], count: int) -> Walk:
        """The walk after a page of `count` posts, of which these could be read."""
        newest, oldest = self.newest, self.oldest
        for post in posts:
            if newest is None or int(post.version) > int(newest.id):
                newest = Mark(post.version, post.created_at)
            if oldest is None or int(post.version) < int(oldest.id):
                oldest = Mark(post.version, post.created_at)
        return replace(self, newest=newest, oldest=oldest, read=self.read + count)

    def past_the_wall(self, now: datetime) -> Walk | None:
        """The rest of the walk in recent search, when X may have hidden older posts."""
        if self.via == "search" or self.read < WALL[self.endpoint]:
            return None
        latest = now - SEARCH_LAG
        lowest = max(self.floor.at if self.floor else self.start, now - SEARCH_REACH)
        highest = self.oldest.at + _SECOND if self.oldest else None
        return replace(
            self,
            via="search",
            start=min(lowest, latest - _SECOND),
            end=highest if highest is not None and highest < latest else None,
        )

    def out_of_reach(self, now: datetime) -> tuple[datetime, datetime] | None:
        """What neither the timeline nor search can show any more: from, until."""
        wanted = self.floor.at if self.floor else self.start
        reach = now - SEARCH_REACH
        return (wanted, reach) if wanted < reach else None
