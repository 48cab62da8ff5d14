"""What is gone on X goes here as well: why, and which of what we keep."""

from __future__ import annotations

from typing import NamedTuple

from pulse.conversations.facts import ConversationKey, Mention, Reply
from pulse.kernel.posts import RemovalReason

ACCOUNT_REASONS: frozenset[RemovalReason] = frozenset({"protected", "suspended", "deactivated"})
"""It happened to the author's account, not to the one post."""
_POST_REASONS: frozenset[RemovalReason] = frozenset({"deleted", "bounced"})


class StoredPost(NamedTuple):
    """A version of a post that is kept, without its text; `id` is that of its first version.

    `key` is its conversation, None for a post of our own that answers nobody.
    """

    id: str
    version: str
    key: ConversationKey | None
    ours: bool

    def must_be_deleted(self, why: RemovalReason) -> bool:
        """Whether it is removed; a post of ours only when it was deleted.

        Were our account suspended, all that it ever answered would be open again.
        """
        return not self.ours or why in _POST_REASONS


def stored_post(key: ConversationKey, fact: Mention | Reply) -> StoredPost:
    """A mention or reply, as something that is kept."""
    return StoredPost(fact.id, fact.version, key, ours=isinstance(fact, Reply))
