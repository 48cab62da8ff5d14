"""Which stored posts are deleted when they are no longer on X, by the reason that X gives."""

from typing import NamedTuple

from pulse.conversations.facts import ConversationKey, Mention, Reply
from pulse.kernel.posts import RemovalReason

ACCOUNT_REASONS: frozenset[RemovalReason] = frozenset({"protected", "suspended", "deactivated"})
"""What happened to the author's account, not to the one post."""
_POST_REASONS: frozenset[RemovalReason] = frozenset({"deleted", "bounced"})


class StoredPost(NamedTuple):
    """One version of a stored post, without its text.

    `id` is the id of its first version, `key` its conversation.
    """

    id: str
    version: str
    key: ConversationKey
    ours: bool

    def must_be_deleted(self, why: RemovalReason) -> bool:
        """Return whether the post is deleted here for this reason."""
        # Were our own account suspended or protected for a day, deleting its replies would open
        # every conversation that it ever answered: so of ours, only a post that was deleted.
        return not self.ours or why in _POST_REASONS


def stored_post(key: ConversationKey, fact: Mention | Reply) -> StoredPost:
    """Return the stored post of a mention or reply."""
    return StoredPost(fact.id, fact.version, key, ours=isinstance(fact, Reply))
