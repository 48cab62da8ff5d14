"""Conversations: each is one document with all its facts, and is written as a whole.

A writer reads the document with its revision, adds what it knows or takes something away, and
writes the document on condition that the revision still stands; otherwise it reads again (D-012).
Records for people, such as outbox entries, and the mark of an open conversation are part of the
same transaction (D-049).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from botocore.exceptions import ClientError

from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.conversations.store.documents import StoredConversation, document_values, known_at, pack
from pulse.conversations.store.queries import ConversationQueries
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item
from pulse.dynamodb.table import MAX_ACTIONS, TransactionCancelledError, unless_rewritten
from pulse.kernel.batching import batched
from pulse.kernel.company import Company
from pulse.kernel.errors import ContentionError

ATTEMPTS = 12
"""Cancelled attempts after which a writer gives up, so that no function spends its time on a
conversation that others never stop writing; its next run tries again."""
MAX_FACTS = 2_000
_MAX_FACT_BYTES = 300_000
"""Facts, and bytes of them, after which a conversation takes no more mentions: it is one item, and
DynamoDB limits an item to 400 KB (D-049)."""
_MAX_CONVERSATIONS = 40
"""Conversations in one transaction: of its 100 actions, 80 are for them and their marks, the other
20 for records written with them, such as the outbox entries about new flags."""
_MAX_BYTES = 3_000_000
"""Bytes of facts in one transaction, of the 4 MB that it takes with keys and records."""


class Change(NamedTuple):
    """What one transaction writes of one conversation; `size` is in bytes."""

    before: StoredConversation
    facts: Sequence[Fact]
    """All that it has from then on; without any, it is deleted."""
    actions: Sequence[Item]
    size: int

    @property
    def key(self) -> ConversationKey:
        """The conversation."""
        return self.before.key

    @property
    def new_facts(self) -> tuple[Fact, ...]:
        """The facts that it did not have before."""
        known = self.before.tokens
        return tuple(fact for fact in self.facts if fact.token not in known)


MakeRecords = Callable[[Sequence[Change]], Sequence[object]]
"""Returns the records to write with the changes of one transaction."""
Decide = Callable[[StoredConversation], Sequence[Fact]]
"""Returns the facts to add to a conversation as it is now."""
FindFacts = Callable[[StoredConversation], Sequence[Fact] | None]
"""Returns all facts that a conversation is to have; None leaves it as it is."""


class ConversationStore(ConversationQueries):
    """All conversations of a deployment."""

    def add(
        self,
        facts: Mapping[ConversationKey, Sequence[Fact]],
        company: Company,
        on_full: Callable[[ConversationKey, Mention], None] = lambda *_: None,
    ) -> int:
        """Store the facts that are not known yet, and return how many were new.

        A conversation that is full takes no more mentions: `on_full` is called for each new one.

        Raises:
            ContentionError: as `change`.
            ClientError: as `change`.
        """
        refused: dict[ConversationKey, list[Mention]] = {}
        new: dict[ConversationKey, int] = {}

        def find(stored: StoredConversation) -> Sequence[Fact] | None:
            taken, refused[stored.key] = _divide_by_room(stored, facts[stored.key])
            # What was new at the first look counts. If AWS's answer to a write is lost, and another
            # writer comes in between, the second look finds the own facts known; not to count them
            # would count billed reads too low (D-030).
            new.setdefault(stored.key, len(taken))
            return _with_new(stored, taken)

        self.change(facts, find, company)
        for key, mentions in refused.items():
            for mention in mentions:
                on_full(key, mention)
        return sum(new.values())

    def append(
        self,
        wanted: Iterable[ConversationKey],
        decide: Decide,
        company: Company,
        make_records: MakeRecords = lambda _: (),
    ) -> dict[ConversationKey, tuple[Fact, ...]]:
        """Add to each conversation the facts that `decide` finds for it, unless they are known.

        Returns the new facts by conversation.

        Raises:
            ContentionError: as `change`.
            ClientError: as `change`.
        """

        def find(stored: StoredConversation) -> Sequence[Fact] | None:
            return _with_new(stored, decide(stored))

        changes = self.change(wanted, find, company, make_records)
        return {change.key: change.new_facts for change in changes}

    def refold(self, wanted: Iterable[ConversationKey], company: Company, now: datetime) -> int:
        """Write the conversations again that policy and retention have changed for.

        An expired one is left alone: it must not live again. Returns how many were written.

        Raises:
            ContentionError: as `change`.
            ClientError: as `change`.
        """

        def find(stored: StoredConversation) -> Sequence[Fact] | None:
            after = stored.with_facts(stored.facts, company)
            changes = (after.ttl, after.open_place) != (stored.ttl, stored.open_place)
            # No policy opens or closes a conversation. Where the mark contradicts the facts, `flag`
            # reports it, and the next post makes it right.
            is_contradictory = (after.open_place is None) != (stored.open_place is None)
            is_left_alone = is_contradictory or stored.is_expired(now)
            return stored.facts if changes and not is_left_alone else None

        return len(self.change(wanted, find, company))

    def change(
        self,
        wanted: Iterable[ConversationKey],
        find_facts: FindFacts,
        company: Company,
        make_records: MakeRecords = lambda _: (),
    ) -> list[Change]:
        """Write each conversation with the facts that it is to have; without any, delete it.

        `make_records` returns the records to write in the transaction of some changes. Where a
        single conversation has more records than fit, the rest is written just before.

        Raises:
            ContentionError: other writers were faster every time. What was written so far stays.
            ClientError: AWS refused a transaction; it is raised when all others are written.
        """
        done: list[Change] = []
        left = list(wanted)
        refused: ClientError | None = None
        for failures in range(ATTEMPTS):
            changes = [
                self._make_change(stored, facts, company)
                for stored in self.load(left).values()
                if (facts := find_facts(stored)) is not None
            ]
            left, conflict = [], False
            # After a lost race, each conversation gets a transaction of its own: one that others
            # keep writing must not cancel those that share its transaction again and again.
            for some in batched(changes, 1 if failures else _MAX_CONVERSATIONS):
                for chunk, records in _fit_into_transactions(some, make_records):
                    try:
                        self._write(chunk, records)
                    except TransactionCancelledError as problem:
                        left += [change.key for change in chunk]
                        conflict |= problem.conflict
                    except ClientError as problem:
                        refused = problem  # one that AWS refuses must not hold up the others
                    else:
                        done += chunk
            if not left and refused is not None:
                raise refused
            if not left:
                return done
            if conflict:
                self._table.back_off(failures + 1)
        raise ContentionError(f"{len(left)} conversations, the first {left[0]}")

    def _make_change(
        self, before: StoredConversation, facts: Sequence[Fact], company: Company
    ) -> Change:
        at, table = keys.document(*before.key), self._table
        condition = unless_rewritten(before.rev)
        after = before.with_facts(facts, company)
        values = document_values(after)
        actions = [
            table.put_action(at, values, *condition)
            if facts
            else table.delete_action(at, *condition)
        ]
        # The mark is written only together with the document, so the revision guards both. Where
        # it stays as it is, the document alone is written, at half the price of a transaction.
        mark = keys.open_mark(at.pk)
        if after.open_place is None and before.open_place is not None:
            actions.append(table.delete_action(mark))
        elif after.open_place != before.open_place:
            index = keys.open_index(before.key.company)
            actions.append(table.put_action(mark, {"gpk": index, "gsk": after.open_place}))
        return Change(before, facts, actions, len(values["facts"]))

    def _write(self, chunk: Sequence[Change], records: Sequence[object]) -> None:
        """Write changes and records in one transaction, or first the records that do not fit."""
        actions = [action for change in chunk for action in change.actions]
        record_actions = self._table.record_actions(records)
        room = MAX_ACTIONS - len(actions)
        # After a crash between the two, there are records of a flag that was not written. In the
        # other order there would be a flag of which nobody is ever alerted, which is worse.
        for early in batched(record_actions[room:], MAX_ACTIONS):
            self._table.transact(early)
        self._table.write([*actions, *record_actions[:room]])


def _with_new(stored: StoredConversation, facts: Sequence[Fact]) -> Sequence[Fact] | None:
    """Return the facts of a conversation with those of `facts` that are new; None for no news."""
    known = stored.tokens
    new = {fact.token: fact for fact in facts if fact.token not in known}
    if not new:
        return None
    # Facts of an expired conversation are not folded again: the new facts begin it anew. Half of
    # an old conversation must not be restored, only because DynamoDB has not removed it yet.
    is_over = stored.is_expired(known_at(new.values()))
    return [*(() if is_over else stored.facts), *new.values()]


def _divide_by_room(
    stored: StoredConversation, facts: Sequence[Fact]
) -> tuple[list[Fact], list[Mention]]:
    """Return which of the new facts a conversation takes, and the mentions it has no room for.

    Replies end a wait, so they are always taken; past the limit, without their texts.
    """
    taken: list[Fact] = []
    refused: list[Mention] = []
    # If it has expired, `_with_new` begins it anew, and all of the room is free.
    is_over = bool(facts) and stored.is_expired(known_at(facts))
    count, size = (0, 0) if is_over else (len(stored.facts), stored.size)
    known = stored.tokens
    for fact in facts:
        if fact.token in known:
            continue
        fact_size = len(pack([fact]))
        is_full = count >= MAX_FACTS or size + fact_size > _MAX_FACT_BYTES
        if is_full and isinstance(fact, Mention):
            refused.append(fact)
            continue
        taken.append(replace(fact, text="") if is_full and isinstance(fact, Reply) else fact)
        count, size = count + 1, size + fact_size
    return taken, refused


def _fit_into_transactions(
    changes: Sequence[Change], make_records: MakeRecords
) -> Iterator[tuple[Sequence[Change], Sequence[object]]]:
    """Yield these changes halved until they fit into a transaction with their records."""
    # How many records there are is known only when they are made, and depends on the chunk: many
    # conversations may share one outbox entry. So they are made again for each half.
    records = make_records(changes)
    actions = len(records) + sum(len(change.actions) for change in changes)
    size = sum(change.size for change in changes)
    if len(changes) == 1 or (actions <= MAX_ACTIONS and size <= _MAX_BYTES):
        yield changes, records
    else:
        middle = len(changes) // 2
        yield from _fit_into_transactions(changes[:middle], make_records)
        yield from _fit_into_transactions(changes[middle:], make_records)
