"""Conversations: facts and the state folded from them, written together.

A writer reads the state's revision first and the facts after it, adds what it knows,
folds, and writes facts and state in one transaction that holds only while the revision
stands; else it reads again. What it tells people goes into the same transaction. What one
transaction has no room for is marked in the state, and done by the next, whoever comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from pulse.conversations.facts import ConversationKey, Fact, Mention
from pulse.conversations.fold import State, fold
from pulse.conversations.store.changes import (
    ROOM,
    Change,
    Loaded,
    Tell,
    known_at,
    load_of,
    portion,
    portions,
    revision,
    slices,
)
from pulse.conversations.store.codec import (
    STATE,
    conversation_pk,
    fact_item,
    state_of,
    state_values,
    ttl_of,
)
from pulse.conversations.store.queries import ConversationQueries
from pulse.dynamodb.codec import Item, ItemKey
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import MAX_ACTIONS, TransactionCancelledError
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Policy

ATTEMPTS = 12
MOST_FACTS = 2_000
"""After which a conversation is full: its state lists them all, and an item has 400 KB."""

Decide = Callable[[ConversationKey, State], Sequence[Fact]]


class ConversationStore(ConversationQueries):
    """All conversations of a deployment."""

    def add(
        self,
        facts: Mapping[ConversationKey, Sequence[Fact]],
        policy: Policy,
        keep: timedelta | None,
        left_out: Callable[[ConversationKey, Mention], None] = lambda *_: None,
    ) -> int:
        """Store what is not known yet; returns how many facts were new.

        Of a conversation that is full, mentions are not stored: `left_out` hears of each.
        """
        over: dict[ConversationKey, list[Mention]] = {}

        def decide(key: ConversationKey, state: State) -> Sequence[Fact]:
            full = len(state.facts) >= MOST_FACTS
            mentions = [f for f in facts[key] if isinstance(f, Mention)] if full else []
            over[key] = [m for m in mentions if m.token not in state.facts]
            return [f for f in facts[key] if f not in mentions]

        written = self.append(list(facts), decide, policy, keep)
        for key, mentions in over.items():
            for mention in mentions:
                left_out(key, mention)
        return sum(len(new) for new in written.values())

    def append(
        self,
        keys: Sequence[ConversationKey],
        decide: Decide,
        policy: Policy,
        keep: timedelta | None,
        tell: Tell = lambda _: (),
    ) -> dict[ConversationKey, tuple[Fact, ...]]:
        """Add to each conversation the facts that `decide` finds from its present state.

        `tell` gets the new facts of one transaction and returns items to write with them; of
        a single conversation, what has no room in its transaction goes just before.
        Returns the new facts by conversation. Raises `ContentionError` when others never
        let it through, and what AWS refuses of some once all others are through; what was
        written by then stays.
        """
        written: dict[ConversationKey, tuple[Fact, ...]] = {}
        left = list(keys)
        failures = 0
        refused: ClientError | None = None
        while failures < ATTEMPTS:
            changes = [
                change
                for key, head in self.heads(left).items()
                if (change := self._change(key, head, decide, policy, keep)) is not None
            ]
            left, lost = [], None
            for chunk, told in portions(changes, 1 if failures else ROOM, tell):
                try:
                    self._write(chunk, told)
                except TransactionCancelledError as problem:
                    lost = problem
                    left += [change.loaded.key for change in chunk]
                    continue
                except ClientError as problem:
                    refused = problem  # all others first
                    continue
                for change in chunk:
                    key = change.loaded.key
                    if change.new:
                        written[key] = written.get(key, ()) + change.new
                    left += [key] if change.more else []
            if not left and refused is not None:
                raise refused
            if not left:
                return written
            failures += lost is not None
            if lost is not None and lost.conflict:
                self._table.back_off(failures)
        raise ContentionError(f"{len(left)} conversations, the first {left[0]}")

    def refold(
        self, keys: Sequence[ConversationKey], policy: Policy, keep: timedelta | None, now: datetime
    ) -> None:
        """Write the states anew where an older version of the policy folded them."""
        for failures in range(1, ATTEMPTS + 1):
            heads, keys = self.heads(keys), []
            raced = False
            for key, head in heads.items():
                if head is None or head["policy"] >= policy.version:
                    continue
                try:
                    self._rewrite(self.load_one(key, head), policy, keep, now)
                except TransactionCancelledError as problem:
                    raced |= problem.conflict
                    keys.append(key)
            if not keys:
                return
            if raced:
                self._table.back_off(failures)
        raise ContentionError(f"{len(keys)} conversations, the first {keys[0]}")

    def remove_facts(
        self,
        loaded: Loaded,
        gone: Sequence[Fact],
        policy: Policy,
        keep: timedelta | None,
        now: datetime,
        told: Sequence[object] = (),
    ) -> None:
        """Write a conversation without some of its facts; without all of them it is no more.

        What is `told` of it is written with it. At most as much as one transaction has room for
        beside `ROOM`; `CancelledError`. Raises `ContentionError` when only the time-to-live of
        others is left to be written.
        """
        tokens = {f.token for f in gone}
        left = tuple(f for f in loaded.facts if f.token not in tokens)
        pk = conversation_pk(loaded.key)
        deleted = [self._table.delete_action(ItemKey(pk, token)) for token in tokens]
        if not left:
            head = self._table.delete_action(ItemKey(pk, STATE), "rev = :rev", {":rev": loaded.rev})
            self._table.transact(
                [head, *deleted, *(self._table.put_action(*item_of(i)) for i in told)]
            )
            return
        ttls = {sk: ttl for sk, ttl in loaded.ttls.items() if sk not in tokens}
        self._rewrite(replace(loaded, facts=left, ttls=ttls), policy, keep, now, deleted, told)

    def finish_pending(self, key: ConversationKey, policy: Policy, keep: timedelta | None) -> None:
        """Write what others had no room for, and did not come to; raises `ContentionError`."""
        self.append([key], lambda *_: (), policy, keep)

    def _change(
        self,
        key: ConversationKey,
        head: Item | None,
        decide: Decide,
        policy: Policy,
        keep: timedelta | None,
    ) -> Change | None:
        state = state_of(head) if head is not None else State(status=None)
        decided = {f.token: f for f in decide(key, state)}
        new = tuple(f for token, f in decided.items() if token not in state.facts)
        if not new and (head is None or "partly" not in head):
            return None
        loaded = self.load_one(key, head)
        if not new or (loaded.partly and loaded.over(known_at(new))):
            return self._go_on(loaded, more=bool(new))
        return self._fold(loaded.living(known_at(new)), new, policy, keep)

    def _rewrite(
        self,
        loaded: Loaded,
        policy: Policy,
        keep: timedelta | None,
        now: datetime,
        beside: Sequence[Item] = (),
        told: Sequence[object] = (),
    ) -> None:
        """Fold anew what is loaded and lives, and write it; what is beside it goes with it."""
        if loaded.over(now):
            change = self._go_on(loaded)
        else:
            change = self._fold(loaded.living(now), (), policy, keep)
        self._write([replace(change, actions=[*change.actions, *beside])], told)
        if change.more:
            self.finish_pending(loaded.key, policy, keep)

    def _fold(
        self, loaded: Loaded, new: Sequence[Fact], policy: Policy, keep: timedelta | None
    ) -> Change:
        wanted, new = new, portion(new)
        state = fold([*loaded.facts, *new], policy)
        ttl = ttl_of(state, keep)
        key, at = loaded.key, ItemKey(conversation_pk(loaded.key), STATE)
        retimed = self._retimed(loaded, loaded.ttls.keys() - {fact.token for fact in new}, ttl)
        room = ROOM - 1 - len(new)
        more = len(new) < len(wanted) or len(retimed) > room
        values = state_values(key, state, revision(loaded, new), ttl, policy.version)
        actions = [
            self._table.put_action(
                at,
                {**values, "partly": more or None},
                "rev = :rev" if loaded.rev else "attribute_not_exists(pk)",
                {":rev": loaded.rev} if loaded.rev else None,
            ),
            *(self._table.put_action(*fact_item(key, fact, ttl)) for fact in new),
            *retimed[:room],
        ]
        load = len(values["state"]) + sum(map(load_of, new))
        return Change(loaded, new, actions, more, load)

    def _go_on(self, loaded: Loaded, *, more: bool = False) -> Change:
        """What there was no room for: all that the state lists lives as long as the state."""
        at = ItemKey(conversation_pk(loaded.key), STATE)
        retimed = self._retimed(loaded, loaded.state.facts, loaded.ttl)
        left = len(retimed) > ROOM - 1
        values = {"rev": loaded.rev + 1, "partly": left or None}
        head = self._table.update_action(at, values, "rev = :was", {":was": loaded.rev})
        return Change(loaded, (), [head, *retimed[: ROOM - 1]], left or more, 0)

    def _retimed(self, loaded: Loaded, tokens: Collection[str], ttl: int | None) -> list[Item]:
        pk, there = conversation_pk(loaded.key), "attribute_exists(pk)"
        return [
            self._table.update_action(ItemKey(pk, token), {"ttl": ttl}, there)
            for token, was in loaded.ttls.items()
            if was != ttl and token in tokens
        ]

    def _write(self, chunk: Sequence[Change], told: Sequence[object]) -> None:
        actions = [action for change in chunk for action in change.actions]
        tellings = [self._table.put_action(*item_of(one)) for one in told]
        room = MAX_ACTIONS - len(actions)
        for early in slices(tellings[room:], MAX_ACTIONS):
            self._table.transact(early)  # better told of what is not written than not told
        self._table.transact([*actions, *tellings[:room]])
