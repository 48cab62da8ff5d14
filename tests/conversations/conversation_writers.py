"""Writers to one conversation, and the check that it is complete whatever they do."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from pulse.conversations.facts import ConversationKey, Fact, Flag, Mention, Position, Reply
from pulse.conversations.fold import State, fold, levels_due
from pulse.conversations.store.conversations import Change, ConversationStore
from pulse.conversations.store.documents import StoredConversation, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey
from pulse.dynamodb.table import Table
from pulse.kernel.company import Company, Person
from pulse.kernel.policy import Level, Policy
from pulse.outbox.entries import Entry
from pulse.outbox.store.outbox import Outbox
from tests.stored import misplaced

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


def company(
    policy: Policy = POLICY, retention: timedelta | None = KEEP, name: str = "acme"
) -> Company:
    """Return a company with this policy and retention."""
    anna = Person("anna", "Anna", "anna@acme.example")
    return Company(
        name, {"en": name}, (), {"anna": anna}, policy, owner="anna", retention=retention
    )


ACME = company()
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
    return lambda conversations: conversations.add({KEY: facts}, ACME)


def click(fact: Fact) -> Writer:
    """Return a writer that stores what a person clicked, which is not retried."""
    return lambda conversations: conversations.append([KEY], lambda *_: [fact], ACME)


def flag(minute: float) -> Writer:
    """Return a writer that flags in this minute, with an outbox entry for each flag."""

    def entries_of(flagged: Sequence[Change]) -> list[Entry]:
        return [
            Entry(f"{fact.level}/{fact.reminder}/{minute}", "acme", fact.level, "alert", at(minute))
            for change in flagged
            for fact in change.new_facts
            if isinstance(fact, Flag)
        ]

    def decide(stored: StoredConversation) -> Sequence[Fact]:
        return levels_due(stored.state(POLICY), POLICY, at(minute))

    return lambda conversations: conversations.append([KEY], decide, ACME, entries_of)


def stored_items(table: Table, key: ConversationKey = KEY) -> dict[str, Item]:
    """Return all items of a conversation by their sort keys, as stored."""
    return {item["sk"]: item for item in table.query(keys.document(*key).pk)}


def stored_conversation(table: Table, key: ConversationKey = KEY) -> tuple[State, list[Fact], Item]:
    """Return the state and the facts of a conversation, and its document as stored."""
    document = stored_items(table, key)[keys.DOCUMENT]
    stored = stored_in(document)
    return stored.state(POLICY), list(stored.facts), document


def assert_placed(table: Table, key: ConversationKey = KEY) -> State:
    """Check that index and time to live are as the facts say, and return the state."""
    state, facts, document = stored_conversation(table, key)
    assert state == fold(facts, POLICY)
    assert list(misplaced(stored_items(table, key), ACME)) == []
    open_ = state.status == "open"
    assert (document.get("ttl") is None) is open_
    assert ("open" in stored_items(table, key)) is open_
    return state


def assert_whole(table: Table, *expected: Fact) -> State:
    """Check that a conversation is placed as its facts say, and that these facts are stored."""
    state = assert_placed(table)
    _, facts, _ = stored_conversation(table)
    assert {f.token for f in expected} <= {f.token for f in facts}
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
