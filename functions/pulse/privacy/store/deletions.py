"""Posts go from their conversations; one in which no mention is left goes whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from pulse.audit.entries import AuditRecord
from pulse.audit.store import RemovalEntries
from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.store.changes import ROOM, Loaded
from pulse.conversations.store.conversations import ATTEMPTS, ConversationStore
from pulse.dynamodb.optimistic import attempts
from pulse.dynamodb.table import MAX_ACTIONS
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Policy

_MOST_TOLD = 8
"""Rows of the journal that one transaction may hold: one for each why."""
_AT_ONCE = MAX_ACTIONS - ROOM - _MOST_TOLD
_WHOLE = MAX_ACTIONS - 1 - _MOST_TOLD


class DeletionStore:
    """Removes by the rule of every writer: revision first, facts, one transaction, or again."""

    def __init__(self, conversations: ConversationStore) -> None:
        self._conversations = conversations

    def delete(
        self,
        posts: Mapping[ConversationKey, Collection[str]],
        policy: Policy,
        keep: timedelta | None,
        now: datetime,
        told: RemovalEntries = lambda _: (),
    ) -> int:
        """Remove posts, by their first ids, with all their versions; returns how many there were.

        The journal is told in the same transactions.
        What is not there is no error, so a run that broke off is simply done again. Raises
        `ContentionError` when others never let it through; what was removed by then stays so.
        """
        return sum(
            self._retract(key, set(ids), policy, keep, now, told) for key, ids in posts.items()
        )

    def conversations_ending(
        self, posts: Mapping[ConversationKey, Collection[str]], now: datetime
    ) -> set[ConversationKey]:
        """The conversations that these posts, by their first ids, are all mentions of."""
        found = self._conversations.load(posts)
        return {key for key, loaded in found.items() if _going(loaded, set(posts[key]), now)[1]}

    def conversations_ended(self, keys: Collection[ConversationKey]) -> set[ConversationKey]:
        """Those of the conversations that are no more."""
        return set(keys) - self._conversations.states(keys).keys()

    def _retract(
        self,
        key: ConversationKey,
        ids: set[str],
        policy: Policy,
        keep: timedelta | None,
        now: datetime,
        told: RemovalEntries,
    ) -> int:
        removed: set[str] = set()
        while True:
            exhausted = ContentionError(f"1 conversation, {key}")
            for attempt in attempts(ATTEMPTS, exhausted, self._conversations.pause):
                with attempt:
                    loaded = self._conversations.load([key])[key]
                    going, whole = _going(loaded, ids, now)
                    if not going:
                        if loaded.partly:
                            self._conversations.finish_pending(key, policy, keep)
                        return len(removed)
                    # Of more than one transaction takes, the first part: the next round, or the
                    # next run after a crash, loads what is left and goes on (D-033).
                    part = going if len(going) <= _WHOLE and whole else going[:_AT_ONCE]
                    posts = {f.id for f in part if isinstance(f, (Mention, Reply)) and f.id in ids}
                    new = posts - removed
                    # Rounds of one moment may say the same to the log, and count apart: the
                    # revision tells them apart, and is the same when a round is repeated.
                    apart = f"{key} {loaded.rev}"
                    entries = told(new) if new else ()
                    rows = [AuditRecord(key.company, row, distinct=apart) for row in entries]
                    self._conversations.remove_facts(loaded, part, policy, keep, now, rows)
                    removed |= new


def _going(loaded: Loaded, ids: set[str], now: datetime) -> tuple[Sequence[Fact], bool]:
    """What goes, in which order, and whether that is all of it, but for what is past its time."""
    posts = [f for f in loaded.facts if isinstance(f, (Mention, Reply)) and f.id in ids]
    left = [f for f in loaded.living(now).facts if f not in posts]
    if not posts or any(isinstance(f, Mention) for f in left):
        return sorted(posts, key=_age), False
    return _in_order(loaded.facts), True


def _in_order(facts: Sequence[Fact]) -> list[Fact]:
    """All of a conversation, so that its status stays until it is gone.

    The last mention goes last: by it the conversation is found again after a crash.
    """
    posts = sorted((f for f in facts if isinstance(f, (Mention, Reply))), key=_age)
    last = max((int(f.id) for f in posts if isinstance(f, Mention)), default=0)
    answer = next((f for f in posts if isinstance(f, Reply) and int(f.id) > last), None)
    kept = [*([answer] if answer else []), *(f for f in posts if int(f.id) == last)]
    others = sorted((f for f in facts if f not in posts), key=lambda f: f.at)
    return [*(f for f in posts if f not in kept), *others, *kept]


def _age(post: Mention | Reply) -> tuple[int, int]:
    return int(post.id), int(post.version)
