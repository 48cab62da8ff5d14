"""Conversations: facts and the state folded from them, written together.

A writer reads the state's revision first and the facts after it, adds what it knows,
folds, and writes facts and state in one transaction that holds only while the revision
stands; else it reads again. What it tells people goes into the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pulse.adapters.table.client import ACTIONS_AT_ONCE, At, CancelledError, Item, Table, stamp
from pulse.adapters.table.items import (
    STATE,
    fact_item,
    fact_of,
    is_fact,
    key_of,
    open_index,
    partition,
    published_in,
    state_of,
    state_values,
    ttl_of,
)
from pulse.domain.conversation import State, fold
from pulse.domain.facts import Fact, Key, Mention, Reply
from pulse.domain.policy import Policy

ATTEMPTS = 12
ROOM = 80
"""Actions of conversations in one transaction; the rest is for what people are told."""

Decide = Callable[[Key, State], Sequence[Fact]]
Tell = Callable[[Mapping[Key, Sequence[Fact]]], Sequence[tuple[At, Item]]]


class ContentionError(Exception):
    """Others wrote the same conversations all the time; try again later."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A conversation as it lies in the table; `rev` is 0 where there is none yet."""

    key: Key
    rev: int
    state: State
    facts: tuple[Fact, ...]
    ttls: Mapping[str, int | None]

    def living(self, now: datetime) -> Loaded:
        """Without what DynamoDB is about to remove: it takes days, and an item at a time."""
        ttls = {sk: ttl for sk, ttl in self.ttls.items() if ttl is None or ttl > now.timestamp()}
        return replace(self, facts=tuple(f for f in self.facts if f.token in ttls), ttls=ttls)


@dataclass(frozen=True, slots=True)
class _Change:
    loaded: Loaded
    new: tuple[Fact, ...]
    actions: list[Item]
    before: list[Item]
    """What a single transaction has no room for: the time-to-live of many facts."""
    more: bool
    """There were more new facts than one transaction takes."""


class Conversations:
    """All conversations of a deployment."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, keys: Iterable[Key]) -> dict[Key, Loaded]:
        """Revisions first, then every fact of each, consistent."""
        return {key: self._load(key, head) for key, head in self._heads(keys).items()}

    def states(self, keys: Iterable[Key]) -> dict[Key, State]:
        """The states alone, of those that exist."""
        wanted = {At(partition(k), STATE): k for k in keys}
        found = self._table.get_many(wanted)
        return {wanted[at]: state_of(item) for at, item in found.items()}

    def add(
        self, facts: Mapping[Key, Sequence[Fact]], policy: Policy, keep: timedelta | None
    ) -> int:
        """Store what is not known yet; returns how many facts were new."""
        written = self.amend(list(facts), lambda key, _: facts[key], policy, keep)
        return sum(len(new) for new in written.values())

    def amend(
        self,
        keys: Sequence[Key],
        decide: Decide,
        policy: Policy,
        keep: timedelta | None,
        tell: Tell = lambda _: (),
    ) -> dict[Key, tuple[Fact, ...]]:
        """Add to each conversation the facts that `decide` finds from its present state.

        `tell` gets the new facts of one transaction and returns items to write with them.
        Returns the new facts by conversation. Raises `ContentionError` when others never
        let it through; what was written by then stays.
        """
        written: dict[Key, tuple[Fact, ...]] = {}
        left = list(keys)
        for attempt in range(ATTEMPTS):
            changes = [
                change
                for key, head in self._heads(left).items()
                if (change := self._change(key, head, decide, policy, keep)) is not None
            ]
            left = []
            for chunk, told in _portions(_chunks(changes, 1 if attempt else ROOM), tell):
                try:
                    self._write(chunk, told)
                except CancelledError:
                    left += [change.loaded.key for change in chunk]
                else:
                    for change in chunk:
                        key = change.loaded.key
                        written[key] = written.get(key, ()) + change.new
                        left += [key] if change.more else []
            if not left:
                return written
        raise ContentionError(f"{len(left)} conversations, the first {left[0]}")

    def refold(self, keys: Sequence[Key], policy: Policy, keep: timedelta | None) -> None:
        """Write the states anew where an older version of the policy folded them."""
        for _ in range(ATTEMPTS):
            heads, keys = self._heads(keys), []
            for key, head in heads.items():
                if head is None or head["policy"] >= policy.version:
                    continue
                change = self._fold(self._load(key, head), (), policy, keep)
                try:
                    self._write([change], ())
                except CancelledError:
                    keys.append(key)
            if not keys:
                return
        raise ContentionError(f"{len(keys)} conversations, the first {keys[0]}")

    def without(
        self, loaded: Loaded, gone: Sequence[Fact], policy: Policy, keep: timedelta | None
    ) -> None:
        """Write a conversation without some of its facts; without all of them it is no more.

        At most as many as one transaction has room for beside `ROOM`; `CancelledError`.
        """
        tokens = {f.token for f in gone}
        left = tuple(f for f in loaded.facts if f.token not in tokens)
        pk = partition(loaded.key)
        deleted = [self._table.delete_action(At(pk, token)) for token in tokens]
        if not left:
            head = self._table.delete_action(At(pk, STATE), "rev = :rev", {":rev": loaded.rev})
            self._table.transact([head, *deleted])
            return
        ttls = {sk: ttl for sk, ttl in loaded.ttls.items() if sk not in tokens}
        change = self._fold(replace(loaded, facts=left, ttls=ttls), (), policy, keep)
        self._write([replace(change, actions=[*change.actions, *deleted])], ())

    def due(self, company: str, now: datetime) -> Iterator[Key]:
        """Open conversations that need attention by `now`, longest due first."""
        for item in self._table.indexed(open_index(company), high=stamp(now) + "~"):
            yield key_of(item["pk"])

    def next_due(self, company: str) -> datetime | None:
        """When the next open conversation needs attention."""
        first = next(self._table.indexed(open_index(company), limit=1), None)
        return state_of(first).attention_at if first else None

    def open(self, company: str) -> dict[Key, State]:
        """All open conversations. As the index says: a moment late at most."""
        items = self._table.indexed(open_index(company))
        return {key_of(item["pk"]): state_of(item) for item in items}

    def published(
        self, company: str, start: datetime, end: datetime
    ) -> Iterator[tuple[Key, Mention | Reply]]:
        """Mentions and replies published in [start, end), by day and time; each version."""
        for stretch in published_in(company, start, end):
            for item in self._table.indexed(*stretch):
                fact = fact_of(item) if is_fact(item) else None
                if isinstance(fact, (Mention, Reply)) and start <= fact.at < end:
                    yield key_of(item["pk"]), fact

    def _heads(self, keys: Iterable[Key]) -> dict[Key, Item | None]:
        """The items of the states, which hold the revisions; None where there is none yet."""
        ats = {At(partition(key), STATE): key for key in keys}
        found = self._table.get_many(ats)
        return {key: found.get(at) for at, key in ats.items()}

    def _load(self, key: Key, head: Item | None) -> Loaded:
        if head is None:
            return Loaded(key, 0, State(status=None), (), {})
        items = [i for i in self._table.partition(partition(key)) if is_fact(i)]
        return Loaded(
            key,
            head["rev"],
            state_of(head),
            tuple(fact_of(item) for item in items),
            {item["sk"]: item.get("ttl") for item in items},
        )

    def _change(
        self, key: Key, head: Item | None, decide: Decide, policy: Policy, keep: timedelta | None
    ) -> _Change | None:
        state = state_of(head) if head is not None else State(status=None)
        decided = {f.token: f for f in decide(key, state)}
        new = tuple(f for token, f in decided.items() if token not in state.facts)
        if not new:
            return None
        return self._fold(self._load(key, head).living(_known_at(new)), new, policy, keep)

    def _fold(
        self, loaded: Loaded, new: Sequence[Fact], policy: Policy, keep: timedelta | None
    ) -> _Change:
        more, new = len(new) >= ROOM, tuple(new[: ROOM - 1])
        state = fold([*loaded.facts, *new], policy)
        ttl = ttl_of(state, keep)
        key, at = loaded.key, At(partition(loaded.key), STATE)
        actions = [
            self._table.put_action(
                at,
                state_values(key, state, _revision(loaded, new), ttl, policy.version),
                "rev = :rev" if loaded.rev else "attribute_not_exists(pk)",
                {":rev": loaded.rev} if loaded.rev else None,
            ),
            *(self._table.put_action(*fact_item(key, fact, ttl)) for fact in new),
        ]
        retimed = [
            self._table.update_action(At(at.pk, sk), {"ttl": ttl}, "attribute_exists(pk)")
            for sk, was in loaded.ttls.items()
            if was != ttl and sk not in {fact.token for fact in new}
        ]
        if len(actions) + len(retimed) > ROOM:
            return _Change(loaded, new, actions, retimed, more)
        return _Change(loaded, new, [*actions, *retimed], [], more)

    def _write(self, chunk: Sequence[_Change], told: Sequence[tuple[At, Item]]) -> None:
        for change in chunk:
            for actions in _slices(change.before, ACTIONS_AT_ONCE):
                self._table.transact(actions)
        actions = [action for change in chunk for action in change.actions]
        self._table.transact([*actions, *(self._table.put_action(*item) for item in told)])


def _revision(loaded: Loaded, new: Sequence[Fact]) -> int:
    """One more; a new conversation begins with the time.

    So none that was removed, and comes back, ever has a revision twice.
    """
    return loaded.rev + 1 if loaded.rev else int(_known_at(new).timestamp() * 1000)


def _known_at(new: Sequence[Fact]) -> datetime:
    """When the newest of these came to be known here."""
    return max(f.stored_at or f.at if isinstance(f, (Mention, Reply)) else f.at for f in new)


def _chunks(changes: Iterable[_Change], room: int) -> Iterator[list[_Change]]:
    chunk: list[_Change] = []
    size = 0
    for change in changes:
        if chunk and size + len(change.actions) > room:
            yield chunk
            chunk, size = [], 0
        chunk.append(change)
        size += len(change.actions)
    if chunk:
        yield chunk


def _portions(
    chunks: Iterable[list[_Change]], tell: Tell
) -> Iterator[tuple[list[_Change], Sequence[tuple[At, Item]]]]:
    """Chunks with what they tell of; halved where both do not fit into one transaction."""
    for chunk in chunks:
        told = tell({change.loaded.key: change.new for change in chunk})
        size = len(told) + sum(len(change.actions) for change in chunk)
        if size <= ACTIONS_AT_ONCE or len(chunk) == 1:
            yield chunk, told
        else:
            middle = len(chunk) // 2
            yield from _portions([chunk[:middle], chunk[middle:]], tell)


def _slices(actions: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(actions), size):
        yield actions[start : start + size]
