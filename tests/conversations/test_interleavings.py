"""Concurrent writers of one conversation, call by call: nothing is lost in any order."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from pulse.conversations.facts import Fact, Lease
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from tests.conversations.conversation_writers import (
    ACME,
    BEFORE,
    KEY,
    Writer,
    assert_whole,
    at,
    click,
    delete_all,
    flag,
    mention,
    poll,
    position,
    reply,
)
from tests.interleaving import all_orders, run_interleaved
from tests.tiers import TEST_ALL

MANY: tuple[Fact, ...] = tuple(mention(n, n) for n in range(1, 90))
"""More facts than one transaction can give a time-to-live."""
PAIRS: dict[str, tuple[tuple[Fact, ...], list[Writer], tuple[Fact, ...]]] = {
    "two polls find different mentions": (
        (),
        [poll(mention(1, 0)), poll(mention(2, 1))],
        (mention(1, 0), mention(2, 1)),
    ),
    "two polls find the same posts": (
        (),
        [poll(mention(1, 0), reply(2, 1)), poll(mention(1, 0), reply(2, 1))],
        (mention(1, 0), reply(2, 1)),
    ),
    "a reply while the minute is flagged": (
        BEFORE,
        [poll(reply(4, 20)), flag(20)],
        (*BEFORE, reply(4, 20)),
    ),
    "a mention while the minute is flagged": (
        BEFORE,
        [poll(mention(2, 1)), flag(20)],
        (*BEFORE, mention(2, 1)),
    ),
    "a run of flag delivered twice": (BEFORE, [flag(70), flag(71)], BEFORE),
    "a click while a mention comes in": (
        BEFORE,
        [click(position(5, 1, 3)), poll(mention(4, 4))],
        (*BEFORE, position(5, 1, 3), mention(4, 4)),
    ),
    "a click while the minute is flagged": (
        BEFORE,
        [click(position(5, 1, 3)), flag(300)],
        (*BEFORE, position(5, 1, 3)),
    ),
    "two clicks": (
        BEFORE,
        [click(position(5, 1)), click(position(6, 3))],
        (*BEFORE, position(5, 1), position(6, 3)),
    ),
    "a lease while the minute is flagged": (
        BEFORE,
        [click(Lease("mine", "anna", at(14), at(44))), flag(20)],
        (*BEFORE, Lease("mine", "anna", at(14), at(44))),
    ),
    "a finished conversation reopens while another reply comes": (
        (*BEFORE, reply(4, 9)),
        [poll(mention(6, 12)), poll(reply(5, 10))],
        (*BEFORE, reply(4, 9), mention(6, 12), reply(5, 10)),
    ),
}


def with_client(table: Table, writer: Writer) -> Callable[[Any], None]:
    return lambda client: writer(ConversationStore(Table(client, table.name, table.index)))


@pytest.mark.parametrize(("before", "writers", "expected"), PAIRS.values(), ids=PAIRS)
def test_two_writers_in_every_order(
    table: Table, before: tuple[Fact, ...], writers: list[Writer], expected: tuple[Fact, ...]
) -> None:
    """In every order of their calls, all facts are stored, and they fold to the same state."""
    states = []

    def run(choices: Sequence[int]) -> list[int]:
        ConversationStore(table).add({KEY: before} if before else {}, ACME)
        options = run_interleaved([with_client(table, w) for w in writers], table.client, choices)
        states.append(assert_whole(table, *expected))
        delete_all(table)
        return options

    tried = list(all_orders(run))
    assert len(tried) >= 6
    assert len({(s.status, s.waiting, s.waiting_since) for s in states}) == 1


SEVERAL: dict[str, tuple[tuple[Fact, ...], list[Writer], tuple[Fact, ...]]] = {
    "a mention, a reply and a run of flag": (
        (mention(1, 0),),
        [poll(mention(2, 1)), poll(reply(3, 14)), flag(20)],
        (mention(1, 0), mention(2, 1), reply(3, 14)),
    ),
    "a click, a mention and a run of flag": (
        (mention(1, 0),),
        [click(position(5, 1)), poll(mention(2, 3)), flag(70)],
        (mention(1, 0), position(5, 1), mention(2, 3)),
    ),
    "two runs of flag and a mention": (
        (mention(1, 0),),
        [flag(70), flag(71), poll(mention(2, 3))],
        (mention(1, 0), mention(2, 3)),
    ),
    "a long conversation is answered while another poll finds the reply and more": (
        MANY,
        [poll(reply(90, 90)), poll(reply(90, 90), mention(91, 91))],
        (*MANY, reply(90, 90), mention(91, 91)),
    ),
    "a long finished conversation reopens while another poll finds the mention and its reply": (
        (*MANY, reply(90, 90)),
        [poll(mention(91, 91)), poll(mention(91, 91), reply(92, 92))],
        (*MANY, reply(90, 90), mention(91, 91), reply(92, 92)),
    ),
}


@pytest.mark.parametrize(("before", "writers", "expected"), SEVERAL.values(), ids=SEVERAL)
def test_more_writers_or_longer_ones_in_many_orders(
    table: Table, before: tuple[Fact, ...], writers: list[Writer], expected: tuple[Fact, ...]
) -> None:
    """In a seeded sample of orders, nothing is lost."""
    random = Random(7)  # the same orders each time
    for _ in range(400 if TEST_ALL else 25):
        choices = [random.randrange(len(writers)) for _ in range(40)]
        ConversationStore(table).add({KEY: before}, ACME)
        run_interleaved([with_client(table, w) for w in writers], table.client, choices)
        assert_whole(table, *expected)
        delete_all(table)
