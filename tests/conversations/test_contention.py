"""Conversations that others write too: attempts, an error in the end, no delay for others."""

from datetime import timedelta

import pytest

from pulse.conversations.facts import ConversationKey
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.table import Table
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Level, Policy
from tests.conversations.conversation_writers import ACME, KEY, assert_whole, at, company, mention
from tests.interleaving import HookedClient, failing


@pytest.mark.parametrize("code", ["TransactionConflict", "ConditionalCheckFailed"])
def test_a_cancelled_transaction_is_tried_again(
    table: Table, code: str, pauses: list[float]
) -> None:
    """When other writers interfere three times, the fourth attempt succeeds."""
    conversations = ConversationStore(
        Table(failing(table.client, code, 3), table.name, table.index, pauses.append)
    )
    assert conversations.add({KEY: [mention(1, 0)]}, ACME) == 1
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
        conversations.add({KEY: [mention(1, 0)]}, ACME)
    assert pauses == [0, 0, 0.05, 0.1, 0.2, *[0.4] * 7]


def test_a_throttled_conversation_delays_no_other(table: Table, pauses: list[float]) -> None:
    """When the first transaction is always throttled, the others are written; then it fails."""
    facts = {ConversationKey("acme", str(n), "7"): [mention(n, 0)] for n in range(1, 101)}
    client = failing(table.client, "ThrottlingError", 7)
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        ConversationStore(Table(client, table.name, table.index, pauses.append)).add(facts, ACME)
    assert len(ConversationStore(table).states(facts, ACME)) == 60


def test_an_invalid_transaction_is_not_tried_again(table: Table) -> None:
    """An error that no further attempt can fix is raised as it is."""
    client = failing(table.client, "ValidationError", 1)
    conversations = ConversationStore(Table(client, table.name, table.index))
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        conversations.add({KEY: [mention(1, 0)]}, ACME)


def test_a_contended_conversation_delays_no_other(table: Table) -> None:
    """When one of forty conversations changes meanwhile, each is still written, once."""
    keys = [ConversationKey("acme", str(n), "7") for n in range(1, 41)]
    facts = {k: [mention(int(k.conversation_id), 0)] for k in keys}
    busy = [False]

    def interfere(name: str) -> None:
        if name == "transact_write_items" and not busy[0]:
            busy[0] = True
            ConversationStore(table).add({keys[5]: [mention(100, 1)]}, ACME)

    client = HookedClient(table.client, interfere)
    conversations = ConversationStore(Table(client, table.name, table.index))
    assert conversations.add(facts, ACME) == 40
    states = conversations.states(keys, ACME)
    assert states[keys[5]].waiting == ("6", "100")
    assert all(s.status == "open" for s in states.values())


def test_refold_applies_a_new_policy_once(table: Table) -> None:
    """Open conversations are folded by a new version of the policy, and then left alone."""
    conversations = ConversationStore(table)
    conversations.add({KEY: [mention(1, 0)]}, ACME)
    quick = company(Policy((Level("warning", timedelta(minutes=5), ()),), {}, version=2))
    keys = [KEY, ConversationKey("acme", "404", "7")]
    assert conversations.refold(keys, quick, at(1)) == 1
    assert conversations.due(quick, at(4.9)) == []
    assert conversations.due(quick, at(5)) == [KEY]
    rev = conversations.load([KEY])[KEY].rev
    assert conversations.refold([KEY], quick, at(2)) == 0
    assert conversations.load([KEY])[KEY].rev == rev
