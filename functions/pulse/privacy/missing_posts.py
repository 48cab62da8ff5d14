"""After a sweep: X is asked by id for stored posts of its period that it did not serve.

Timelines lose posts, so that a missing post proves nothing; only what X itself reports as deleted
or hidden is deleted. All of it was read today, so that nothing is billed again (D-019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pulse.conversations.facts import Mention
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.company import Company
from pulse.listening.run import FinishedSweep, SweepCheck
from pulse.privacy.deletion import PostDeleter
from pulse.privacy.removal import StoredPost, stored_post

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
    deleter: PostDeleter
    now: datetime

    def __call__(self, sweep: FinishedSweep) -> SweepCheck:
        """Delete the posts of the sweep's period that X says are no longer there."""
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
        removed = self.deleter.delete(self.company, gone, self.now, by)
        return SweepCheck(found.requested, found.served, removed, found.limit, found.error)

    def _stored(self, sweep: FinishedSweep) -> Iterator[StoredPost]:
        """Yield what is stored of the sweep's timeline, from its start to the end of that day."""
        timeline, start = sweep.timeline, sweep.start
        end = start.replace(hour=23, minute=59, second=59, microsecond=999_999)
        for stored, fact in self.conversations.published(self.company, start, end):
            # A post by another account of ours is looked up with that account's own timeline.
            is_looked_up = timeline.endpoint == "posts" or isinstance(fact, Mention)
            if timeline.holds(fact) and is_looked_up:
                yield stored_post(stored.key, fact)
