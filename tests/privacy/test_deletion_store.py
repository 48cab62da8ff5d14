"""Posts that have to go: what is left is the fold of what is left, whoever writes meanwhile."""

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


def retract(table: Table, ids: Collection[str]) -> int:
    return delete_posts(ConversationStore(table), {KEY: ids}, ACME, at(60))


def stored(table: Table, *facts: Fact) -> None:
    ConversationStore(table).add({KEY: facts}, ACME)


def everything(table: Table) -> list[dict[str, Any]]:
    return list(stored_items(table).values())


def assert_folded(table: Table) -> list[Fact]:
    """It stands and lives as its facts say; gives the facts."""
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
    "the last mention takes all with it": (
        (mention(1, 0), reply(4, 5), FLAG, LEASE, position(7, 1)),
        {"1"},
        None,
        1,
    ),
    "both mentions at once": ((mention(1, 0), mention(3, 5), reply(4, 6)), {"1", "3"}, None, 2),
    "what we do not have": ((mention(1, 0),), {"9"}, (mention(1, 0),), 0),
    "a reply whose mention never came": ((reply(4, 5),), {"9"}, (reply(4, 5),), 0),
}


@pytest.mark.parametrize("case", RULES)
def test_what_is_left(table: Table, case: str) -> None:
    """Given a conversation, when posts go, then this is left; a second time changes nothing."""
    before, ids, left, count = RULES[case]
    stored(table, *before)
    assert retract(table, ids) == count
    for _ in range(2):
        if left is None:
            assert everything(table) == []
        else:
            assert sorted(f.token for f in assert_folded(table)) == sorted(f.token for f in left)
        assert retract(table, ids) == 0


def test_the_customer_waits_again_since_the_same_time(table: Table) -> None:
    """Given an answer of ours that was deleted, then time-to-live is off, the wait as it was."""
    stored(table, mention(1, 0), reply(4, 5))
    assert stored_conversation(table)[0].status == "answered"
    retract(table, {"4"})
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
    """Given another writer at the same time, then what both did stands, in whatever order."""
    other, added = OTHERS[case]
    before = (mention(1, 0), mention(3, 1)) if more else (mention(1, 0),)
    tried = 0

    def run(choices: Any) -> list[int]:
        delete_all(table)
        stored(table, *before)
        writers = [
            lambda hooked: other(ConversationStore(Table(hooked, table.name, table.index))),
            lambda hooked: retract(Table(hooked, table.name, table.index), {"1"}),
        ]
        return run_interleaved(writers, client, choices)

    for _ in all_orders(run, None if TEST_ALL else 40):
        tried += 1
        items = everything(table)
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
GONE = {"a hundred of it": set(map(str, range(1, 101))), "all of it": set(map(str, range(1, 151)))}


class KilledError(Exception):
    """The process is gone."""


def killed(table: Table, ids: set[str]) -> Iterator[None]:
    """The long one, of which these shall go, killed after each of the calls in turn."""
    for number in itertools.count(1):
        delete_all(table)
        stored(table, *LONG)
        calls = itertools.count(1)

        def pass_by(_: str, calls: Iterator[int] = calls, number: int = number) -> None:
            if next(calls) == number:
                raise KilledError

        try:
            retract(Table(HookedClient(table.client, after=pass_by), table.name, table.index), ids)
        except KilledError:
            yield
        else:
            return


@pytest.mark.parametrize("case", GONE)
def test_a_long_conversation_goes_in_one_write(table: Table, case: str) -> None:
    """Given 195 facts, when killed after any call, then it is whole; the next run ends it."""
    kills = 0
    for _ in killed(table, GONE[case]):
        kills += 1
        if everything(table):
            facts = assert_folded(table)
            assert any(isinstance(f, Mention) for f in facts)
            assert stored_conversation(table)[0].status == "answered"
            assert len(facts) in (195, 95)
        retract(table, GONE[case])
        left = everything(table)
        if case == "all of it":
            assert left == []
        else:
            posts = [f for f in assert_folded(table) if isinstance(f, (Mention, Reply))]
            assert len(posts) == 55
    assert kills == 2
    left = everything(table)
    assert len(assert_folded(table) if left else []) == (0 if case == "all of it" else 95)


def test_when_the_answers_to_a_long_one_go_nothing_of_it_does(table: Table) -> None:
    """Given a removal killed after any call, then by the next all of it lives on."""
    answers = {str(1000 + n) for n in range(5)}
    kills = 0
    for _ in killed(table, answers):
        kills += 1
        retract(table, answers)
        assert len(assert_folded(table)) == 190
        assert "ttl" not in stored_conversation(table)[2]
    assert kills == 2


def test_a_writer_of_before_does_not_take_what_came_back_for_what_it_read(
    table: Table, client: Any
) -> None:
    """Given a conversation that goes and comes back while a poll is about to write to it.

    Then the poll reads again, and the state holds what lies there.
    """
    stored(table, mention(1, 0))
    done = False

    def meanwhile(call: str) -> None:
        nonlocal done
        if call == "put_item" and not done:
            done = True
            retract(table, {"1"})
            stored(table, mention(3, 5))

    slow = ConversationStore(Table(HookedClient(client, meanwhile), table.name, table.index))
    slow.add({KEY: [mention(5, 9)]}, ACME)
    assert {f.token for f in assert_folded(table)} == {"m3", "m5"}
