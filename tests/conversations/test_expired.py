"""Conversations that have expired and are not removed yet: nothing of them is restored."""

from datetime import timedelta
from typing import Any

import pytest

from pulse.conversations.store.conversations import MAX_FACTS, ConversationStore
from pulse.dynamodb.codec import Item
from pulse.dynamodb.table import Table
from pulse.kernel.policy import Level, Policy
from pulse.privacy.deletion import delete_posts
from tests.conversations.conversation_writers import (
    ACME,
    KEEP,
    KEY,
    assert_placed,
    at,
    company,
    mention,
    position,
    reply,
    stored_conversation,
    stored_items,
)
from tests.interleaving import HookedClient

DAY = 24 * 60
LATE = 92 * DAY
"""Past the time of what was said at nine."""
SHORT = timedelta(days=10)
LONG = (*(mention(n, n / 10) for n in range(1, 151)), reply(1000, 30))


def document(table: Table) -> Item:
    return stored_conversation(table)[2]


@pytest.fixture
def expired(table: Table) -> ConversationStore:
    """A finished conversation that has expired and is not removed yet."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0), mention(2, 0), reply(3, 1)]}, ACME)
    return conversations


@pytest.fixture
def reopened(table: Table, expired: ConversationStore) -> ConversationStore:
    """The same conversation with a new mention."""
    expired.add({KEY: [mention(9, LATE)]}, ACME)
    assert assert_placed(table).waiting == ("9",)
    return expired


def test_a_new_policy_restores_nothing_expired(table: Table, reopened: ConversationStore) -> None:
    """Folded by another policy, the conversation still waits only for the new mention."""
    quick = company(Policy((Level("warning", timedelta(minutes=5), ()),), {}, version=2))
    assert reopened.refold([KEY], quick, at(LATE + 1)) == 1
    state, facts, stored = stored_conversation(table)
    assert state.waiting_since == at(LATE)
    assert [fact.token for fact in facts] == ["m9"]
    assert "ttl" not in stored


@pytest.mark.parametrize("keep", [None, timedelta(days=1000), SHORT], ids=str)
def test_a_new_retention_restores_nothing_expired(
    table: Table, expired: ConversationStore, keep: timedelta | None
) -> None:
    """Whatever `keep` says now, expired facts stay expired, also after a new mention."""
    before, acme = stored_items(table), company(retention=keep)
    assert expired.refold([KEY], acme, at(LATE)) == 0
    assert stored_items(table) == before
    expired.add({KEY: [mention(9, LATE)]}, acme)
    assert expired.refold([KEY], acme, at(LATE)) == 0
    assert [fact.token for fact in stored_conversation(table)[1]] == ["m9"]
    assert "ttl" not in document(table)


def test_a_new_policy_leaves_an_expired_one_alone(table: Table, expired: ConversationStore) -> None:
    """When all conversations are folded by another policy, an expired one is not written."""
    before = stored_items(table)
    quick = company(
        Policy((Level("warning", timedelta(minutes=5), ()),), {}, version=2), timedelta(days=1000)
    )
    assert expired.refold([KEY], quick, at(LATE)) == 0
    assert stored_items(table) == before


def test_deleting_a_post_restores_no_expired_one(table: Table, expired: ConversationStore) -> None:
    """When a post of an expired conversation is deleted, all of it is deleted."""
    assert delete_posts(expired, {KEY: {"1"}}, ACME, at(LATE)) == 1
    assert stored_items(table) == {}


def test_a_reopened_conversation_is_deleted_with_its_new_mention(
    table: Table, reopened: ConversationStore
) -> None:
    """When the new mention is deleted, the expired ones do not wait again."""
    assert delete_posts(reopened, {KEY: {"9"}}, ACME, at(LATE)) == 1
    assert stored_items(table) == {}


def test_deleting_a_reply_leaves_expired_facts_alone(
    table: Table, reopened: ConversationStore
) -> None:
    """When a reply to the new mention is deleted, the rest of the conversation stays as it was."""
    facts = [position(LATE + 1, 9), reply(10, LATE + 2)]
    reopened.add({KEY: facts}, ACME)
    assert delete_posts(reopened, {KEY: {"10"}}, ACME, at(LATE + 3)) == 1
    state = assert_placed(table)
    assert (state.status, state.mentions) == ("closed", 1)


class KilledError(Exception):
    """The process was killed."""


def killed_after_writing(table: Table) -> ConversationStore:
    """Return a store that is killed right after its first write."""

    def kill(call: str) -> None:
        if call in ("put_item", "transact_write_items"):
            raise KilledError

    return ConversationStore(Table(HookedClient(table.client, after=kill), table.name, table.index))


@pytest.mark.parametrize("then", ["keep again", "a mention"])
def test_a_long_expired_conversation_is_removed_completely(table: Table, then: str) -> None:
    """After a kill during the write, a conversation of 151 facts expires as a whole."""
    conversations, short = ConversationStore(table), company(retention=SHORT)
    conversations.add({KEY: LONG}, company(retention=None))
    with pytest.raises(KilledError):
        killed_after_writing(table).refold([KEY], short, at(LATE))
    assert document(table)["ttl"] is not None
    if then == "a mention":
        conversations.add({KEY: [mention(2000, LATE)]}, short)
        state, facts, stored = stored_conversation(table)
        assert state.waiting == ("2000",)
        assert [fact.token for fact in facts] == ["m2000"]
        assert "ttl" not in stored
    else:
        conversations.refold([KEY], short, at(LATE))
        state, facts, stored = stored_conversation(table)
        assert state.status == "answered"
        assert len(facts) == len(LONG)
        assert stored["ttl"] < at(LATE).timestamp()


@pytest.mark.parametrize("late", [[], [mention(2001, LATE)]], ids=["nothing new", "a mention"])
def test_a_long_conversation_reopened_in_time_stays(table: Table, late: list[Any]) -> None:
    """After a kill during the write, a reopened conversation outlives its old time to live."""
    conversations = ConversationStore(table)
    conversations.add({KEY: LONG}, ACME)
    assert KEEP is not None
    with pytest.raises(KilledError):
        killed_after_writing(table).add({KEY: [mention(2000, 80 * DAY)]}, ACME)
    conversations.add({KEY: late}, ACME)
    state, facts, stored = stored_conversation(table)
    assert state.waiting == ("2000", *(fact.id for fact in late))
    published = (*LONG, mention(2000, 80 * DAY), *late)
    assert {fact.token for fact in facts} == {fact.token for fact in published}
    assert "ttl" not in stored


def test_a_full_conversation_that_has_expired_takes_new_mentions(table: Table) -> None:
    """What has expired takes no room: the new mention is not refused."""
    conversations = ConversationStore(table)
    facts = [*(mention(n, n / 100) for n in range(1, MAX_FACTS)), reply(9000, 60)]
    conversations.add({KEY: facts}, ACME)
    refused: list[Any] = []
    late = {KEY: [mention(9001, LATE)]}
    assert conversations.add(late, ACME, lambda _, one: refused.append(one)) == 1
    assert refused == []
    assert assert_placed(table).waiting == ("9001",)
