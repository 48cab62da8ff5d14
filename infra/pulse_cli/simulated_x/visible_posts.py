"""The posts that X shows at an instant, updated as the clock moves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.archived_posts import ArchivedPost, PostRemoval

SEARCH_WINDOW = timedelta(days=7)
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class VisiblePosts:
    """The visible posts, in lists by `ArchiveIndex.list_keys`; ids are rising integers.

    Call `advance_to(now)` first. If the clock goes back, all lists are built again.
    """

    def __init__(self, archive: Archive, since: datetime | None = None) -> None:
        self._archive = archive
        self._since = since or archive.since or BEFORE_ALL
        posts = [post for post in archive.posts if post.created_at >= self._since]
        self._in_order = all(a.created_at <= b.created_at for a, b in pairwise(posts))
        self._posts = {post.number: post for post in posts}
        self._appear: list[tuple[datetime, ArchivedPost]] = []
        self._vanish: list[tuple[datetime, ArchivedPost]] = []
        for post in posts:
            ends = self._visible_until(post)
            if ends is None or ends > post.visible_at:
                self._appear.append((post.visible_at, post))
                if ends is not None:
                    self._vanish.append((ends, post))
        removal = {post.first_id: archive.index.removals.get(post.first_id) for post in posts}
        self._removals = sorted(one.at for one in removal.values() if one is not None)
        self._appear.sort(key=_instant)
        self._vanish.sort(key=_instant)
        self._now = BEFORE_ALL
        self._lists: dict[str, list[int]] = {}
        self._appeared = self._vanished = 0
        self._late_times = sorted(at for at, post in self._appear if at > post.created_at)
        self._changes = sorted(
            {at for at, _ in self._appear}
            | {at for at, _ in self._vanish}
            | {edge for fault in archive.faults for edge in fault.edges}
        )

    def advance_to(self, now: datetime) -> None:
        """Bring the lists to this instant."""
        if now < self._now:
            self._start_over()
        self._now = now
        while self._appeared < len(self._appear) and self._appear[self._appeared][0] <= now:
            post = self._appear[self._appeared][1]
            for key in self._archive.index.list_keys(post):
                insort(self._lists.setdefault(key, []), post.number)
            self._appeared += 1
        while self._vanished < len(self._vanish) and self._vanish[self._vanished][0] <= now:
            post = self._vanish[self._vanished][1]
            for key in self._archive.index.list_keys(post):
                ids = self._lists[key]
                del ids[bisect_left(ids, post.number)]
            self._vanished += 1

    def ids_in(self, key: str) -> Sequence[int]:
        """Return the ids of one list, rising; the caller must not change it."""
        return self._lists.get(key, ())

    def post(self, number: int) -> ArchivedPost:
        """Return a post by its id, whether it is visible or not."""
        return self._posts[number]

    def find(self, post_id: str) -> ArchivedPost | None:
        """Return a post that X would show if asked by id, of any company; None if it would not."""
        post = self._archive.index.by_id.get(post_id)
        if post is None or post.created_at < self._since or post.visible_at > self._now:
            return None
        return None if self.removal_of(post, self._now) else post

    def removal_of(self, post: ArchivedPost, at: datetime) -> PostRemoval | None:
        """Return a post's removal if it is past; None for a `lost` post, which can be looked up."""
        removal = self._archive.index.removals.get(post.first_id)
        return (
            removal
            if removal is not None and removal.at <= at and removal.reason != "lost"
            else None
        )

    def between(
        self, ids: Sequence[int], start: datetime | None, end: datetime | None
    ) -> tuple[int, int]:
        """Return the indexes between which a list has the posts published in [start, end).

        Other posts may be between them, too: the caller has to check the time of each.
        """
        # Bisecting needs times that rise with the ids, which made-up archives may not have.
        if not self._in_order:
            return 0, len(ids)
        low = bisect_left(ids, start, key=self._created_at) if start else 0
        high = bisect_left(ids, end, key=self._created_at) if end else len(ids)
        return low, high

    def newest_unsearchable(self) -> int | None:
        """Return the newest id that recent search no longer accepts; None if there is none."""
        ids = self.ids_in("")
        too_old, _ = self.between(ids, self._now - SEARCH_WINDOW, None)
        return ids[too_old - 1] if too_old else None

    def next_change(self, after: datetime) -> datetime | None:
        """Return the first later instant at which posts come or go, or a fault begins or ends."""
        index = bisect_right(self._changes, after)
        return self._changes[index] if index < len(self._changes) else None

    def has_late_posts(self, since: datetime, until: datetime) -> bool:
        """Return whether X began in (since, until] to show a post that was published earlier."""
        return bisect_right(self._late_times, until) > bisect_right(self._late_times, since)

    def has_removals(self, since: datetime, until: datetime) -> bool:
        """Return whether a post was removed in (since, until]."""
        return bisect_right(self._removals, until) > bisect_right(self._removals, since)

    @property
    def last_removal(self) -> datetime | None:
        """When the last of all removals happens, None if no post is ever removed."""
        return self._removals[-1] if self._removals else None

    def _visible_until(self, post: ArchivedPost) -> datetime | None:
        """Return when a version leaves the lists, replaced or removed; None if it never does."""
        hidden, removal = (
            self._archive.index.replaced_at.get(post.id),
            self._archive.index.removals.get(post.first_id),
        )
        return min((at for at in (hidden, removal.at if removal else None) if at), default=None)

    def _start_over(self) -> None:
        self._lists.clear()
        self._appeared = self._vanished = 0

    def _created_at(self, number: int) -> datetime:
        return self._posts[number].created_at


def _instant(entry: tuple[datetime, ArchivedPost]) -> datetime:
    return entry[0]
