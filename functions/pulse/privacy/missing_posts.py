"""After a sweep: X is asked by id for stored posts of its period that it did not serve.

Timelines lose posts, so that a missing post proves nothing; only what X itself reports as deleted
or hidden is deleted. All of it was read today, so that nothing is billed again (D-019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pulse.conversations.store.conversations import ConversationStore
from pulse.conversations.store.own_posts import OwnPosts
from pulse.kernel.company import Company
from pulse.listening.run import FinishedSweep
from pulse.privacy.deletion import PostDeleter
from pulse.privacy.removal import StoredPost, stored_post
from pulse.x.answers import Lookup

if TYPE_CHECKING:
    from pulse.x.client import XClient

_MOST = 1000
"""Posts asked for after one sweep: ten requests, should X serve an empty timeline."""


@dataclass(frozen=True, slots=True)
class MissingPostCheck:
    """Deletes posts that are no longer on X; called with each finished sweep of a poll."""

    company: Company
    x: XClient
    conversations: ConversationStore
    own_posts: OwnPosts
    deleter: PostDeleter
    now: datetime

    def __call__(self, sweep: FinishedSweep) -> tuple[Lookup, int]:
        """Delete the posts of the sweep's period that X says are no longer there.

        Return X's answer, and how many posts were deleted.
        """
        missing: dict[str, StoredPost] = {}
        for post in self._stored(sweep):
            known = missing.get(post.id, post)
            if post.id not in sweep.served:
                missing[post.id] = max(known, post, key=lambda p: int(p.version))
        asked = list(missing.values())[-_MOST:]
        # If X fails in the middle, what it answered until then is still carried out; the next
        # sweep asks for the rest.
        found = self.x.absent([post.version for post in asked])
        gone = {post: found.absent[post.version] for post in asked if post.version in found.absent}
        by = f"@{sweep.timeline.account.username}"
        return found, self.deleter.delete(self.company, gone, self.now, by)

    def _stored(self, sweep: FinishedSweep) -> Iterator[StoredPost]:
        """Yield what is stored of the sweep's timeline, from its start to the end of that day."""
        timeline, start, company = sweep.timeline, sweep.start, self.company.name
        end = start.replace(hour=23, minute=59, second=59, microsecond=999_999)
        for key, fact in self.conversations.published(company, start, end):
            if timeline.holds(fact):
                yield stored_post(key, fact)
        # A post by another account of ours is looked up with that account's own timeline.
        if timeline.endpoint == "posts":
            for post in self.own_posts.published(company, start, end):
                if timeline.holds(post):
                    yield StoredPost(post.id, post.version, None, ours=True)
