"""What grows without end: a wait of months with many reminders must fit into the table."""

from collections.abc import Sequence
from dataclasses import replace

from pulse.conversations.facts import ConversationKey, Fact, Flag, Mention
from pulse.conversations.fold import fold, levels_due
from pulse.conversations.store.conversations import MAX_FACTS, ConversationStore
from pulse.conversations.store.documents import StoredConversation
from pulse.dynamodb.table import Table
from tests.conversations.conversation_writers import ACME, POLICY, at, reply, stored_conversation

_ID = 1904979780000000000
"""As long as X's ids are."""
KEY = ConversationKey("acme", str(_ID), "1234567890123456789")
OTHER = ConversationKey("acme", str(_ID + 1), "7")


def make_mention(number: int, minute: float) -> Mention:
    name = str(_ID + number)
    return Mention(name, name, at(minute), f"help {number}", frozenset({"100"}))


def flag_all(conversations: ConversationStore, minute: float) -> int:
    """Flag what is due, as the job of the minute does."""

    def decide(stored: StoredConversation) -> Sequence[Fact]:
        return levels_due(stored.state(POLICY), POLICY, at(minute))

    due = conversations.due(ACME, at(minute))
    return len(conversations.append(due, decide, ACME))


def test_a_wait_of_months_stops_no_flagging(table: Table) -> None:
    """Two hundred mentions flagged a hundred times are flagged once more, and others too."""
    mentions = [make_mention(number, number / 10) for number in range(200)]
    flags = [
        Flag("critical", frozenset(m.id for m in mentions), at(240), at(240 + day * 1440), day)
        for day in range(100)
    ]
    conversations = ConversationStore(table)
    conversations.add({KEY: [*mentions, *flags]}, ACME)
    later = 240 + 100 * 1440
    conversations.add({OTHER: [make_mention(300, later - 20)]}, ACME)
    assert flag_all(conversations, later) == 2
    state, facts, _ = stored_conversation(table, KEY)
    assert state == fold(facts, POLICY)
    assert [f.reminder for f in state.flags] == list(range(101))


def test_flags_are_read_as_they_were_written(table: Table) -> None:
    """Flags of waits that grew, shrank and changed each have their own mentions."""
    mentions = [make_mention(number, number) for number in range(6)]
    waits = [(0, 1), (0, 1, 2), (2,), (3, 4), (3, 4), (5, 3)]
    flags = [
        Flag("critical", frozenset(mentions[n].id for n in numbers), at(240), at(300 + day), day)
        for day, numbers in enumerate(waits)
    ]
    facts = [*mentions, *flags]
    ConversationStore(table).add({KEY: facts}, ACME)
    state = stored_conversation(table, KEY)[0]
    assert state == fold(facts, POLICY)
    assert set(state.flags) == set(flags)


def test_endless_posts_fill_only_one_conversation(table: Table) -> None:
    """Of thousands of mentions in a thread, those beyond the limit are refused; replies are not."""
    conversations = ConversationStore(table)
    refused: list[str] = []

    def store(*facts: Fact) -> int:
        return conversations.add({KEY: facts}, ACME, lambda _, m: refused.append(m.id))

    many = [make_mention(number, number / 10) for number in range(MAX_FACTS)]
    for start in range(0, MAX_FACTS, 500):
        assert store(*many[start : start + 500]) == 500
    late = make_mention(MAX_FACTS, MAX_FACTS)
    late_reply = replace(reply(1, MAX_FACTS + 1), id=str(_ID + 9000), version=str(_ID + 9000))
    assert store(many[0], late, late_reply) == 1
    assert refused == [late.id]
    assert stored_conversation(table, KEY)[0].status == "answered"
