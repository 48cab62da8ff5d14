"""What X says is gone goes from all that is kept; how many and why is noted, nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pulse.audit.entries import LogEntry
from pulse.conversations.facts import ConversationKey
from pulse.kernel.company import Company
from pulse.kernel.posts import RemovalReason
from pulse.privacy.removal import ACCOUNT_REASONS, StoredPost

if TYPE_CHECKING:
    from pulse.authors.store import AuthorCache
    from pulse.outbox.store.outbox import Outbox
    from pulse.privacy.store.deletions import DeletionStore
from pulse.conversations.store.own_posts import OwnPosts


def delete_posts(
    company: Company,
    gone: Mapping[StoredPost, RemovalReason],
    retraction: DeletionStore,
    outbox: Outbox,
    author_cache: AuthorCache,
    own_posts: OwnPosts,
    now: datetime,
    by: str,
) -> int:
    """Remove these posts with all their versions; returns how many. `by` is what found out.

    All of it may be done again; what goes is noted in the same transaction. A poll under way may
    still store one that it read before; the next sweep or compliance job then finds it as it found
    this one.
    """
    going = {post: why for post, why in gone.items() if post.must_be_deleted(why)}
    whys = {post.id: why for post, why in going.items()}
    posts: dict[ConversationKey, set[str]] = defaultdict(set)
    for post in going:
        if post.key is not None:
            posts[post.key].add(post.id)

    def told(ids: Collection[str]) -> list[LogEntry]:
        counted = Counter(whys[post_id] for post_id in ids)
        return [
            LogEntry("removed", now, {"posts": count, "why": why, "by": by})
            for why, count in counted.items()
        ]

    # First what is found by way of the posts: gone in between, they would not lead there again.
    ending = retraction.conversations_ending(posts, now)
    if ending:
        outbox.forget_in_records(company.name, ending.__contains__)
    author_cache.delete(
        {p.key.customer_id for p, why in going.items() if p.key and why in ACCOUNT_REASONS}
    )
    removed = retraction.delete(posts, company.policy, company.retention, now, told)
    # Then what was told meanwhile, and what waits: some other post may have saved a conversation.
    if ended := retraction.conversations_ended(ending):
        outbox.forget_conversations(company.name, ended.__contains__)
    return removed + own_posts.delete(company.name, [p.id for p in going if p.key is None], told)
