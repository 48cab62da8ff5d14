"""Posts that are no longer on X are deleted wherever they are stored; only counts remain."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from pulse.audit.entries import LogEntry
from pulse.authors.store import AuthorCache
from pulse.conversations.facts import ConversationKey
from pulse.conversations.store.own_posts import OwnPosts
from pulse.kernel.company import Company
from pulse.kernel.posts import RemovalReason
from pulse.outbox.store.outbox import Outbox
from pulse.privacy.removal import ACCOUNT_REASONS, StoredPost
from pulse.privacy.store.deletions import DeletionStore


@dataclass(frozen=True, slots=True)
class PostDeleter:
    """Deletes posts from conversations, own posts, the outbox, records of mails, and names."""

    deletions: DeletionStore
    outbox: Outbox
    author_cache: AuthorCache
    own_posts: OwnPosts

    def delete(
        self,
        company: Company,
        gone: Mapping[StoredPost, RemovalReason],
        now: datetime,
        found_by: str,
    ) -> int:
        """Delete these posts with all their versions, and return how many there were.

        `found_by` names, for the audit log, the check that found out. After a crash, the same call
        can be made again.

        Raises:
            ContentionError: others kept writing a conversation; what was deleted so far stays so.
        """
        to_delete = {post: why for post, why in gone.items() if post.must_be_deleted(why)}
        reasons = {post.id: why for post, why in to_delete.items()}
        by_conversation: dict[ConversationKey, set[str]] = defaultdict(set)
        for post in to_delete:
            if post.key is not None:
                by_conversation[post.key].add(post.id)
        customers = {
            post.key.customer_id
            for post, why in to_delete.items()
            if post.key is not None and why in ACCOUNT_REASONS
        }

        def log_entries(ids: Collection[str]) -> list[LogEntry]:
            # Written in the transaction that deletes (D-029). If it were written before, a crash
            # would leave the count of a post that is still stored; after, an uncounted deletion.
            counts = Counter(reasons[post_id] for post_id in ids)
            return [
                LogEntry("removed", now, {"posts": count, "why": why, "by": found_by})
                for why, count in counts.items()
            ]

        # The order of these steps is what makes a crash between any two of them harmless. Records
        # of mails and names are found by way of the posts; once the posts are deleted, a second
        # run could not find them. So these are deleted first, and the posts last. Entries in the
        # outbox are not touched yet: while its posts are stored, people must still be alerted of a
        # conversation, in case the deletion never succeeds.
        emptied = self.deletions.find_emptied(by_conversation, now)
        if emptied:
            self.outbox.forget_in_records(company.name, emptied.__contains__)
        self.author_cache.delete(customers)
        deleted = self.deletions.delete(
            by_conversation, company.policy, company.retention, now, log_entries
        )
        # Meanwhile a mail about a conversation may have been sent, and a new mention may have come
        # to one that was about to be deleted. So the conversations that are deleted now are
        # determined again, and cut out of waiting entries and once more out of the records (D-042).
        # A poll under way may still store a post that it read before: the next sweep or compliance
        # job finds it as this one did.
        if deleted_keys := self.deletions.find_deleted(emptied):
            self.outbox.forget_conversations(company.name, deleted_keys.__contains__)
        own = [post.id for post in to_delete if post.key is None]
        return deleted + self.own_posts.delete(company.name, own, log_entries)
