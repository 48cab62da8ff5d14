"""Conversations in the table: whatever order writers come in, nothing is lost or told twice."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from pulse.adapters.table import ContentionError, Conversations, Table
from pulse.adapters.table.client import At, Item
from pulse.adapters.table.items import STATE, fact_item, fact_of, is_fact, partition, state_of
from pulse.domain.conversation import State, fold, levels_due
from pulse.domain.facts import Fact, Flag, Key, Lease, Mention, Position, Reply
from pulse.domain.policy import Level, Policy
from tests.tiers import WHOLE

from .turns import Hooked, failing, orders, play

NINE = datetime(2030, 5, 14, 9, tzinfo=UTC)
KEY = Key("acme", "1", "7")
KEEP = timedelta(days=90)
POLICY = Policy(
    levels=(
        Level("warning", timedelta(minutes=15), ()),
        Level("breach", timedelta(minutes=60), ()),
        Level("critical", timedelta(minutes=240), ()),
    ),
    groups={},
)
Writer = Callable[[Conversations], object]


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
    """A poll that found these."""
    return lambda conversations: conversations.add({KEY: facts}, POLICY, KEEP)


def click(fact: Fact) -> Writer:
    """A person's click, which has no retry."""
    return lambda conversations: conversations.amend([KEY], lambda *_: [fact], POLICY, KEEP)


def flag(minute: float) -> Writer:
    """The flagging of this minute; each telling is an item of its own."""

    def tell(flagged: Mapping[Key, Sequence[Fact]]) -> list[tuple[At, Item]]:
        return [
            (At("told", f"{fact.level}/{fact.again}/{minute}"), {"level": fact.level})
            for facts in flagged.values()
            for fact in facts
            if isinstance(fact, Flag)
        ]

    def decide(_: Key, state: State) -> Sequence[Fact]:
        return levels_due(state, POLICY, at(minute))

    return lambda conversations: conversations.amend([KEY], decide, POLICY, KEEP, tell)


def kept(table: Table, key: Key = KEY) -> tuple[State, list[Fact], list[Item]]:
    """The state, the facts and all items of a conversation, as they lie there."""
    items = list(table.partition(partition(key)))
    [head] = [i for i in items if i["sk"] == STATE]
    return state_of(head), [fact_of(i) for i in items if is_fact(i)], items


def assert_whole(table: Table, *expected: Fact) -> State:
    """State and facts belong together, all items are one in time-to-live, all are there."""
    state, facts, items = kept(table)
    assert state == fold(facts, POLICY)
    assert {f.token for f in expected} <= {f.token for f in facts}
    open_ = state.status == "open"
    assert len({i.get("ttl") for i in items}) == 1
    assert (items[0].get("ttl") is None) is open_
    [head] = [i for i in items if i["sk"] == STATE]
    assert (head.get("gpk") == "acme#open") is open_
    assert "partly" not in head
    told = Counter(i["level"] for i in table.partition("told"))
    flags = Counter(f.level for f in facts if isinstance(f, Flag))
    assert told == flags
    assert not told or max(told.values()) == 1
    return state


BEFORE: tuple[Fact, ...] = (mention(1, 0), mention(3, 2))
MANY: tuple[Fact, ...] = tuple(mention(n, n) for n in range(1, 90))
"""More than one transaction retimes."""
PAIRS: dict[str, tuple[tuple[Fact, ...], list[Writer], tuple[Fact, ...]]] = {
    "two polls find different mentions": (
        (),
        [poll(mention(1, 0)), poll(mention(2, 1))],
        (mention(1, 0), mention(2, 1)),
    ),
    "two polls find the same": (
        (),
        [poll(mention(1, 0), reply(2, 1)), poll(mention(1, 0), reply(2, 1))],
        (mention(1, 0), reply(2, 1)),
    ),
    "a reply while the minute is flagged": (
        BEFORE,
        [poll(reply(4, 20)), flag(20)],
        (*BEFORE, reply(4, 20)),
    ),
    "a mention while the minute is flagged": (
        BEFORE,
        [poll(mention(2, 1)), flag(20)],
        (*BEFORE, mention(2, 1)),
    ),
    "a flagging delivered twice": (BEFORE, [flag(70), flag(71)], BEFORE),
    "a click while a mention comes in": (
        BEFORE,
        [click(position(5, 1, 3)), poll(mention(4, 4))],
        (*BEFORE, position(5, 1, 3), mention(4, 4)),
    ),
    "a click while the minute is flagged": (
        BEFORE,
        [click(position(5, 1, 3)), flag(300)],
        (*BEFORE, position(5, 1, 3)),
    ),
    "two clicks": (
        BEFORE,
        [click(position(5, 1)), click(position(6, 3))],
        (*BEFORE, position(5, 1), position(6, 3)),
    ),
    "a lease while the minute is flagged": (
        BEFORE,
        [click(Lease("mine", "anna", at(14), at(44))), flag(20)],
        (*BEFORE, Lease("mine", "anna", at(14), at(44))),
    ),
    "a finished one reopens while another reply comes": (
        (*BEFORE, reply(4, 9)),
        [poll(mention(6, 12)), poll(reply(5, 10))],
        (*BEFORE, reply(4, 9), mention(6, 12), reply(5, 10)),
    ),
}


def wipe(table: Table) -> None:
    """Leave nothing of what the last order wrote."""
    gone = [At(i["pk"], i["sk"]) for i in table.all()]
    for start in range(0, len(gone), 100):
        table.transact([table.delete_action(key) for key in gone[start : start + 100]])


def player(table: Table, writer: Writer) -> Callable[[Any], None]:
    return lambda client: writer(Conversations(Table(client, table.name, table.index)))


@pytest.mark.parametrize(("before", "writers", "expected"), PAIRS.values(), ids=PAIRS)
def test_two_writers_in_every_order(
    table: Table, before: tuple[Fact, ...], writers: list[Writer], expected: tuple[Fact, ...]
) -> None:
    """Given two writers, in every order of their calls, then all facts stand and fold the same."""
    states = []

    def run(choices: Sequence[int]) -> list[int]:
        Conversations(table).add({KEY: before} if before else {}, POLICY, KEEP)
        options = play([player(table, w) for w in writers], table.client, choices)
        states.append(assert_whole(table, *expected))
        wipe(table)
        return options

    tried = list(orders(run))
    assert len(tried) >= 6
    assert len({(s.status, s.waiting, s.waiting_since) for s in states}) == 1


SEVERAL: dict[str, tuple[tuple[Fact, ...], list[Writer], tuple[Fact, ...]]] = {
    "a mention, a reply and a flagging": (
        (mention(1, 0),),
        [poll(mention(2, 1)), poll(reply(3, 14)), flag(20)],
        (mention(1, 0), mention(2, 1), reply(3, 14)),
    ),
    "a click, a mention and a flagging": (
        (mention(1, 0),),
        [click(position(5, 1)), poll(mention(2, 3)), flag(70)],
        (mention(1, 0), position(5, 1), mention(2, 3)),
    ),
    "two flaggings and a mention": (
        (mention(1, 0),),
        [flag(70), flag(71), poll(mention(2, 3))],
        (mention(1, 0), mention(2, 3)),
    ),
    "a long one is answered while another poll finds that, and more": (
        MANY,
        [poll(reply(90, 90)), poll(reply(90, 90), mention(91, 91))],
        (*MANY, reply(90, 90), mention(91, 91)),
    ),
    "a long finished one reopens while another poll finds that, and its answer": (
        (*MANY, reply(90, 90)),
        [poll(mention(91, 91)), poll(mention(91, 91), reply(92, 92))],
        (*MANY, reply(90, 90), mention(91, 91), reply(92, 92)),
    ),
}


@pytest.mark.parametrize(("before", "writers", "expected"), SEVERAL.values(), ids=SEVERAL)
def test_more_writers_or_longer_ones_in_many_orders(
    table: Table, before: tuple[Fact, ...], writers: list[Writer], expected: tuple[Fact, ...]
) -> None:
    """Given writers in drawn orders (the same each time), then nothing is lost."""
    random = Random(7)  # the same orders each time
    for _ in range(400 if WHOLE else 25):
        choices = [random.randrange(len(writers)) for _ in range(40)]
        Conversations(table).add({KEY: before}, POLICY, KEEP)
        play([player(table, w) for w in writers], table.client, choices)
        assert_whole(table, *expected)
        wipe(table)


class CrashError(BaseException):
    """The function is gone, in the middle of what it did."""


def crashing(client: Any, number: int, *, after: bool) -> Hooked:
    """A client that is gone before (or right after) its call of this number."""
    calls = itertools.count(1)

    def crash(_: str) -> None:
        if next(calls) == number:
            raise CrashError

    return Hooked(client, after=crash) if after else Hooked(client, before=crash)


WORK: dict[str, tuple[tuple[Fact, ...], Writer]] = {
    "a poll": ((mention(1, 0),), poll(mention(2, 1), reply(3, 5), mention(4, 6))),
    "a poll of more than a transaction takes": (
        (),
        poll(*(mention(n, n) for n in range(1, 171))),
    ),
    "a click": (BEFORE, click(position(5, 1, 3))),
    "a flagging": (BEFORE, flag(300)),
    "closing one of many facts": (
        tuple(mention(n, n) for n in range(1, 130)),
        poll(reply(1000, 500)),
    ),
}


@pytest.mark.parametrize("after", [False, True], ids=["before a call", "after a call"])
@pytest.mark.parametrize(("before", "work"), WORK.values(), ids=WORK)
def test_a_crash_anywhere_and_then_again(
    table: Table, before: tuple[Fact, ...], work: Writer, after: bool
) -> None:
    """Given a writer gone at any of its calls, when it is tried again, then all is as if not."""
    undisturbed: State | None = None
    for number in itertools.count(0):
        Conversations(table).add({KEY: before} if before else {}, POLICY, KEEP)
        gone = False
        try:
            client = crashing(table.client, number, after=after)
            work(Conversations(Table(client, table.name, table.index)))
        except CrashError:
            gone = True
        work(Conversations(table))
        state = assert_whole(table, *before)
        undisturbed = undisturbed or state
        assert state == undisturbed
        wipe(table)
        if number and not gone:
            break


def test_more_facts_than_one_transaction_takes(table: Table) -> None:
    """Given 400 new facts in one conversation, then all of them are stored, and told as new."""
    facts = [mention(n, n) for n in range(1, 401)]
    assert Conversations(table).add({KEY: facts}, POLICY, KEEP) == 400
    assert assert_whole(table, *facts).mentions == 400
    assert Conversations(table).add({KEY: facts}, POLICY, KEEP) == 0


@pytest.mark.parametrize("customers", [1, 60])
def test_the_longest_posts_that_x_takes(table: Table, customers: int) -> None:
    """Given a page of posts as long as can be, then each transaction is one that DynamoDB takes."""
    sizes: list[int] = []
    events = table.client.meta.events
    events.register(
        "before-call.dynamodb.TransactWriteItems",
        lambda params, **_: sizes.append(len(params["body"])),
    )
    facts: dict[Key, list[Fact]] = {}
    for n in range(1, 61):
        key = Key("acme", str(n % customers), "7")
        facts.setdefault(key, []).append(replace(mention(n, n), text="\u3042" * 25_000))
    assert Conversations(table).add(facts, POLICY, KEEP) == 60
    assert max(sizes) < 4 * 2**20
    assert sum(sizes) > 4 * 2**20


def test_many_conversations_at_once(table: Table) -> None:
    """Given 150 conversations in one call, then each has its state."""
    facts = {Key("acme", str(n), "7"): [mention(n, n), reply(n + 1000, n)] for n in range(1, 151)}
    assert Conversations(table).add(facts, POLICY, KEEP) == 300
    states = Conversations(table).states(facts)
    assert len(states) == 150
    assert {s.status for s in states.values()} == {"answered"}


def test_what_is_known_is_not_written_again(table: Table) -> None:
    """Given facts that the state lists, then a poll that finds them again writes nothing."""
    conversations = Conversations(table)
    conversations.add({KEY: [mention(1, 0), reply(2, 1)]}, POLICY, KEEP)
    calls: list[str] = []
    client = Hooked(table.client, calls.append)
    Conversations(Table(client, table.name, table.index)).add(
        {KEY: [mention(1, 0), reply(2, 1)]}, POLICY, KEEP
    )
    assert calls == ["batch_get_item"]


def test_a_fact_that_the_state_does_not_list_is_folded_all_the_same(table: Table) -> None:
    """Given a fact stored by a writer that then was gone, when found again, then it counts."""
    conversations = Conversations(table)
    conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)
    lost = reply(2, 1)
    table.put(*fact_item(KEY, lost, None))
    assert kept(table)[0].status == "open"
    assert conversations.add({KEY: [lost]}, POLICY, KEEP) == 1
    assert assert_whole(table, lost).status == "answered"


def test_time_to_live_is_set_on_all_items_when_finished_and_taken_off_when_reopened(
    table: Table,
) -> None:
    """Given a conversation, when answered and asked anew, then its items go together or stay."""
    conversations = Conversations(table)

    def ttls() -> set[int | None]:
        return {i.get("ttl") for i in kept(table)[2]}

    conversations.add({KEY: [mention(n, n) for n in range(1, 5)]}, POLICY, KEEP)
    assert ttls() == {None}
    conversations.add({KEY: [reply(5, 60)]}, POLICY, KEEP)
    [ttl] = ttls()
    assert timedelta(days=90) <= datetime.fromtimestamp(ttl, UTC) - at(60) <= timedelta(days=91)
    conversations.add({KEY: [mention(6, 60 * 24 * 3)]}, POLICY, KEEP)
    assert ttls() == {None}
    conversations.amend([KEY], lambda *_: [position(60 * 24 * 3 + 1, 6)], POLICY, KEEP)
    [later] = ttls()
    assert later - ttl == 3 * 24 * 3600


@pytest.mark.parametrize("gone", ["r2", STATE], ids=["reply", "state"])
def test_what_time_to_live_has_half_removed_is_no_more(table: Table, gone: str) -> None:
    """Given a finished conversation of which an item went first, when asked anew, that waits."""
    conversations = Conversations(table)
    conversations.add({KEY: [mention(1, 0), reply(2, 1)]}, POLICY, KEEP)
    table.delete_many([At(partition(KEY), gone)])
    later = 60 * 24 * 92
    for number in (3, 4):
        conversations.add({KEY: [mention(number, later + number)]}, POLICY, KEEP)
    state = kept(table)[0]
    assert (state.waiting, state.waiting_since) == (("3", "4"), at(later + 3))
    assert [i.get("ttl") for i in kept(table)[2] if i["sk"] == "m1"] != [None]


def test_kept_for_good(table: Table) -> None:
    """Given a company that keeps everything, then nothing ever goes."""
    Conversations(table).add({KEY: [mention(1, 0), reply(2, 1)]}, POLICY, None)
    assert {i.get("ttl") for i in kept(table)[2]} == {None}


def test_only_open_ones_stand_in_the_index_sorted_by_when_they_need_attention(
    table: Table,
) -> None:
    """Given open, answered and leased ones, then what is due is read, in order, nothing else."""
    conversations = Conversations(table)
    lease = Lease("mine", "anna", at(1), at(100))
    facts: dict[Key, list[Fact]] = {
        Key("acme", "1", "7"): [mention(1, 10)],
        Key("acme", "2", "7"): [mention(2, 0)],
        Key("acme", "3", "7"): [mention(3, 0), reply(4, 1)],
        Key("acme", "5", "7"): [mention(5, 0), lease],
        Key("other", "6", "7"): [mention(6, 0)],
        Key("acme", "8", "7"): [reply(8, 0)],
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
    conversations.add({Key("acme", "2", "7"): [reply(9, 20)]}, POLICY, KEEP)
    assert due(25) == ["1"]


def test_posts_stand_under_the_day_they_were_published_and_never_move(table: Table) -> None:
    """Given posts over three days, then any stretch of time gives its own, whatever came after."""
    conversations = Conversations(table)
    day = 24 * 60
    facts = {
        Key("acme", "1", "7"): [mention(1, 0), reply(3, day)],
        Key("acme", "2", "8"): [
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
    conversations.add({Key("acme", "2", "8"): [reply(6, 2 * day + 5)]}, POLICY, KEEP)
    conversations.add({Key("acme", "2", "8"): [mention(7, 9 * day)]}, POLICY, KEEP)
    assert published(0, 2 * day + 1) == before


@pytest.mark.parametrize("code", ["TransactionConflict", "ConditionalCheckFailed"])
def test_a_cancelled_transaction_is_tried_again(table: Table, code: str) -> None:
    """Given others that interfere three times, then it goes through at the fourth."""
    conversations = Conversations(Table(failing(table.client, code, 3), table.name, table.index))
    assert conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP) == 1
    assert_whole(table, mention(1, 0))


def test_when_others_never_let_it_through_it_says_so(table: Table) -> None:
    """Given endless interference, then it gives up, naming the conversation."""
    conversations = Conversations(
        Table(failing(table.client, "TransactionConflict", 10**6), table.name, table.index)
    )
    with pytest.raises(ContentionError, match="conversation_id='1'"):
        conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)


def test_a_transaction_that_is_wrong_is_not_tried_again(table: Table) -> None:
    """Given a reason that no trying mends, then it is raised as it is."""
    client = failing(table.client, "ValidationError", 1)
    conversations = Conversations(Table(client, table.name, table.index))
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)


def test_one_that_is_contended_holds_back_no_other(table: Table) -> None:
    """Given forty conversations, one of which changes meanwhile, then each is written, once."""
    keys = [Key("acme", str(n), "7") for n in range(1, 41)]
    facts = {k: [mention(int(k.conversation_id), 0)] for k in keys}
    busy = [False]

    def interfere(name: str) -> None:
        if name == "transact_write_items" and not busy[0]:
            busy[0] = True
            Conversations(table).add({keys[5]: [mention(100, 1)]}, POLICY, KEEP)

    client = Hooked(table.client, interfere)
    conversations = Conversations(Table(client, table.name, table.index))
    assert conversations.add(facts, POLICY, KEEP) == 40
    states = conversations.states(keys)
    assert states[keys[5]].waiting == ("6", "100")
    assert all(s.status == "open" for s in states.values())


@pytest.mark.parametrize("people", [3, 40, 90, 230])
def test_many_people_to_tell_of_many_conversations(table: Table, people: int) -> None:
    """Given more to tell than fits beside the flags, then all are flagged, and told of once."""
    conversations = Conversations(table)
    keys = [Key("acme", str(n), "7") for n in range(1, 61)]
    conversations.add({k: [mention(int(k.conversation_id), 0)] for k in keys}, POLICY, KEEP)

    def tell(flagged: Mapping[Key, Sequence[Fact]]) -> list[tuple[At, Item]]:
        first = next(iter(flagged)).conversation_id
        names = [k.conversation_id for k in flagged]
        return [(At(f"person{n}", first), {"keys": names}) for n in range(people)]

    def decide(_: Key, state: State) -> Sequence[Fact]:
        return levels_due(state, POLICY, at(20))

    conversations.amend(keys, decide, POLICY, KEEP, tell)
    assert {s.level for s in conversations.states(keys).values()} == {"warning"}
    for n in (0, people - 1):
        told = [name for item in table.partition(f"person{n}") for name in item["keys"]]
        assert sorted(told) == sorted(k.conversation_id for k in keys)


def test_refold_takes_up_a_new_policy_once(table: Table) -> None:
    """Given a new version of the policy, then open ones fold by it; those of it are left alone."""
    conversations = Conversations(table)
    conversations.add({KEY: [mention(1, 0)]}, POLICY, KEEP)
    quick = Policy((Level("warning", timedelta(minutes=5), ()),), {}, version=2)
    conversations.refold([KEY, Key("acme", "404", "7")], quick, KEEP)
    assert conversations.next_due("acme") == at(5)
    rev = conversations.load([KEY])[KEY].rev
    conversations.refold([KEY], quick, KEEP)
    assert conversations.load([KEY])[KEY].rev == rev


def test_what_is_not_there_is_loaded_as_nothing(table: Table) -> None:
    """Given a key that nobody has written, then there is no state, and no error."""
    loaded = Conversations(table).load([KEY])[KEY]
    assert (loaded.rev, loaded.state.status, loaded.facts) == (0, None, ())
    assert Conversations(table).states([KEY]) == {}
