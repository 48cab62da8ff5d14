"""Changes of conversations, and how many of them one transaction takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.fold import State
from pulse.dynamodb.codec import Item
from pulse.dynamodb.table import MAX_ACTIONS

ROOM = 80
"""Actions of conversations in one transaction; the rest is for what people are told."""
_LOAD = 3_000_000
"""Bytes of texts and states in one; DynamoDB takes 4 MB in all."""

Tell = Callable[[Mapping[ConversationKey, Sequence[Fact]]], Sequence[object]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A conversation as it lies in the table; `rev` is 0 where there is none yet."""

    key: ConversationKey
    rev: int
    state: State
    facts: tuple[Fact, ...]
    ttls: Mapping[str, int | None]
    partly: bool = False
    """Whoever wrote it last was not through: some facts may live for another time."""
    ttl: int | None = None
    """Of the state."""

    def over(self, now: datetime) -> bool:
        """Whether all of it is past its time."""
        return _past(self.ttl, now)

    def living(self, now: datetime) -> Loaded:
        """Without what DynamoDB is about to remove: it takes days, and an item at a time.

        What the state lists lives as long as the state, whatever is yet to be written.
        """
        ttls = {
            sk: ttl
            for sk, ttl in self.ttls.items()
            if not self.over(now) and (sk in self.state.facts or not _past(ttl, now))
        }
        return replace(self, facts=tuple(f for f in self.facts if f.token in ttls), ttls=ttls)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written of one conversation."""

    loaded: Loaded
    new: tuple[Fact, ...]
    actions: list[Item]
    more: bool
    """One transaction does not take it all: the rest is found when it is loaded again."""
    load: int
    """Bytes, at most, of what is written."""


def _past(ttl: int | None, now: datetime) -> bool:
    return ttl is not None and ttl <= now.timestamp()


def portion(new: Sequence[Fact]) -> tuple[Fact, ...]:
    """As many of them as one transaction has room for beside their state."""
    fit = sum(load <= _LOAD for load in accumulate(map(load_of, new)))
    return tuple(new[: min(max(fit, 1), ROOM - 1)])


def load_of(fact: Fact) -> int:
    """How large a fact may be as JSON in UTF-8."""
    return 1000 + 6 * len(getattr(fact, "text", ""))


def portions(
    changes: Iterable[Change], room: int, tell: Tell
) -> Iterator[tuple[list[Change], Sequence[object]]]:
    """Changes that go into one transaction of `room` actions, with what they tell of."""
    chunk: list[Change] = []
    size = load = 0
    for change in changes:
        if chunk and (size + len(change.actions) > room or load + change.load > _LOAD):
            yield from _told(chunk, tell)
            chunk, size, load = [], 0, 0
        chunk.append(change)
        size += len(change.actions)
        load += change.load
    if chunk:
        yield from _told(chunk, tell)


def _told(chunk: list[Change], tell: Tell) -> Iterator[tuple[list[Change], Sequence[object]]]:
    """Halved where changes and what they tell of do not both fit."""
    told = tell({change.loaded.key: change.new for change in chunk if change.new})
    size = len(told) + sum(len(change.actions) for change in chunk)
    if size <= MAX_ACTIONS or len(chunk) == 1:
        yield chunk, told
    else:
        middle = len(chunk) // 2
        yield from _told(chunk[:middle], tell)
        yield from _told(chunk[middle:], tell)


def revision(loaded: Loaded, new: Sequence[Fact]) -> int:
    """One more; a new conversation begins with the time.

    So none that was removed, and comes back, ever has a revision twice.
    """
    return loaded.rev + 1 if loaded.rev else int(known_at(new).timestamp() * 1000)


def known_at(new: Sequence[Fact]) -> datetime:
    """When the newest of these came to be known here."""
    return max(f.stored_at or f.at if isinstance(f, (Mention, Reply)) else f.at for f in new)


def slices(actions: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The actions, so many at a time."""
    for start in range(0, len(actions), size):
        yield actions[start : start + size]
