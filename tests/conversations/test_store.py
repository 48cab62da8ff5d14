"""The store of conversations: all facts and their state, how long they live, and the index."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pulse.conversations.facts import ConversationKey, Fact, Lease
from pulse.conversations.fold import State, levels_due
from pulse.conversations.store.codec import STATE, conversation_pk, fact_item
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.table import Table
from pulse.outbox.entries import Entry
from pulse.outbox.store.outbox import Outbox
from tests.conversations.conversation_writers import (
    KEEP,
    KEY,
    POLICY,
    assert_whole,
    at,
    mention,
    position,
    reply,
    stored_conversation,
)
from tests.interleaving import HookedClient


def test_more_facts_than_one_transaction_takes(table: Table) -> None:
    """Of 400 new facts in one conversation, all are stored and counted as new."""
    facts = [mention(n, n) for n in range(1, 401)]
    assert ConversationStore(table).add({KEY: facts}, POLICY, KEEP) == 400
    assert assert_whole(table, *facts).mentions == 400
    assert ConversationStore(table).add({KEY: facts}, POLICY, KEEP) == 0


@pytest.mark.parametrize("customers", [1, 60])
def test_the_longest_posts_that_x_takes(table: Table, customers: int) -> None:
    """A page of the longest possible posts is written in transactions that DynamoDB accepts."""
    sizes: list[int] = []
    events = table.client.meta.events
    events.register(
        "before-call.dynamodb.TransactWriteItems",
        lambda params, **_: sizes.append(len(params["body"])),
    )
    facts: dict[ConversationKey, list[Fact]] = {}
    for n in range(1, 61):
        key = ConversationKey("acme", str(n % customers), "7")
        facts.setdefault(key, []).append(replace(mention(n, n), text="\u3042" * 25_000))
    assert ConversationStore(table).add(facts, POLICY, KEEP) == 60
    assert max(sizes) < 4 * 2**20
    assert sum(sizes) > 4 * 2**20


def test_many_conversations_at_once(table: Table) -> None:
    """When one call writes 150 conversations, each gets its state."""
    facts = {
        ConversationKey("acme", str(n), "7"): [mention(n, n), reply(n + 1000, n)]
        for n in range(1, 151)
    }
    assert ConversationStore(table).add(facts, POLICY, KEEP) == 300
    states = ConversationStore(table).states(facts)
    assert len(states) == 150
    assert {s.status for s in states.values()} == {"answered"}


def test_known_facts_are_not_written_again(table: Table) -> None:
    """A poll that finds facts which the state lists writes nothing."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0), reply(2, 1)]}, POLICY, KEEP)
    calls: list[str] = []
    client = HookedClient(table.client, calls.append)
    ConversationStore(Table(client, table.name, table.index)).add(
        {KEY: [mention(1, 0), reply(2, 1)]}, POLICY, KEEP
    )
    assert calls == ["batch_get_item"]


def test_a_fact_that_the_state_does_not_list_is_folded_when_found_again(table: Table) -> None:
    """A fact that was stored without its state counts when another poll finds it."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)
    lost = reply(2, 1)
    table.put(*fact_item(KEY, lost, None))
    assert stored_conversation(table)[0].status == "open"
    assert conversations.add({KEY: [lost]}, POLICY, KEEP) == 1
    assert assert_whole(table, lost).status == "answered"


def test_time_to_live_is_set_on_all_items_when_finished_and_removed_when_reopened(
    table: Table,
) -> None:
    """All items of a conversation expire together, or none of them does."""
    conversations = ConversationStore(table)

    def ttls() -> set[int | None]:
        return {i.get("ttl") for i in stored_conversation(table)[2]}

    conversations.add({KEY: [mention(n, n) for n in range(1, 5)]}, POLICY, KEEP)
    assert ttls() == {None}
    conversations.add({KEY: [reply(5, 60)]}, POLICY, KEEP)
    [ttl] = ttls()
    assert timedelta(days=90) <= datetime.fromtimestamp(ttl, UTC) - at(60) <= timedelta(days=91)
    conversations.add({KEY: [mention(6, 60 * 24 * 3)]}, POLICY, KEEP)
    assert ttls() == {None}
    conversations.append([KEY], lambda *_: [position(60 * 24 * 3 + 1, 6)], POLICY, KEEP)
    [later] = ttls()
    assert later - ttl == 3 * 24 * 3600


@pytest.mark.parametrize("removed", ["r2", STATE], ids=["reply", "state"])
def test_a_conversation_partly_removed_by_time_to_live_counts_as_removed(
    table: Table, removed: str
) -> None:
    """When the customer writes again, only the new mentions wait."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0), reply(2, 1)]}, POLICY, KEEP)
    table.delete_many([ItemKey(conversation_pk(KEY), removed)])
    later = 60 * 24 * 92
    for number in (3, 4):
        conversations.add({KEY: [mention(number, later + number)]}, POLICY, KEEP)
    state = stored_conversation(table)[0]
    assert (state.waiting, state.waiting_since) == (("3", "4"), at(later + 3))
    assert [i.get("ttl") for i in stored_conversation(table)[2] if i["sk"] == "m1"] != [None]


def test_without_retention_nothing_expires(table: Table) -> None:
    """For a company that keeps everything, no item gets a time-to-live."""
    ConversationStore(table).add({KEY: [mention(1, 0), reply(2, 1)]}, POLICY, None)
    assert {i.get("ttl") for i in stored_conversation(table)[2]} == {None}


def test_the_index_has_open_conversations_by_when_they_need_attention(table: Table) -> None:
    """Of open, answered and leased conversations, only those that are due are read, in order."""
    conversations = ConversationStore(table)
    lease = Lease("mine", "anna", at(1), at(100))
    facts: dict[ConversationKey, list[Fact]] = {
        ConversationKey("acme", "1", "7"): [mention(1, 10)],
        ConversationKey("acme", "2", "7"): [mention(2, 0)],
        ConversationKey("acme", "3", "7"): [mention(3, 0), reply(4, 1)],
        ConversationKey("acme", "5", "7"): [mention(5, 0), lease],
        ConversationKey("other", "6", "7"): [mention(6, 0)],
        ConversationKey("acme", "8", "7"): [reply(8, 0)],
    }
    conversations.add(facts, POLICY, KEEP)

    def due(minute: float) -> list[str]:
        return [k.conversation_id for k in conversations.due("acme", at(minute))]

    assert due(14.9) == []
    assert due(15) == ["2"]
    assert due(25) == ["2", "1"]
    assert due(100) == ["2", "1", "5"]
    assert conversations.next_due("acme") == at(15)
    assert conversations.next_due("nobody") is None
    assert [k.conversation_id for k in conversations.open("acme")] == ["2", "1", "5"]
    assert {k.company for k in conversations.open("other")} == {"other"}
    conversations.add({ConversationKey("acme", "2", "7"): [reply(9, 20)]}, POLICY, KEEP)
    assert due(25) == ["1"]


def test_posts_are_indexed_by_the_day_they_were_published(table: Table) -> None:
    """Any period has the posts that were published in it, whatever was stored later."""
    conversations = ConversationStore(table)
    day = 24 * 60
    facts = {
        ConversationKey("acme", "1", "7"): [mention(1, 0), reply(3, day)],
        ConversationKey("acme", "2", "8"): [
            mention(2, 15 * 60 - 0.5),
            mention(4, 15 * 60),
            mention(5, 2 * day),
        ],
    }
    conversations.add(facts, POLICY, KEEP)

    def published(start: float, end: float) -> list[str]:
        return [f.id for _, f in conversations.published("acme", at(start), at(end))]

    assert published(0, 3 * day) == ["1", "2", "4", "3", "5"]
    assert published(0, day) == ["1", "2", "4"]
    assert published(0, 0) == []
    assert published(0.1, 15 * 60) == ["2"]
    assert published(15 * 60, day) == ["4"]
    assert published(day, 2 * day + 0.1) == ["3", "5"]
    before = published(0, 3 * day)
    conversations.add({ConversationKey("acme", "2", "8"): [reply(6, 2 * day + 5)]}, POLICY, KEEP)
    conversations.add({ConversationKey("acme", "2", "8"): [mention(7, 9 * day)]}, POLICY, KEEP)
    assert published(0, 2 * day + 1) == before
    tokyo = timezone(timedelta(hours=9))
    start, end = at(0).astimezone(tokyo), at(15 * 60 + 0.1).astimezone(tokyo)
    assert [f.id for _, f in conversations.published("acme", start, end)] == ["1", "2", "4"]


@pytest.mark.parametrize("people", [3, 40, 90, 230])
def test_many_people_get_entries_of_many_conversations(table: Table, people: int) -> None:
    """More entries than fit beside the flags are written, once for each person and conversation."""
    conversations = ConversationStore(table)
    keys = [ConversationKey("acme", str(n), "7") for n in range(1, 61)]
    conversations.add({k: [mention(int(k.conversation_id), 0)] for k in keys}, POLICY, KEEP)

    def make_entries(flagged: Mapping[ConversationKey, Sequence[Fact]]) -> list[Entry]:
        first = next(iter(flagged)).conversation_id
        keys = tuple(flagged)
        return [Entry(first, "acme", f"person{n}", "alert", at(20), keys) for n in range(people)]

    def decide(_: ConversationKey, state: State) -> Sequence[Fact]:
        return levels_due(state, POLICY, at(20))

    conversations.append(keys, decide, POLICY, KEEP, make_entries)
    assert {s.level for s in conversations.states(keys).values()} == {"warning"}
    for n in (0, people - 1):
        covered = [k for e in Outbox(table).waiting("acme", f"person{n}") for k in e.keys]
        assert sorted(covered) == sorted(keys)


def test_a_missing_conversation_loads_as_empty(table: Table) -> None:
    """A key that nobody has written has no state and raises no error."""
    loaded = ConversationStore(table).load([KEY])[KEY]
    assert (loaded.rev, loaded.state.status, loaded.facts) == (0, None, ())
    assert ConversationStore(table).states([KEY]) == {}
