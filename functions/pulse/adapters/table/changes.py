"""Changes of conversations, and how many of them one transaction takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from pulse.adapters.table.client import ACTIONS_AT_ONCE
from pulse.adapters.table.values import At, Item
from pulse.domain.conversation import State
from pulse.domain.facts import Fact, Key

ROOM = 80
"""Actions of conversations in one transaction; the rest is for what people are told."""
_LOAD = 3_000_000
"""Bytes of texts and states in one; DynamoDB takes 4 MB in all."""

Tell = Callable[[Mapping[Key, Sequence[Fact]]], Sequence[tuple[At, Item]]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A conversation as it lies in the table; `rev` is 0 where there is none yet."""

    key: Key
    rev: int
    state: State
    facts: tuple[Fact, ...]
    ttls: Mapping[str, int | None]
    partly: bool = False
    """Whoever wrote it last was not through: some facts may live for another time."""

    def living(self, now: datetime) -> Loaded:
        """Without what DynamoDB is about to remove: it takes days, and an item at a time."""
        ttls = {sk: ttl for sk, ttl in self.ttls.items() if ttl is None or ttl > now.timestamp()}
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


def portion(new: Sequence[Fact]) -> tuple[Fact, ...]:
    """As many of them as one transaction has room for beside their state."""
    fit = sum(load <= _LOAD for load in accumulate(map(load_of, new)))
    return tuple(new[: min(max(fit, 1), ROOM - 1)])


def load_of(fact: Fact) -> int:
    """How large a fact may be as JSON in UTF-8."""
    return 1000 + 6 * len(getattr(fact, "text", ""))


def portions(
    changes: Iterable[Change], room: int, tell: Tell
) -> Iterator[tuple[list[Change], Sequence[tuple[At, Item]]]]:
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


def _told(
    chunk: list[Change], tell: Tell
) -> Iterator[tuple[list[Change], Sequence[tuple[At, Item]]]]:
    """Halved where changes and what they tell of do not both fit."""
    told = tell({change.loaded.key: change.new for change in chunk if change.new})
    size = len(told) + sum(len(change.actions) for change in chunk)
    if size <= ACTIONS_AT_ONCE or len(chunk) == 1:
        yield chunk, told
    else:
        middle = len(chunk) // 2
        yield from _told(chunk[:middle], tell)
        yield from _told(chunk[middle:], tell)


def slices(actions: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The actions, so many at a time."""
    for start in range(0, len(actions), size):
        yield actions[start : start + size]
