"""Deletions: the state is the fold of the remaining facts, whoever writes at the same time."""

import itertools
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import pytest

from pulse.conversations.facts import Fact, Flag, Lease, Mention, Reply
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb import keys
from pulse.dynamodb.table import Table
from pulse.privacy.deletion import delete_posts
from tests.conversations.conversation_writers import (
    ACME,
    KEY,
    assert_placed,
    at,
    click,
    delete_all,
    mention,
    poll,
    position,
    reply,
    stored_conversation,
    stored_items,
)
from tests.interleaving import HookedClient, all_orders, run_interleaved
from tests.tiers import TEST_ALL

EDITED = replace(mention(1, 0), version="2", text="help, edited")
LEASE = Lease("mine", "anna", at(3), at(33))
FLAG = Flag("warning", frozenset({"1"}), at(15), at(15))


def delete(table: Table, ids: Collection[str]) -> int:
    return delete_posts(ConversationStore(table), {KEY: ids}, ACME, at(60))


def store_facts(table: Table, *facts: Fact) -> None:
    ConversationStore(table).add({KEY: facts}, ACME)


def all_items(table: Table) -> list[dict[str, Any]]:
    return list(stored_items(table).values())


def assert_folded(table: Table) -> list[Fact]:
    """Check index and time to live of the conversation, and return its facts."""
    assert_placed(table)
    return stored_conversation(table)[1]


RULES: dict[str, tuple[tuple[Fact, ...], set[str], tuple[Fact, ...] | None, int]] = {
    "one of two mentions": ((mention(1, 0), mention(3, 5), FLAG), {"1"}, (mention(3, 5), FLAG), 1),
    "all versions of an edited one": (
        (mention(1, 0), EDITED, mention(3, 5)),
        {"1"},
        (mention(3, 5),),
        1,
    ),
    "our reply, so the customer waits again": (
        (mention(1, 0), reply(4, 5)),
        {"4"},
        (mention(1, 0),),
        1,
    ),
    "the last mention, and with it everything": (
        (mention(1, 0), reply(4, 5), FLAG, LEASE, position(7, 1)),
        {"1"},
        None,
        1,
    ),
    "both mentions at once": ((mention(1, 0), mention(3, 5), reply(4, 6)), {"1", "3"}, None, 2),
    "a post that is not stored": ((mention(1, 0),), {"9"}, (mention(1, 0),), 0),
    "a reply without its mention": ((reply(4, 5),), {"9"}, (reply(4, 5),), 0),
    "one of two replies that are known before their mention": (
        (reply(4, 5), reply(5, 6)),
        {"4"},
        (reply(5, 6),),
        1,
    ),
    "the last reply without a mention": ((reply(4, 5), position(7, 1)), {"4"}, None, 1),
}


@pytest.mark.parametrize("case", RULES)
def test_what_remains(table: Table, case: str) -> None:
    """After the deletion these facts remain; a second deletion changes nothing."""
    before, ids, remaining, count = RULES[case]
    store_facts(table, *before)
    assert delete(table, ids) == count
    for _ in range(2):
        if remaining is None:
            assert all_items(table) == []
        else:
            assert sorted(f.token for f in assert_folded(table)) == sorted(
                f.token for f in remaining
            )
        assert delete(table, ids) == 0


def test_the_customer_waits_again_since_the_same_time(table: Table) -> None:
    """After our reply was deleted, the wait is as it was before, without a time-to-live."""
    store_facts(table, mention(1, 0), reply(4, 5))
    assert stored_conversation(table)[0].status == "answered"
    delete(table, {"4"})
    state, _, document = stored_conversation(table)
    assert (state.status, state.waiting_since) == ("open", at(0))
    assert "ttl" not in document
    assert keys.parse_place(document["gsk"]) == at(5)


OTHERS = {
    "a poll with a later mention": (poll(mention(5, 9)), {"m5"}),
    "a poll with our answer": (poll(reply(4, 5)), set()),
    "a person's position": (click(position(7, 1)), set()),
    "a poll that read it before": (poll(mention(1, 0)), set()),
}


@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("more", [False, True], ids=["its last mention", "one of two"])
def test_a_deletion_beside_another_writer_in_every_order(
    table: Table, client: Any, case: str, more: bool
) -> None:
    """With another writer at the same time, the work of both stands, whatever the order."""
    other, added = OTHERS[case]
    before = (mention(1, 0), mention(3, 1)) if more else (mention(1, 0),)
    tried = 0

    def run(choices: Any) -> list[int]:
        delete_all(table)
        store_facts(table, *before)
        writers = [
            lambda hooked: other(ConversationStore(Table(hooked, table.name, table.index))),
            lambda hooked: delete(Table(hooked, table.name, table.index), {"1"}),
        ]
        return run_interleaved(writers, client, choices)

    for _ in all_orders(run, None if TEST_ALL else 40):
        tried += 1
        items = all_items(table)
        if not items:
            assert not more
            assert not added
            continue
        tokens = {f.token for f in assert_folded(table)}
        assert "m1" not in tokens or "read it before" in case
        assert added <= tokens
        assert not more or "m3" in tokens
    assert tried > 2


LONG = (
    *(mention(n, n / 10) for n in range(1, 151)),
    *(Flag("critical", frozenset({"150"}), at(240), at(240 + n), n) for n in range(40)),
    *(reply(1000 + n, 30) for n in range(5)),
)
DELETED = {
    "a hundred of it": set(map(str, range(1, 101))),
    "all of it": set(map(str, range(1, 151))),
}


class KilledError(Exception):
    """The process was killed."""


def kill_at_each_call(table: Table, ids: set[str]) -> Iterator[None]:
    """Delete these posts of the long conversation, and be killed after each call in turn."""
    for number in itertools.count(1):
        delete_all(table)
        store_facts(table, *LONG)
        calls = itertools.count(1)

        def kill(_: str, calls: Iterator[int] = calls, number: int = number) -> None:
            if next(calls) == number:
                raise KilledError

        try:
            delete(Table(HookedClient(table.client, after=kill), table.name, table.index), ids)
        except KilledError:
            yield
        else:
            return


@pytest.mark.parametrize("case", DELETED)
def test_a_conversation_too_long_for_a_transaction_is_deleted_in_order(
    table: Table, case: str
) -> None:
    """Killed after any call, it is whole, and the next run completes the deletion."""
    kills = 0
    for _ in kill_at_each_call(table, DELETED[case]):
        kills += 1
        if all_items(table):
            facts = assert_folded(table)
            assert any(isinstance(f, Mention) for f in facts)
            assert stored_conversation(table)[0].status == "answered"
            assert len(facts) in (195, 95)
        delete(table, DELETED[case])
        remaining = all_items(table)
        if case == "all of it":
            assert remaining == []
        else:
            posts = [f for f in assert_folded(table) if isinstance(f, (Mention, Reply))]
            assert len(posts) == 55
    assert kills == 2
    left = all_items(table)
    assert len(assert_folded(table) if left else []) == (0 if case == "all of it" else 95)


def test_a_long_conversation_without_its_replies_does_not_expire(table: Table) -> None:
    """Killed after any call, a deletion of its replies is completed by the next run."""
    replies = {str(1000 + n) for n in range(5)}
    kills = 0
    for _ in kill_at_each_call(table, replies):
        kills += 1
        delete(table, replies)
        assert len(assert_folded(table)) == 190
        assert "ttl" not in stored_conversation(table)[2]
    assert kills == 2


def test_a_writer_notices_that_a_conversation_was_deleted_and_created_anew(
    table: Table, client: Any
) -> None:
    """A poll that was about to write reads again, and the state is that of the stored facts."""
    store_facts(table, mention(1, 0))
    done = False

    def replace_conversation(call: str) -> None:
        nonlocal done
        if call == "put_item" and not done:
            done = True
            delete(table, {"1"})
            store_facts(table, mention(3, 5))

    slow = ConversationStore(
        Table(HookedClient(client, replace_conversation), table.name, table.index)
    )
    slow.add({KEY: [mention(5, 9)]}, ACME)
    assert {f.token for f in assert_folded(table)} == {"m3", "m5"}
