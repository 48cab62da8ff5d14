"""Changes of conversations, and how they are divided among transactions.

DynamoDB limits a transaction to 100 actions and 4 MB. What does not fit into one transaction is
written in the next, under a revision of its own (D-033).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.fold import State
from pulse.dynamodb.codec import Item
from pulse.dynamodb.table import MAX_ACTIONS

MAX_CONVERSATION_ACTIONS = 80
"""Actions on states and facts in one transaction. The other 20 are for records written with them,
such as the outbox entries about new flags."""
_MAX_BYTES = 3_000_000
"""Bytes of states and facts in one transaction, leaving 1 MB for keys, attributes and records."""

MakeRecords = Callable[[Mapping[ConversationKey, Sequence[Fact]]], Sequence[object]]
"""Returns the records to write with new facts, given the new facts of one transaction."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation as it was read from the table.

    `rev` is the revision of its state, 0 where there is no state yet. `ttls` holds the time to
    live of each fact by its token, and `ttl` that of the state: in epoch seconds, None for ever.
    """

    key: ConversationKey
    rev: int
    state: State
    facts: tuple[Fact, ...]
    ttls: Mapping[str, int | None]
    unfinished: bool = False
    """The last change did not fit into one transaction: the time to live of some facts is still to
    be written (D-033)."""
    ttl: int | None = None

    def is_expired(self, now: datetime) -> bool:
        """Return whether the whole conversation is past its time to live."""
        return _is_past(self.ttl, now)

    def without_expired(self, now: datetime) -> StoredConversation:
        """Return the conversation without the facts that are past their time to live."""
        # DynamoDB removes expired items one by one, up to some days late. Folding those that are
        # still there would bring back half of an old conversation. A fact that the state lists
        # lives as long as the state, whatever its own time to live says: the longer one may still
        # have to be written, if the last change is unfinished (D-040).
        ttls = {
            sk: ttl
            for sk, ttl in self.ttls.items()
            if not self.is_expired(now) and (sk in self.state.facts or not _is_past(ttl, now))
        }
        return replace(self, facts=tuple(f for f in self.facts if f.token in ttls), ttls=ttls)


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction writes of one conversation."""

    loaded: StoredConversation
    new_facts: tuple[Fact, ...]
    actions: list[Item]
    unfinished: bool
    """Something did not fit: the conversation must be loaded and changed again."""
    size: int
    """Upper estimate of what is written, in bytes."""


def _is_past(ttl: int | None, now: datetime) -> bool:
    return ttl is not None and ttl <= now.timestamp()


def limit_to_transaction(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return the first of these facts, as many as one transaction takes together with the state.

    The first is always among them, however large it is.
    """
    fitting = sum(size <= _MAX_BYTES for size in accumulate(map(estimate_size, facts)))
    return tuple(facts[: min(max(fitting, 1), MAX_CONVERSATION_ACTIONS - 1)])


def estimate_size(fact: Fact) -> int:
    """Return the most bytes that a fact may take as JSON in UTF-8."""
    # JSON escapes a control character in six bytes; in UTF-8 no character takes more than four.
    return 1000 + 6 * len(getattr(fact, "text", ""))


def divide_into_transactions(
    changes: Iterable[Change], max_actions: int, make_records: MakeRecords
) -> Iterator[tuple[list[Change], Sequence[object]]]:
    """Yield the changes that go into one transaction, with the records to write with them.

    The changes of a chunk have at most `max_actions` actions, but a chunk holds at least one.
    """
    chunk: list[Change] = []
    actions = size = 0
    for change in changes:
        if chunk and (
            actions + len(change.actions) > max_actions or size + change.size > _MAX_BYTES
        ):
            yield from _halve_until_fitting(chunk, make_records)
            chunk, actions, size = [], 0, 0
        chunk.append(change)
        actions += len(change.actions)
        size += change.size
    if chunk:
        yield from _halve_until_fitting(chunk, make_records)


def _halve_until_fitting(
    chunk: list[Change], make_records: MakeRecords
) -> Iterator[tuple[list[Change], Sequence[object]]]:
    # How many records there are is known only when they are made, and depends on the chunk: many
    # conversations may share one outbox entry. So they are made again for each half.
    records = make_records(
        {change.loaded.key: change.new_facts for change in chunk if change.new_facts}
    )
    actions = len(records) + sum(len(change.actions) for change in chunk)
    if actions <= MAX_ACTIONS or len(chunk) == 1:
        yield chunk, records
    else:
        middle = len(chunk) // 2
        yield from _halve_until_fitting(chunk[:middle], make_records)
        yield from _halve_until_fitting(chunk[middle:], make_records)


def known_at(facts: Sequence[Fact]) -> datetime:
    """Return when the latest of these facts became known to Pulse."""
    # A post that X shows late was published long before Pulse stored it. This serves as the
    # present time of a write, so that the result does not depend on a clock.
    return max(f.stored_at or f.at if isinstance(f, (Mention, Reply)) else f.at for f in facts)
