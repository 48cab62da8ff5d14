"""Conversations that others write too: attempts, an error in the end, no delay for others."""

from datetime import timedelta

import pytest

from pulse.conversations.facts import ConversationKey
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Level, Policy
from tests.conversations.conversation_writers import KEEP, KEY, POLICY, assert_whole, at, mention
from tests.interleaving import HookedClient, failing


@pytest.mark.parametrize("code", ["TransactionConflict", "ConditionalCheckFailed"])
def test_a_cancelled_transaction_is_tried_again(
    table: Table, code: str, pauses: list[float]
) -> None:
    """When other writers interfere three times, the fourth attempt succeeds."""
    conversations = ConversationStore(
        Table(failing(table.client, code, 3), table.name, table.index, pauses.append)
    )
    assert conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP) == 1
    assert_whole(table, mention(1, 0))
    assert pauses == ([0, 0, 0.05] if code == "TransactionConflict" else [])


def test_endless_contention_is_reported(table: Table, pauses: list[float]) -> None:
    """Attempts have growing pauses, and the error in the end names the conversation."""
    conversations = ConversationStore(
        Table(
            failing(table.client, "TransactionConflict", 10**6),
            table.name,
            table.index,
            pauses.append,
        )
    )
    with pytest.raises(ContentionError, match="conversation_id='1'"):
        conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)
    assert pauses == [0, 0, 0.05, 0.1, 0.2, *[0.4] * 7]


def test_a_throttled_conversation_delays_no_other(table: Table, pauses: list[float]) -> None:
    """When the first transaction is always throttled, the others are written; then it fails."""
    facts = {ConversationKey("acme", str(n), "7"): [mention(n, 0)] for n in range(1, 101)}
    client = failing(table.client, "ThrottlingError", 7)
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        ConversationStore(Table(client, table.name, table.index, pauses.append)).add(
            facts, POLICY, KEEP
        )
    assert len(ConversationStore(table).states(facts)) == 60


def test_an_invalid_transaction_is_not_tried_again(table: Table) -> None:
    """An error that no further attempt can fix is raised as it is."""
    client = failing(table.client, "ValidationError", 1)
    conversations = ConversationStore(Table(client, table.name, table.index))
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)


def test_a_contended_conversation_delays_no_other(table: Table) -> None:
    """When one of forty conversations changes meanwhile, each is still written, once."""
    keys = [ConversationKey("acme", str(n), "7") for n in range(1, 41)]
    facts = {k: [mention(int(k.conversation_id), 0)] for k in keys}
    busy = [False]

    def interfere(name: str) -> None:
        if name == "transact_write_items" and not busy[0]:
            busy[0] = True
            ConversationStore(table).add({keys[5]: [mention(100, 1)]}, POLICY, KEEP)

    client = HookedClient(table.client, interfere)
    conversations = ConversationStore(Table(client, table.name, table.index))
    assert conversations.add(facts, POLICY, KEEP) == 40
    states = conversations.states(keys)
    assert states[keys[5]].waiting == ("6", "100")
    assert all(s.status == "open" for s in states.values())


def test_refold_applies_a_new_policy_once(table: Table) -> None:
    """Open conversations are folded by a new version of the policy, and then left alone."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)
    quick = Policy((Level("warning", timedelta(minutes=5), ()),), {}, version=2)
    conversations.refold([KEY, ConversationKey("acme", "404", "7")], quick, KEEP, at(1))
    assert conversations.next_due("acme") == at(5)
    rev = conversations.load([KEY])[KEY].rev
    conversations.refold([KEY], quick, KEEP, at(2))
    assert conversations.load([KEY])[KEY].rev == rev
