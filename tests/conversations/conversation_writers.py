"""Writers to one conversation, and the check that it is complete whatever they do."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pulse.conversations.facts import ConversationKey, Fact, Flag, Mention, Position, Reply
from pulse.conversations.fold import State, fold, levels_due
from pulse.conversations.store.codec import STATE, conversation_pk, fact_of, is_fact, state_of
from pulse.conversations.store.conversations import ConversationStore
from pulse.dynamodb.codec import Item, ItemKey
from pulse.dynamodb.table import Table
from pulse.kernel.policy import Level, Policy
from pulse.outbox.entries import Entry
from pulse.outbox.store.outbox import Outbox

NINE = datetime(2030, 5, 14, 9, tzinfo=UTC)
KEY = ConversationKey("acme", "1", "7")
KEEP = timedelta(days=90)
POLICY = Policy(
    levels=(
        Level("warning", timedelta(minutes=15), ()),
        Level("breach", timedelta(minutes=60), ()),
        Level("critical", timedelta(minutes=240), ()),
    ),
    groups={},
)
Writer = Callable[[ConversationStore], object]


def at(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


def mention(number: int, minute: float) -> Mention:
    return Mention(str(number), str(number), at(minute), f"help {number}", frozenset({"100"}))


def reply(number: int, minute: float) -> Reply:
    return Reply(str(number), str(number), at(minute), "we look into it", "100")


def position(minute: float, *mentions: int) -> Position:
    named = frozenset(map(str, mentions))
    return Position(f"p{minute}", "refused", named, "anna", at(minute))


def poll(*facts: Fact) -> Writer:
    """Return a writer that stores these facts, as a poll does."""
    return lambda conversations: conversations.add({KEY: facts}, POLICY, KEEP)


def click(fact: Fact) -> Writer:
    """Return a writer that stores what a person clicked, which is not retried."""
    return lambda conversations: conversations.append([KEY], lambda *_: [fact], POLICY, KEEP)


def flag(minute: float) -> Writer:
    """Return a writer that flags in this minute, with an outbox entry for each flag."""

    def entries_of(flagged: Mapping[ConversationKey, Sequence[Fact]]) -> list[Entry]:
        return [
            Entry(f"{fact.level}/{fact.reminder}/{minute}", "acme", fact.level, "alert", at(minute))
            for facts in flagged.values()
            for fact in facts
            if isinstance(fact, Flag)
        ]

    def decide(_: ConversationKey, state: State) -> Sequence[Fact]:
        return levels_due(state, POLICY, at(minute))

    return lambda conversations: conversations.append([KEY], decide, POLICY, KEEP, entries_of)


def stored_conversation(
    table: Table, key: ConversationKey = KEY
) -> tuple[State, list[Fact], list[Item]]:
    """Return the state, the facts and all items of a conversation, as stored."""
    items = list(table.query(conversation_pk(key)))
    [head] = [i for i in items if i["sk"] == STATE]
    return state_of(head), [fact_of(i) for i in items if is_fact(i)], items


def assert_whole(table: Table, *expected: Fact) -> State:
    """Check that the state is the fold of the facts, and that nothing is missing."""
    state, facts, items = stored_conversation(table)
    assert state == fold(facts, POLICY)
    assert {f.token for f in expected} <= {f.token for f in facts}
    open_ = state.status == "open"
    assert len({i.get("ttl") for i in items}) == 1
    assert (items[0].get("ttl") is None) is open_
    [head] = [i for i in items if i["sk"] == STATE]
    assert (head.get("gpk") == "acme#open") is open_
    assert "partly" not in head
    alerts = Counter(entry.person for entry in Outbox(table).waiting("acme"))
    flags = Counter(f.level for f in facts if isinstance(f, Flag))
    assert alerts == flags
    assert not alerts or max(alerts.values()) == 1
    return state


BEFORE: tuple[Fact, ...] = (mention(1, 0), mention(3, 2))


def delete_all(table: Table) -> None:
    """Delete everything in the table."""
    keys = [ItemKey(i["pk"], i["sk"]) for i in table.scan()]
    for start in range(0, len(keys), 100):
        table.transact([table.delete_action(key) for key in keys[start : start + 100]])
