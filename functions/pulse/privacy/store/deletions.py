"""Deleting posts from conversations; one in which no mention is left is deleted as a whole."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from pulse.audit.entries import AuditRecord
from pulse.audit.store import RemovalEntries
from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.store.changes import MAX_CONVERSATION_ACTIONS, StoredConversation
from pulse.conversations.store.conversations import ATTEMPTS, ConversationStore
from pulse.dynamodb.optimistic import attempts
from pulse.dynamodb.table import MAX_ACTIONS
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Policy

_MAX_LOG_ENTRIES = 8
"""Entries of the audit log in one transaction: one for each reason, of which there are fewer."""
_MAX_FACTS_OF_PART = MAX_ACTIONS - MAX_CONVERSATION_ACTIONS - _MAX_LOG_ENTRIES
"""Facts that one transaction deletes where others stay: the state and its facts are written too."""
_MAX_FACTS_OF_WHOLE = MAX_ACTIONS - 1 - _MAX_LOG_ENTRIES
"""Facts that one transaction deletes together with their state."""


class DeletionStore:
    """Deletes by the rule of all writers: revision, then facts, then one transaction (D-012)."""

    def __init__(self, conversations: ConversationStore) -> None:
        self._conversations = conversations

    def delete(
        self,
        posts: Mapping[ConversationKey, Collection[str]],
        policy: Policy,
        retention: timedelta | None,
        now: datetime,
        log_entries: RemovalEntries = lambda _: (),
    ) -> int:
        """Delete posts, by their first ids, with all their versions; return how many there were.

        `log_entries` makes the entries of the audit log about the posts that one transaction
        deletes; they are written with it (D-029). Posts that are not there are no error, so a run
        that was interrupted is repeated as it is.

        Raises:
            ContentionError: other writers were faster every time. What was deleted so far stays
                deleted.
        """
        return sum(
            self._delete_from_conversation(key, set(ids), policy, retention, now, log_entries)
            for key, ids in posts.items()
        )

    def find_emptied(
        self, posts: Mapping[ConversationKey, Collection[str]], now: datetime
    ) -> set[ConversationKey]:
        """Return the conversations that are left with no mention if these posts are deleted.

        The posts are given by their first ids. Expired mentions do not count.
        """
        found = self._conversations.load(posts)
        return {
            key
            for key, loaded in found.items()
            if _facts_to_delete(loaded, set(posts[key]), now)[1]
        }

    def find_deleted(self, keys: Collection[ConversationKey]) -> set[ConversationKey]:
        """Return those of the conversations that are not stored any more."""
        return set(keys) - self._conversations.states(keys).keys()

    def _delete_from_conversation(
        self,
        key: ConversationKey,
        ids: set[str],
        policy: Policy,
        retention: timedelta | None,
        now: datetime,
        log_entries: RemovalEntries,
    ) -> int:
        deleted: set[str] = set()
        while True:
            exhausted = ContentionError(f"1 conversation, {key}")
            for attempt in attempts(ATTEMPTS, exhausted, self._conversations.pause):
                with attempt:
                    loaded = self._conversations.load([key])[key]
                    facts, is_whole = _facts_to_delete(loaded, ids, now)
                    if not facts:
                        if loaded.unfinished:
                            self._conversations.finish_pending(key, policy, retention)
                        return len(deleted)
                    # What does not fit into one transaction is deleted in parts: the next round, or
                    # the next run after a crash, loads what is left and continues (D-033).
                    fits = is_whole and len(facts) <= _MAX_FACTS_OF_WHOLE
                    part = facts if fits else facts[:_MAX_FACTS_OF_PART]
                    posts = {f.id for f in part if isinstance(f, (Mention, Reply)) and f.id in ids}
                    # The versions of a post may be deleted in two parts, but it is logged once.
                    new = posts - deleted
                    # Two parts may have equal entries, and both must be counted: the revision makes
                    # them distinct. It is the same if a part is repeated, which is not counted
                    # twice.
                    distinct = f"{key} {loaded.rev}"
                    entries = log_entries(new) if new else ()
                    records = [AuditRecord(key.company, e, distinct=distinct) for e in entries]
                    self._conversations.remove_facts(loaded, part, policy, retention, now, records)
                    deleted |= new


def _facts_to_delete(
    loaded: StoredConversation, ids: set[str], now: datetime
) -> tuple[Sequence[Fact], bool]:
    """Return what to delete with these posts, in order, and whether that is the whole conversation.

    It is the whole when no other mention is left, apart from facts that have expired.
    """
    posts = [f for f in loaded.facts if isinstance(f, (Mention, Reply)) and f.id in ids]
    left = [f for f in loaded.without_expired(now).facts if f not in posts]
    if not posts or any(isinstance(f, Mention) for f in left):
        return sorted(posts, key=_id_and_version), False
    return _in_order_of_deletion(loaded.facts), True


def _in_order_of_deletion(facts: Sequence[Fact]) -> list[Fact]:
    """Return all facts of a conversation: the last mention and its answer come last."""
    # Between two parts, the state is folded from what is left. If the answer went before the
    # mention, the conversation would be open in between, and people would be alerted of it. And
    # the mention must not go first: after a crash, a run finds the conversation by its posts.
    posts = sorted((f for f in facts if isinstance(f, (Mention, Reply))), key=_id_and_version)
    last = max((int(f.id) for f in posts if isinstance(f, Mention)), default=0)
    answer = next((f for f in posts if isinstance(f, Reply) and int(f.id) > last), None)
    at_the_end = [*([answer] if answer else []), *(f for f in posts if int(f.id) == last)]
    others = sorted((f for f in facts if f not in posts), key=lambda f: f.at)
    return [*(f for f in posts if f not in at_the_end), *others, *at_the_end]


def _id_and_version(post: Mention | Reply) -> tuple[int, int]:
    # As numbers: as texts, "10" would come before "9".
    return int(post.id), int(post.version)
