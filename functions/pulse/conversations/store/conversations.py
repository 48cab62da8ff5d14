"""Conversations: facts and the state folded from them, written together.

A writer reads the state's revision first and the facts after it, adds what it knows, folds, and
writes facts and state in one transaction on condition that the revision still stands; otherwise it
reads again (D-012). Records for people, such as outbox entries, are part of the same transaction.
What does not fit into one transaction is marked in the state as unfinished, and is written under a
later revision by this writer or whichever comes next (D-033).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from pulse.conversations.facts import ConversationKey, Fact, Mention
from pulse.conversations.fold import State
from pulse.conversations.store.change_builder import ChangeBuilder
from pulse.conversations.store.changes import (
    MAX_CONVERSATION_ACTIONS,
    Change,
    MakeRecords,
    StoredConversation,
    divide_into_transactions,
    known_at,
)
from pulse.conversations.store.codec import STATE, conversation_pk, state_of
from pulse.conversations.store.queries import ConversationQueries
from pulse.dynamodb.codec import Item, ItemKey
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import MAX_ACTIONS, Table, TransactionCancelledError
from pulse.kernel.batching import batched
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Policy

ATTEMPTS = 12
"""Cancelled attempts after which a writer gives up, so that no function spends its time on a
conversation that others never stop writing; its next run tries again."""
MAX_FACTS = 2_000
"""Facts after which a conversation takes no more mentions: its state lists them all, and DynamoDB
limits an item to 400 KB (D-031)."""

Decide = Callable[[ConversationKey, State], Sequence[Fact]]
"""Returns the facts to add to a conversation, given its present state."""


class ConversationStore(ConversationQueries):
    """All conversations of a deployment."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._changes = ChangeBuilder(table)

    def add(
        self,
        facts: Mapping[ConversationKey, Sequence[Fact]],
        policy: Policy,
        retention: timedelta | None,
        on_full: Callable[[ConversationKey, Mention], None] = lambda *_: None,
    ) -> int:
        """Store the facts that are not known yet, and return how many were new.

        A conversation that is full takes no more mentions: `on_full` is called for each new one.

        Raises:
            ContentionError: as `append`.
            ClientError: as `append`.
        """
        refused: dict[ConversationKey, list[Mention]] = {}

        def decide(key: ConversationKey, state: State) -> Sequence[Fact]:
            is_full = len(state.facts) >= MAX_FACTS
            mentions = [f for f in facts[key] if isinstance(f, Mention)] if is_full else []
            refused[key] = [m for m in mentions if m.token not in state.facts]
            return [f for f in facts[key] if f not in mentions]

        written = self.append(list(facts), decide, policy, retention)
        for key, mentions in refused.items():
            for mention in mentions:
                on_full(key, mention)
        return sum(len(new) for new in written.values())

    def append(
        self,
        keys: Sequence[ConversationKey],
        decide: Decide,
        policy: Policy,
        retention: timedelta | None,
        make_records: MakeRecords = lambda _: (),
    ) -> dict[ConversationKey, tuple[Fact, ...]]:
        """Add to each conversation the facts that `decide` finds from its present state.

        `make_records` gets the new facts of one transaction and returns the records to write with
        them. Where a single conversation has more records than fit into its transaction, the rest
        is written just before. Returns the new facts by conversation.

        Raises:
            ContentionError: other writers were faster every time. What was written so far stays.
            ClientError: AWS refused a transaction; it is raised when all others are written.
        """
        written: dict[ConversationKey, tuple[Fact, ...]] = {}
        left = list(keys)
        failures = 0
        refused: ClientError | None = None
        while failures < ATTEMPTS:
            changes = [
                change
                for key, head in self.heads(left).items()
                if (change := self._make_change(key, head, decide, policy, retention)) is not None
            ]
            left, lost = [], None
            # After a lost race, each conversation gets a transaction of its own: one that others
            # keep writing must not cancel those that share its transaction again and again.
            max_actions = 1 if failures else MAX_CONVERSATION_ACTIONS
            for chunk, records in divide_into_transactions(changes, max_actions, make_records):
                try:
                    self._write(chunk, records)
                except TransactionCancelledError as problem:
                    lost = problem
                    left += [change.loaded.key for change in chunk]
                    continue
                except ClientError as problem:
                    refused = problem  # one that AWS refuses must not hold up the others
                    continue
                for change in chunk:
                    key = change.loaded.key
                    if change.new_facts:
                        written[key] = written.get(key, ()) + change.new_facts
                    left += [key] if change.unfinished else []
            if not left and refused is not None:
                raise refused
            if not left:
                return written
            # A round without a lost race is progress with a large change and not counted, or a
            # conversation of a thousand facts would run out of attempts with nobody in its way.
            failures += lost is not None
            if lost is not None and lost.conflict:
                self._table.back_off(failures)
        raise ContentionError(f"{len(left)} conversations, the first {left[0]}")

    def refold(
        self,
        keys: Sequence[ConversationKey],
        policy: Policy,
        retention: timedelta | None,
        now: datetime,
    ) -> None:
        """Fold and write again the states that were folded by an older version of the policy.

        Raises:
            ContentionError: other writers were faster every time. What was written so far stays.
        """
        for failures in range(1, ATTEMPTS + 1):
            heads, keys = self.heads(keys), []
            raced = False
            for key, head in heads.items():
                if head is None or head["policy"] >= policy.version:
                    continue
                try:
                    self._rewrite(self.load_one(key, head), policy, retention, now)
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
        loaded: StoredConversation,
        facts: Sequence[Fact],
        policy: Policy,
        retention: timedelta | None,
        now: datetime,
        records: Sequence[object] = (),
    ) -> None:
        """Write a conversation without these facts, together with `records`, in one transaction.

        Without any facts left, the conversation is deleted. The caller passes no more facts and
        records than fit: 99 if all facts are removed, else 100 - `MAX_CONVERSATION_ACTIONS`.

        Raises:
            TransactionCancelledError: another writer was faster, and nothing was removed.
            ContentionError: the facts are removed, but other writers were always faster than the
                writing of new times to live, which is left to the next writer.
        """
        tokens = {f.token for f in facts}
        left = tuple(f for f in loaded.facts if f.token not in tokens)
        pk = conversation_pk(loaded.key)
        deletions = [self._table.delete_action(ItemKey(pk, token)) for token in tokens]
        if not left:
            head = self._table.delete_action(ItemKey(pk, STATE), "rev = :rev", {":rev": loaded.rev})
            self._table.transact(
                [head, *deletions, *(self._table.put_action(*item_of(one)) for one in records)]
            )
            return
        ttls = {sk: ttl for sk, ttl in loaded.ttls.items() if sk not in tokens}
        remaining = replace(loaded, facts=left, ttls=ttls)
        self._rewrite(remaining, policy, retention, now, deletions, records)

    def finish_pending(
        self, key: ConversationKey, policy: Policy, retention: timedelta | None
    ) -> None:
        """Write what a change left unfinished, if there is any.

        Raises:
            ContentionError: other writers were faster every time.
        """
        self.append([key], lambda *_: (), policy, retention)

    def _make_change(
        self,
        key: ConversationKey,
        head: Item | None,
        decide: Decide,
        policy: Policy,
        retention: timedelta | None,
    ) -> Change | None:
        """Return what to write of a conversation, by the head read before; None for nothing."""
        state = state_of(head) if head is not None else State(status=None)
        decided = {f.token: f for f in decide(key, state)}
        new_facts = tuple(f for token, f in decided.items() if token not in state.facts)
        if not new_facts and (head is None or "partly" not in head):
            return None
        # The head with the revision was read first, and the facts are read only now: a fact that
        # is written in between changes the revision, so the transaction fails and all is read
        # again. In the other order, the state would be written without that fact (D-012).
        loaded = self.load_one(key, head)
        # Facts of an expired conversation are not folded again, and the next state does not list
        # them. If the conversation is unfinished, some of them have no time to live yet, and would
        # count as living once the state does not list them. So first all of them get the time to
        # live of the state, and then the new facts begin the conversation again (D-040).
        if not new_facts or (loaded.unfinished and loaded.is_expired(known_at(new_facts))):
            return self._changes.finish(loaded, more_to_write=bool(new_facts))
        living = loaded.without_expired(known_at(new_facts))
        return self._changes.fold_in(living, new_facts, policy, retention)

    def _rewrite(
        self,
        loaded: StoredConversation,
        policy: Policy,
        retention: timedelta | None,
        now: datetime,
        deletions: Sequence[Item] = (),
        records: Sequence[object] = (),
    ) -> None:
        """Fold again what is loaded, and write it in one transaction with deletions and records.

        Raises:
            TransactionCancelledError: another writer was faster, and nothing was written.
            ContentionError: the rest, which did not fit, could not be written.
        """
        if loaded.is_expired(now):
            change = self._changes.finish(loaded)
        else:
            change = self._changes.fold_in(loaded.without_expired(now), (), policy, retention)
        self._write([replace(change, actions=[*change.actions, *deletions])], records)
        if change.unfinished:
            self.finish_pending(loaded.key, policy, retention)

    def _write(self, chunk: Sequence[Change], records: Sequence[object]) -> None:
        """Write changes and records in one transaction, or first the records that do not fit."""
        actions = [action for change in chunk for action in change.actions]
        record_actions = [self._table.put_action(*item_of(one)) for one in records]
        room = MAX_ACTIONS - len(actions)
        # After a crash between the two, there are records of a flag that was not written. In the
        # other order there would be a flag of which nobody is ever told, which is worse.
        for early in batched(record_actions[room:], MAX_ACTIONS):
            self._table.transact(early)
        self._table.transact([*actions, *record_actions[:room]])
