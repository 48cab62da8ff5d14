"""Conversations that DynamoDB is removing, item by item: nothing of them is restored."""

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
"""Past the time-to-live of what was published at nine."""
SHORT = timedelta(days=10)
LONG = (*(mention(n, n / 10) for n in range(1, 151)), reply(1000, 30))


def ttls(table: Table) -> dict[str, int | None]:
    return {item["sk"]: item.get("ttl") for item in table.query(conversation_pk(KEY))}


@pytest.fixture
def partly_expired(table: Table) -> ConversationStore:
    """A finished conversation of which the reply was removed first."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0), mention(2, 0), reply(3, 1)]}, POLICY, KEEP)
    table.delete_many([ItemKey(conversation_pk(KEY), "r3")])
    return conversations


@pytest.fixture
def reopened(table: Table, partly_expired: ConversationStore) -> ConversationStore:
    """The same conversation with a new mention."""
    partly_expired.add({KEY: [mention(9, LATE)]}, POLICY, KEEP)
    assert stored_conversation(table)[0].waiting == ("9",)
    return partly_expired


def test_a_new_policy_restores_nothing_expired(table: Table, reopened: ConversationStore) -> None:
    """Folded by another policy, the conversation still waits only for the new mention."""
    before = ttls(table)
    quick = Policy((Level("warning", timedelta(minutes=5), ()),), {}, version=2)
    reopened.refold([KEY], quick, KEEP, at(LATE + 1))
    assert stored_conversation(table)[0].waiting_since == at(LATE)
    assert ttls(table) == before
    assert before["m1"] is not None
    assert before["m9"] is None


@pytest.mark.parametrize("keep", [None, timedelta(days=1000), SHORT], ids=str)
def test_a_new_retention_restores_nothing_expired(
    table: Table, partly_expired: ConversationStore, keep: timedelta | None
) -> None:
    """Whatever `keep` says now, the expired items expire, also after a new mention."""
    before = ttls(table)
    retention = RetentionStore(table, partly_expired)
    assert retention.apply_to_conversations([KEY], POLICY, keep, at(LATE)) == 0
    assert ttls(table) == before
    partly_expired.add({KEY: [mention(9, LATE)]}, POLICY, keep)
    assert retention.apply_to_conversations([KEY], POLICY, keep, at(LATE)) == 0
    assert ttls(table) == {**before, STATE: None, "m9": None}


def test_deleting_a_post_restores_no_expired_one(
    table: Table, partly_expired: ConversationStore
) -> None:
    """When a post of a partly expired conversation is deleted, all of it is deleted."""
    deletions = DeletionStore(partly_expired)
    assert deletions.find_emptied({KEY: {"1"}}, at(LATE)) == {KEY}
    assert deletions.delete({KEY: {"1"}}, POLICY, KEEP, at(LATE)) == 1
    assert ttls(table) == {}


def test_a_conversation_left_with_expired_facts_only_is_removed(
    table: Table, reopened: ConversationStore
) -> None:
    """When the new mention is deleted, the expired ones do not wait again."""
    deletions = DeletionStore(reopened)
    assert deletions.find_emptied({KEY: {"9"}}, at(LATE)) == {KEY}
    assert deletions.delete({KEY: {"9"}}, POLICY, KEEP, at(LATE)) == 1
    assert ttls(table) == {}


def test_deleting_a_reply_leaves_expired_facts_alone(
    table: Table, reopened: ConversationStore
) -> None:
    """When a new, closed mention loses its reply, the expired mentions still do not count."""
    facts = [position(LATE + 1, 9), reply(10, LATE + 2)]
    reopened.add({KEY: facts}, POLICY, KEEP)
    assert DeletionStore(reopened).delete({KEY: {"10"}}, POLICY, KEEP, at(LATE + 3)) == 1
    state = stored_conversation(table)[0]
    assert (state.status, state.mentions) == ("closed", 1)


class KilledError(Exception):
    """The process was killed."""


def killed_after(table: Table, transactions: int) -> ConversationStore:
    """Return a store that is killed after so many transactions."""
    done: list[str] = []

    def kill(call: str) -> None:
        done.extend([call] if call == "transact_write_items" else [])
        if len(done) == transactions:
            raise KilledError

    return ConversationStore(Table(HookedClient(table.client, after=kill), table.name, table.index))


@pytest.mark.parametrize("then", ["retention again", "a mention"])
def test_a_long_expired_conversation_is_removed_completely(table: Table, then: str) -> None:
    """When a run is killed between two transactions, the rest expires as well."""
    conversations = ConversationStore(table)
    conversations.add({KEY: LONG}, POLICY, None)
    killed = killed_after(table, 1)
    with pytest.raises(KilledError):
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
def test_a_long_conversation_reopened_in_time_does_not_expire(
    table: Table, late: list[Any]
) -> None:
    """When a writer is killed while it reopens a conversation, the next writer completes it."""
    conversations = ConversationStore(table)
    conversations.add({KEY: LONG}, POLICY, KEEP)
    with pytest.raises(KilledError):
        killed_after(table, 1).add({KEY: [mention(2000, 80 * DAY)]}, POLICY, KEEP)
    conversations.add({KEY: late}, POLICY, KEEP)
    state, facts, items = stored_conversation(table)
    assert state.waiting == ("2000", *(fact.id for fact in late))
    assert state.facts == {fact.token for fact in facts}
    assert {item.get("ttl") for item in items} == {None}
