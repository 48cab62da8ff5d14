"""Writers that are killed in the middle of their work."""

import itertools
from typing import Any

import pytest

from pulse.conversations.facts import Fact
from pulse.conversations.fold import State
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from tests.conversations.conversation_writers import (
    ACME,
    BEFORE,
    KEY,
    Writer,
    assert_whole,
    click,
    delete_all,
    flag,
    mention,
    poll,
    position,
    reply,
)
from tests.interleaving import HookedClient


class CrashError(BaseException):
    """The function was killed in the middle of its work."""


def crashing(client: Any, number: int, *, after: bool) -> HookedClient:
    """Return a client that raises before (or right after) its call of this number."""
    calls = itertools.count(1)

    def crash(_: str) -> None:
        if next(calls) == number:
            raise CrashError

    return HookedClient(client, after=crash) if after else HookedClient(client, before=crash)


WORK: dict[str, tuple[tuple[Fact, ...], Writer]] = {
    "a poll": ((mention(1, 0),), poll(mention(2, 1), reply(3, 5), mention(4, 6))),
    "a poll of more than a transaction takes": ((), poll(*(mention(n, n) for n in range(1, 171)))),
    "a click": (BEFORE, click(position(5, 1, 3))),
    "a run of flag": (BEFORE, flag(300)),
    "closing one of many facts": (
        tuple(mention(n, n) for n in range(1, 130)),
        poll(reply(1000, 500)),
    ),
}


@pytest.mark.parametrize("after", [False, True], ids=["before a call", "after a call"])
@pytest.mark.parametrize(("before", "work"), WORK.values(), ids=WORK)
def test_two_crashes_at_any_calls_leave_it_whole(
    table: Table, before: tuple[Fact, ...], work: Writer, after: bool
) -> None:
    """When a writer killed at any call is retried, the state is that of an undisturbed run."""
    undisturbed: State | None = None
    for number in itertools.count(0):
        ConversationStore(table).add({KEY: before} if before else {}, ACME)
        crashed = False
        try:
            client = crashing(table.client, number, after=after)
            work(ConversationStore(Table(client, table.name, table.index)))
        except CrashError:
            crashed = True
        work(ConversationStore(table))
        state = assert_whole(table, *before)
        undisturbed = undisturbed or state
        assert state == undisturbed
        delete_all(table)
        if number and not crashed:
            break
