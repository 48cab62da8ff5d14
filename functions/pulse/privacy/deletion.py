"""Posts that are no longer on X are deleted wherever they are stored; only counts remain."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.audit.store import RemovalEntries
from pulse.authors.store import AuthorCache
from pulse.conversations.facts import NOBODY, ConversationKey, Fact, Mention, Reply
from pulse.conversations.store.conversations import Change, ConversationStore
from pulse.conversations.store.documents import StoredConversation
from pulse.kernel.company import Company
from pulse.kernel.posts import RemovalReason
from pulse.outbox.store.outbox import Outbox
from pulse.privacy.removal import ACCOUNT_REASONS, StoredPost


@dataclass(frozen=True, slots=True)
class PostDeleter:
    """Deletes posts from conversations, the outbox, records of mails, and names."""

    conversations: ConversationStore
    outbox: Outbox
    author_cache: AuthorCache

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
        posts: dict[ConversationKey, set[str]] = defaultdict(set)
        for post in to_delete:
            posts[post.key].add(post.id)

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
        loaded = self.conversations.load(posts)
        emptied = {
            key
            for key, stored in loaded.items()
            if key.customer_id != NOBODY and _facts_left(stored, posts[key], now) == []
        }
        if emptied:
            self.outbox.forget_in_records(company.name, emptied.__contains__)
        self.author_cache.delete(
            {post.key.customer_id for post, why in to_delete.items() if why in ACCOUNT_REASONS}
        )
        deleted = delete_posts(self.conversations, posts, company, now, log_entries)
        # Meanwhile a mail about a conversation may have been sent, and a new mention may have come
        # to one that was about to be deleted. So the conversations that are deleted now are
        # determined again, and cut out of waiting entries and once more out of the records (D-042).
        # A poll under way may still store a post that it read before: the next sweep or compliance
        # job finds it as this one did.
        deleted_keys = {key for key, s in self.conversations.load(emptied).items() if not s.rev}
        if deleted_keys:
            self.outbox.forget_conversations(company.name, deleted_keys.__contains__)
        return deleted


def delete_posts(
    conversations: ConversationStore,
    posts: Mapping[ConversationKey, Collection[str]],
    company: Company,
    now: datetime,
    log_entries: RemovalEntries = lambda _: (),
) -> int:
    """Delete posts, by their first ids, with all their versions; return how many there were.

    A conversation in which no mention is left is deleted as a whole. `log_entries` makes the
    entries of the audit log about the posts of one conversation; they are written in the
    transaction that deletes these (D-029). Posts that are not there are no error, so a run that was
    interrupted is repeated as it is.

    Raises:
        ContentionError: other writers were faster every time. What was deleted so far stays
            deleted.
    """

    def find_facts(stored: StoredConversation) -> Sequence[Fact] | None:
        return _facts_left(stored, posts[stored.key], now)

    def deleted(change: Change) -> set[str]:
        return {post.id for post in _posts(change.before, posts[change.key])}

    def make_records(changes: Sequence[Change]) -> list[AuditRecord]:
        # Two conversations may have equal entries, and both must be counted: key and revision make
        # them distinct.
        return [
            AuditRecord(change.key.company, row, distinct=f"{change.key} {change.before.rev}")
            for change in changes
            for row in log_entries(deleted(change))
        ]

    changes = conversations.change(posts, find_facts, company, make_records)
    return sum(len(deleted(change)) for change in changes)


def _facts_left(
    stored: StoredConversation, ids: Collection[str], now: datetime
) -> list[Fact] | None:
    """Return what is left of a conversation without these posts; None when it has none of them.

    When its last mention is deleted, nothing is left of it, nor when it has expired.
    """
    posts = _posts(stored, ids)
    left = [fact for fact in stored.facts if fact not in posts]
    if not posts:
        return None
    # Replies may be known before the mention that they answer: without them, it would seem to wait.
    had_mention = any(isinstance(fact, Mention) for fact in stored.facts)
    is_alive = any(isinstance(f, Mention if had_mention else Reply) for f in left)
    return left if is_alive and not stored.is_expired(now) else []


def _posts(stored: StoredConversation, ids: Collection[str]) -> list[Mention | Reply]:
    return [f for f in stored.facts if isinstance(f, (Mention, Reply)) and f.id in ids]
