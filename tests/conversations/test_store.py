"""The store of conversations: all facts and their state, how long they live, and the index."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest

from pulse.conversations.facts import ConversationKey, Fact, Lease, Mention
from pulse.conversations.fold import levels_due
from pulse.conversations.store.conversations import Change, ConversationStore
from pulse.conversations.store.documents import InconsistentItemError, StoredConversation
from pulse.dynamodb import keys
from pulse.dynamodb.table import Table
from pulse.outbox.entries import Entry
from pulse.outbox.store.outbox import Outbox
from pulse.privacy.deletion import delete_posts
from tests.conversations.conversation_writers import (
    ACME,
    KEY,
    POLICY,
    assert_placed,
    assert_whole,
    at,
    company,
    mention,
    position,
    reply,
    stored_conversation,
)
from tests.interleaving import HookedClient


def test_more_facts_than_one_transaction_takes(table: Table) -> None:
    """Of 400 new facts in one conversation, all are stored and counted as new."""
    facts = [mention(n, n) for n in range(1, 401)]
    assert ConversationStore(table).add({KEY: facts}, ACME) == 400
    assert assert_whole(table, *facts).mentions == 400
    assert ConversationStore(table).add({KEY: facts}, ACME) == 0


@pytest.mark.parametrize("customers", [1, 60])
def test_the_longest_posts_that_x_takes(table: Table, customers: int) -> None:
    """A page of the longest possible posts is written in transactions that DynamoDB accepts."""
    sizes: list[int] = []
    for call in ("TransactWriteItems", "PutItem"):
        table.client.meta.events.register(
            f"before-call.dynamodb.{call}", lambda params, **_: sizes.append(len(params["body"]))
        )
    random = Random(7)
    facts: dict[ConversationKey, list[Fact]] = {}
    for n in range(1, 61):
        key = ConversationKey("acme", str(n % customers), "7")
        # Letters drawn by lot are those that compression makes least of.
        text = "".join(chr(random.randint(0x3042, 0x9FFF)) for _ in range(25_000))
        facts.setdefault(key, []).append(replace(mention(n, n), text=text))
    refused: list[Mention] = []
    stored = ConversationStore(table).add(facts, ACME, lambda _, post: refused.append(post))
    assert stored + len(refused) == 60
    assert max(sizes) < (4 * 2**20 if customers > 1 else 400_000)
    if customers > 1:
        assert not refused
        assert sum(sizes) > 4 * 2**20
    else:
        assert stored == 5
        assert_placed(table, ConversationKey("acme", "0", "7"))


def test_many_conversations_at_once(table: Table) -> None:
    """When one call writes 150 conversations, each gets its state."""
    facts = {
        ConversationKey("acme", str(n), "7"): [mention(n, n), reply(n + 1000, n)]
        for n in range(1, 151)
    }
    assert ConversationStore(table).add(facts, ACME) == 300
    states = ConversationStore(table).states(facts, ACME)
    assert len(states) == 150
    assert {s.status for s in states.values()} == {"answered"}


def test_known_facts_are_not_written_again(table: Table) -> None:
    """A poll that finds known facts again writes nothing."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0), reply(2, 1)]}, ACME)
    calls: list[str] = []
    client = HookedClient(table.client, calls.append)
    ConversationStore(Table(client, table.name, table.index)).add(
        {KEY: [mention(1, 0), reply(2, 1)]}, ACME
    )
    assert calls == ["batch_get_item"]


def test_a_change_that_keeps_the_mark_is_one_plain_write(table: Table) -> None:
    """For another mention of a wait, the document alone is written, at half the price."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0)]}, ACME)
    calls: list[str] = []
    client = HookedClient(table.client, calls.append)
    more = ConversationStore(Table(client, table.name, table.index))
    more.add({KEY: [mention(2, 1)]}, ACME)
    assert calls == ["batch_get_item", "put_item"]
    assert_whole(table, mention(1, 0), mention(2, 1))
    more.add({KEY: [reply(3, 2)]}, ACME)
    assert calls[2:] == ["batch_get_item", "transact_write_items"]
    assert_whole(table, reply(3, 2))


def test_facts_whose_write_lost_its_answer_count_as_new(table: Table) -> None:
    """If the answer is lost and another writer comes next, the facts are still new (D-030)."""
    others = ConversationStore(table)
    others.add({KEY: [mention(1, 0)]}, ACME)
    lost = iter([True])

    def lose_answer(call: str) -> None:
        if call == "put_item" and next(lost, False):
            others.add({KEY: [mention(3, 2)]}, ACME)
            error = {"Error": {"Code": "ConditionalCheckFailedException"}}
            metadata = {"ResponseMetadata": {"RetryAttempts": 1}}
            kind = table.client.exceptions.ConditionalCheckFailedException
            raise kind({**error, **metadata}, "PutItem")

    client = HookedClient(table.client, after=lose_answer)
    ours = ConversationStore(Table(client, table.name, table.index))
    assert ours.add({KEY: [mention(2, 1)]}, ACME) == 1
    assert_whole(table, mention(1, 0), mention(2, 1), mention(3, 2))


def test_a_document_that_contradicts_its_facts_is_an_error(table: Table) -> None:
    """A document whose mark contradicts its facts is an error to `flag`; others go by the facts."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0)]}, ACME)
    table.update(keys.document(*KEY), {"open": None})
    assert conversations.states([KEY], ACME)[KEY].status == "open"
    with pytest.raises(InconsistentItemError, match="open"):
        conversations.load([KEY])[KEY].checked_state(POLICY)
    conversations.add({KEY: [mention(2, 1)]}, ACME)
    assert_placed(table)


def test_time_to_live_is_set_when_finished_and_taken_off_when_reopened(table: Table) -> None:
    """An answered conversation expires; one with a newer mention does not."""
    conversations = ConversationStore(table)

    def ttl() -> int | None:
        assert_placed(table)
        found: int | None = stored_conversation(table)[2].get("ttl")
        return found

    conversations.add({KEY: [mention(n, n) for n in range(1, 5)]}, ACME)
    assert ttl() is None
    conversations.add({KEY: [reply(5, 60)]}, ACME)
    first = ttl()
    assert first is not None
    assert timedelta(days=90) <= datetime.fromtimestamp(first, UTC) - at(60) <= timedelta(days=91)
    conversations.add({KEY: [mention(6, 60 * 24 * 3)]}, ACME)
    assert ttl() is None
    conversations.append([KEY], lambda *_: [position(60 * 24 * 3 + 1, 6)], ACME)
    later = ttl()
    assert later is not None
    assert later - first == 3 * 24 * 3600


@pytest.mark.parametrize("removed", [False, True], ids=["not removed yet", "removed"])
def test_a_conversation_past_its_time_to_live_counts_as_removed(
    table: Table, removed: bool
) -> None:
    """If the customer of an expired conversation writes again, only the new mention waits."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0), reply(2, 1)]}, ACME)
    if removed:
        table.delete_many([keys.document(*KEY)])
    later = 60 * 24 * 92
    for number in (3, 4):
        conversations.add({KEY: [mention(number, later + number)]}, ACME)
    state, facts, _ = stored_conversation(table)
    assert (state.waiting, state.waiting_since) == (("3", "4"), at(later + 3))
    assert "m1" not in {fact.token for fact in facts}


def test_without_retention_nothing_expires(table: Table) -> None:
    """For a company that keeps everything, the document gets no time-to-live."""
    facts = [mention(1, 0), reply(2, 1)]
    ConversationStore(table).add({KEY: facts}, company(retention=None))
    assert "ttl" not in stored_conversation(table)[2]


def test_the_index_has_open_conversations_by_when_they_need_attention(table: Table) -> None:
    """Of open, answered and leased conversations, only those that are due are read, in order."""
    conversations = ConversationStore(table)
    lease = Lease("mine", "anna", at(1), at(100))
    facts: dict[ConversationKey, list[Fact]] = {
        ConversationKey("acme", "1", "7"): [mention(1, 10)],
        ConversationKey("acme", "2", "7"): [mention(2, 0)],
        ConversationKey("acme", "3", "7"): [mention(3, 0), reply(4, 1)],
        ConversationKey("acme", "5", "7"): [mention(5, 0), lease],
        ConversationKey("acme", "8", "7"): [reply(8, 0)],
    }
    other = ConversationKey("other", "6", "7")
    conversations.add(facts, ACME)
    conversations.add({other: [mention(6, 0)]}, company(name="other"))

    def due(minute: float) -> list[str]:
        return [k.conversation_id for k in conversations.due(ACME, at(minute))]

    assert due(14.9) == []
    assert due(15) == ["2"]
    assert due(25) == ["2", "1"]
    assert due(100) == ["2", "1", "5"]
    assert conversations.due(company(name="nobody")) == []
    assert [k.conversation_id for k in conversations.due(ACME)] == ["2", "1", "5"]
    assert [k.conversation_id for k in conversations.open(ACME)] == ["2", "1", "5"]
    assert {k.company for k in conversations.open(company(name="other"))} == {"other"}
    conversations.add({ConversationKey("acme", "2", "7"): [reply(9, 20)]}, ACME)
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
    conversations.add(facts, ACME)

    def published(start: float, end: float) -> list[str]:
        return [f.id for _, f in conversations.published(ACME, at(start), at(end))]

    assert published(0, 3 * day) == ["1", "2", "4", "3", "5"]
    assert published(0, day) == ["1", "2", "4"]
    assert published(0, 0) == []
    assert published(0.1, 15 * 60) == ["2"]
    assert published(15 * 60, day) == ["4"]
    assert published(day, 2 * day + 0.1) == ["3", "5"]
    before = published(0, 3 * day)
    conversations.add({ConversationKey("acme", "2", "8"): [reply(6, 2 * day + 5)]}, ACME)
    conversations.add({ConversationKey("acme", "2", "8"): [mention(7, 9 * day)]}, ACME)
    assert published(0, 2 * day + 1) == before
    tokyo = timezone(timedelta(hours=9))
    start, end = at(0).astimezone(tokyo), at(15 * 60 + 0.1).astimezone(tokyo)
    assert [f.id for _, f in conversations.published(ACME, start, end)] == ["1", "2", "4"]


@pytest.mark.parametrize("people", [3, 40, 90, 230])
def test_many_people_get_entries_of_many_conversations(table: Table, people: int) -> None:
    """More entries than fit beside the flags are written, once for each person and conversation."""
    conversations = ConversationStore(table)
    keys = [ConversationKey("acme", str(n), "7") for n in range(1, 61)]
    conversations.add({k: [mention(int(k.conversation_id), 0)] for k in keys}, ACME)

    def make_entries(flagged: Sequence[Change]) -> list[Entry]:
        first = flagged[0].key.conversation_id
        keys = tuple(change.key for change in flagged)
        return [Entry(first, "acme", f"person{n}", "alert", at(20), keys) for n in range(people)]

    def decide(stored: StoredConversation) -> Sequence[Fact]:
        return levels_due(stored.state(POLICY), POLICY, at(20))

    conversations.append(keys, decide, ACME, make_entries)
    assert {s.level for s in conversations.states(keys, ACME).values()} == {"warning"}
    for n in (0, people - 1):
        covered = [k for e in Outbox(table).waiting("acme", f"person{n}") for k in e.keys]
        assert sorted(covered) == sorted(keys)


def test_a_reader_misses_none_that_moves_meanwhile(table: Table) -> None:
    """A conversation that gets or loses a post while the list is read is still found."""
    conversations = ConversationStore(table)
    keys = [ConversationKey("acme", str(n), "7") for n in range(1, 4)]
    conversations.add({k: [mention(int(k.conversation_id), n)] for n, k in enumerate(keys)}, ACME)
    page = ("provide-client-params.dynamodb.Query", lambda params, **_: {**params, "Limit": 1})
    table.client.meta.events.register(*page)
    reader = iter(conversations.spoken_in_since(ACME))
    found = [next(reader).key]
    conversations.add({keys[2]: [reply(9, 60)]}, ACME)
    conversations.add({keys[1]: [reply(10, 61)]}, ACME)
    delete_posts(conversations, {keys[1]: {"10"}}, ACME, at(62))
    found += [one.key for one in reader]
    table.client.meta.events.unregister(*page)
    assert set(found) == set(keys)
    assert [one.key for one in conversations.spoken_in_since(ACME, at(59))] == [keys[2], keys[1]]


def test_a_missing_conversation_loads_as_empty(table: Table) -> None:
    """A key that nobody has written has no state and raises no error."""
    loaded = ConversationStore(table).load([KEY])[KEY]
    assert (loaded.rev, loaded.state(POLICY).status, loaded.facts) == (0, None, ())
    assert ConversationStore(table).states([KEY], ACME) == {}
