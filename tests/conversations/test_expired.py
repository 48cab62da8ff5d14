"""Conversations that DynamoDB is about to remove, item by item: nothing of them comes back."""

from datetime import timedelta
from typing import Any

import pytest

from pulse.conversations.store.codec import STATE, conversation_pk
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.table import Table
from pulse.kernel.policy import Level, Policy
from pulse.privacy.store.deletions import DeletionStore
from pulse.privacy.store.retention import RetentionStore
from tests.conversations.conversation_writers import (
    KEEP,
    KEY,
    POLICY,
    at,
    mention,
    position,
    reply,
    stored_conversation,
)
from tests.interleaving import HookedClient

DAY = 24 * 60
LATE = 92 * DAY
"""Past the time of what was said at nine."""
SHORT = timedelta(days=10)
LONG = (*(mention(n, n / 10) for n in range(1, 151)), reply(1000, 30))


def ttls(table: Table) -> dict[str, int | None]:
    return {item["sk"]: item.get("ttl") for item in table.query(conversation_pk(KEY))}


@pytest.fixture
def half_gone(table: Table) -> ConversationStore:
    """A finished one of which the answer went first."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0), mention(2, 0), reply(3, 1)]}, POLICY, KEEP)
    table.delete_many([ItemKey(conversation_pk(KEY), "r3")])
    return conversations


@pytest.fixture
def asked_anew(table: Table, half_gone: ConversationStore) -> ConversationStore:
    """The same, asked anew."""
    half_gone.add({KEY: [mention(9, LATE)]}, POLICY, KEEP)
    assert stored_conversation(table)[0].waiting == ("9",)
    return half_gone


def test_a_new_policy_brings_nothing_back(table: Table, asked_anew: ConversationStore) -> None:
    """Given one asked anew, when folded by another policy, then it waits since it was."""
    before = ttls(table)
    quick = Policy((Level("warning", timedelta(minutes=5), ()),), {}, version=2)
    asked_anew.refold([KEY], quick, KEEP, at(LATE + 1))
    assert stored_conversation(table)[0].waiting_since == at(LATE)
    assert ttls(table) == before
    assert before["m1"] is not None
    assert before["m9"] is None


@pytest.mark.parametrize("keep", [None, timedelta(days=1000), SHORT], ids=str)
def test_a_new_keep_brings_nothing_back(
    table: Table, half_gone: ConversationStore, keep: timedelta | None
) -> None:
    """Given one half gone, whatever `keep` says now, then it goes, and so when asked anew."""
    before = ttls(table)
    retention = RetentionStore(table, half_gone)
    assert retention.apply_to_conversations([KEY], POLICY, keep, at(LATE)) == 0
    assert ttls(table) == before
    half_gone.add({KEY: [mention(9, LATE)]}, POLICY, keep)
    assert retention.apply_to_conversations([KEY], POLICY, keep, at(LATE)) == 0
    assert ttls(table) == {**before, STATE: None, "m9": None}


def test_deleting_a_post_restores_no_expired_one(
    table: Table, half_gone: ConversationStore
) -> None:
    """Given one half gone, when one of its posts has to go, then all of it goes."""
    deletions = DeletionStore(half_gone)
    assert deletions.find_emptied({KEY: {"1"}}, at(LATE)) == {KEY}
    assert deletions.delete({KEY: {"1"}}, POLICY, KEEP, at(LATE)) == 1
    assert ttls(table) == {}


def test_a_conversation_left_with_expired_facts_only_is_removed(
    table: Table, asked_anew: ConversationStore
) -> None:
    """Given one asked anew, when that goes too, then what was before it waits no more."""
    deletions = DeletionStore(asked_anew)
    assert deletions.find_emptied({KEY: {"9"}}, at(LATE)) == {KEY}
    assert deletions.delete({KEY: {"9"}}, POLICY, KEEP, at(LATE)) == 1
    assert ttls(table) == {}


def test_deleting_a_reply_leaves_expired_facts_alone(
    table: Table, asked_anew: ConversationStore
) -> None:
    """Given one asked anew and closed, when a reply of ours goes, then the rest is as it was."""
    facts = [position(LATE + 1, 9), reply(10, LATE + 2)]
    asked_anew.add({KEY: facts}, POLICY, KEEP)
    assert DeletionStore(asked_anew).delete({KEY: {"10"}}, POLICY, KEEP, at(LATE + 3)) == 1
    state = stored_conversation(table)[0]
    assert (state.status, state.mentions) == ("closed", 1)


class GoneError(Exception):
    """The process is gone."""


def gone_after(table: Table, transactions: int) -> ConversationStore:
    """A writer that ends right after so many."""
    done: list[str] = []

    def leave(call: str) -> None:
        done.extend([call] if call == "transact_write_items" else [])
        if len(done) == transactions:
            raise GoneError

    return ConversationStore(
        Table(HookedClient(table.client, after=leave), table.name, table.index)
    )


@pytest.mark.parametrize("then", ["keep again", "a mention"])
def test_a_long_expired_conversation_is_removed_completely(table: Table, then: str) -> None:
    """Given more than a transaction takes, killed midway, then the rest goes too, all the same."""
    conversations = ConversationStore(table)
    conversations.add({KEY: LONG}, POLICY, None)
    killed = gone_after(table, 1)
    with pytest.raises(GoneError):
        RetentionStore(table, killed).apply_to_conversations([KEY], POLICY, SHORT, at(LATE))
    assert set(ttls(table).values()) > {None}
    if then == "a mention":
        conversations.add({KEY: [mention(2000, LATE)]}, POLICY, SHORT)
        assert stored_conversation(table)[0].waiting == ("2000",)
    else:
        RetentionStore(table, conversations).apply_to_conversations([KEY], POLICY, SHORT, at(LATE))
        assert stored_conversation(table)[0].status == "answered"
    living = {token for token, ttl in ttls(table).items() if ttl is None}
    assert living == ({STATE, "m2000"} if then == "a mention" else set())
    assert not any("partly" in item for item in stored_conversation(table)[2])


@pytest.mark.parametrize("late", [[], [mention(2001, LATE)]], ids=["nothing new", "a mention"])
def test_a_long_one_that_was_asked_anew_in_time_stays(table: Table, late: list[Any]) -> None:
    """Given one reopened, killed midway, when past its old time, then all of it lives on."""
    conversations = ConversationStore(table)
    conversations.add({KEY: LONG}, POLICY, KEEP)
    with pytest.raises(GoneError):
        gone_after(table, 1).add({KEY: [mention(2000, 80 * DAY)]}, POLICY, KEEP)
    conversations.add({KEY: late}, POLICY, KEEP)
    state, facts, items = stored_conversation(table)
    assert state.waiting == ("2000", *(fact.id for fact in late))
    assert state.facts == {fact.token for fact in facts}
    assert {item.get("ttl") for item in items} == {None}
