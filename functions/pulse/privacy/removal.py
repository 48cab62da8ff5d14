"""What is gone on X goes here as well: why, and which of what we keep."""

from __future__ import annotations

from typing import NamedTuple

from pulse.conversations.facts import Key, Mention, Reply
from pulse.kernel.posts import Why

OF_THE_ACCOUNT: frozenset[Why] = frozenset({"protected", "suspended", "deactivated"})
"""It happened to the author's account, not to the one post."""
_OF_THE_POST: frozenset[Why] = frozenset({"deleted", "bounced"})


class Held(NamedTuple):
    """A version of a post that is kept, without its text; `id` is that of its first version.

    `key` is its conversation, None for a post of our own that answers nobody.
    """

    id: str
    version: str
    key: Key | None
    ours: bool

    def goes(self, why: Why) -> bool:
        """Whether it is removed; a post of ours only when it was deleted.

        Were our account suspended, all that it ever answered would be open again.
        """
        return not self.ours or why in _OF_THE_POST


def held(key: Key, fact: Mention | Reply) -> Held:
    """A mention or reply, as something that is kept."""
    return Held(fact.id, fact.version, key, ours=isinstance(fact, Reply))
