"""The table itself: every page, what was left over, what belongs together; and what lies in it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulse.adapters.table import (
    Accounts,
    Addresses,
    CancelledError,
    ClaimLostError,
    Journal,
    Outbox,
    Shelf,
    Table,
)
from pulse.adapters.table.client import At, stamp
from pulse.adapters.table.items import (
    fact_item,
    fact_of,
    key_of,
    partition,
    state_of,
    state_values,
)
from pulse.domain.access import Limit
from pulse.domain.conversation import fold
from pulse.domain.cursor import Cursor, OvertakenError
from pulse.domain.delivery import Block
from pulse.domain.facts import Fact, Flag, Key, Lease, Mention, Position, Reply
from pulse.domain.journal import Row
from pulse.domain.outbox import TOPIC, Entry, Mailbox, as_one
from pulse.domain.policy import Level, Policy
from pulse.domain.posts import Author, Post
from pulse.domain.trouble import OpenTrouble
from pulse.domain.walk import Mark, Walk

from .turns import Hooked, failing

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy((Level("warning", timedelta(minutes=15), ()),), {})


class Partly:
    """A client that takes (or gives) only the first of what is in a batch, as DynamoDB may."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - AWS's word
        self.calls += 1
        [(table, asked)] = RequestItems.items()
        now, later = asked["Keys"][:1], asked["Keys"][1:]
        answer = self._client.batch_get_item(RequestItems={table: {**asked, "Keys": now}})
        return {**answer, "UnprocessedKeys": {table: {**asked, "Keys": later}} if later else {}}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - AWS's word
        self.calls += 1
        [(table, asked)] = RequestItems.items()
        answer = self._client.batch_write_item(RequestItems={table: asked[:1]})
        return {**answer, "UnprocessedItems": {table: asked[1:]} if asked[1:] else {}}


def test_more_items_than_a_batch_takes(table: Table) -> None:
    """Given 230 items, when put and got, then all are there; what is not there is left out."""
    table.put_many((At("a", f"{n:03}"), {"n": n}) for n in range(230))
    found = table.get_many([*(At("a", f"{n:03}") for n in range(230)), At("b", "0")] * 2)
    assert [found[At("a", f"{n:03}")]["n"] for n in range(230)] == list(range(230))
    assert len(found) == 230


def test_what_a_batch_left_over_is_asked_for_again(table: Table) -> None:
    """Given a table that takes one item at a time, then all are written and read in the end."""
    client = Partly(table.client)
    partly = Table(client, table.name, table.index)
    keys = [At("a", str(n)) for n in range(7)]
    partly.put_many((key, {"n": key.sk}) for key in keys)
    assert len(partly.get_many(keys)) == 7
    assert client.calls == 14


def test_a_partition_is_read_to_its_last_page(table: Table) -> None:
    """Given more than the megabyte of one page, then every item comes, in order."""
    for n in range(6):
        table.put(At("a", str(n)), {"n": n, "text": "x" * 300_000})
    assert [i["n"] for i in table.partition("a")] == list(range(6))
    assert [i["n"] for i in table.partition("a", "2", "4")] == [2, 3, 4]
    assert [i["n"] for i in table.partition("a", limit=2)] == [0, 1]
    assert [i["n"] for i in table.partition("a", limit=5)] == [0, 1, 2, 3, 4]


def test_only_what_has_index_keys_stands_in_the_index(table: Table) -> None:
    """Given items with and without, then the index is sparse."""
    table.put(At("a", "1"), {"gpk": "g", "gsk": "2"})
    table.put(At("a", "2"), {"gpk": None, "gsk": None})
    table.put(At("a", "3"), {"gpk": "g", "gsk": "1"})
    assert [i["sk"] for i in table.indexed("g")] == ["3", "1"]
    assert [i["sk"] for i in table.indexed("g", high="1")] == ["3"]
    assert [i["sk"] for i in table.indexed("g", limit=1)] == ["3"]
    assert list(table.indexed("h")) == []


def test_reads_that_decide_are_consistent(table: Table) -> None:
    """Whatever is read by key is as it is now; only the index may be a moment late."""
    asked: list[tuple[str, Any]] = []

    class Watched(Hooked):
        def __getattr__(self, name: str) -> Any:
            real = super().__getattr__(name)

            def call(**arguments: Any) -> Any:
                asked.append((name, arguments))
                return real(**arguments)

            return call if name in ("get_item", "batch_get_item", "query") else real

    watched = Table(Watched(table.client), table.name, table.index)
    watched.get(At("a", "1"))
    watched.get_many([At("a", "1")])
    list(watched.partition("a"))
    [got, batch, query] = [arguments for _, arguments in asked]
    assert got["ConsistentRead"] is True
    assert batch["RequestItems"][table.name]["ConsistentRead"] is True
    assert query["ConsistentRead"] is True


def test_an_update_says_whether_its_condition_held(table: Table) -> None:
    """Given a condition, then it is written or not; None takes an attribute off."""
    assert table.update(At("a", "1"), {"n": 1, "m": 2}, condition="attribute_not_exists(pk)")
    assert not table.update(At("a", "1"), {"n": 5}, condition="attribute_not_exists(pk)")
    assert table.update(At("a", "1"), {"m": None}, condition="n = :n", given={":n": 1})
    assert table.get(At("a", "1")) == {"pk": "a", "sk": "1", "n": 1}


def test_a_transaction_is_all_or_nothing(table: Table) -> None:
    """Given one condition of three that does not hold, then nothing is written; it says which."""
    table.put(At("a", "1"), {"n": 1})
    actions = [
        table.put_action(At("a", "2"), {"n": 2}),
        table.put_action(At("a", "1"), {"n": 3}, "attribute_not_exists(pk)"),
        table.delete_action(At("a", "1")),
    ]
    with pytest.raises(CancelledError) as caught:
        table.transact(actions[:2])
    assert caught.value.failed == (1,)
    assert [i["n"] for i in table.partition("a")] == [1]
    with pytest.raises(CancelledError):
        table.write(actions[1:2])


moments = st.datetimes(datetime(2007, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000, tzinfo=UTC)
)
ids = st.integers(1, 10**19 - 1).map(str)
texts = st.text(max_size=30)
facts = st.one_of(
    st.builds(
        Mention,
        ids, ids, moments, texts, st.frozensets(ids, max_size=3), st.sampled_from(["und", "ru"]),
        st.none() | moments, st.none() | moments,
    ),
    st.builds(Reply, ids, ids, moments, texts, ids, st.none() | moments),
    st.builds(
        Position,
        ids, st.sampled_from(["refused", "spam"]), st.frozensets(ids, min_size=1, max_size=3),
        texts, moments, texts,
    ),
    st.builds(Lease, st.sampled_from(["mine", "snoozed"]), texts, moments, moments),
    st.builds(
        Flag,
        st.sampled_from(["warning", "breach"]), st.frozensets(ids, min_size=1, max_size=3),
        moments, moments, st.integers(0, 9),
    ),
)  # fmt: skip


def there_and_back(table: Table, at: At, values: dict[str, Any]) -> dict[str, Any]:
    table.put(at, values)
    item = table.get(at)
    assert item is not None
    return item


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fact=facts)
def test_a_fact_comes_back_as_it_went(table: Table, fact: Fact) -> None:
    """For any fact: stored in DynamoDB and read again, it is the same."""
    item = there_and_back(table, *fact_item(Key("acme", "1", "7"), fact, None))
    assert fact_of(item) == fact


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=st.lists(facts, max_size=8))
def test_a_state_comes_back_as_it_went(table: Table, many: list[Fact]) -> None:
    """For any state that facts fold to: stored and read again, it is the same."""
    key, state = Key("acme", "1", "7"), fold(many, POLICY)
    item = there_and_back(table, At(partition(key), "state"), state_values(key, state, 1, None, 0))
    assert state_of(item) == state


@pytest.mark.parametrize("company", ["acme", "Tele 2", "Связь", "a:b/c"])
def test_a_key_comes_back_from_its_partition(company: str) -> None:
    """Whatever a company is called (no # may stand in it)."""
    key = Key(company, "123", "456")
    assert key_of(partition(key)) == key


@given(moments, moments)
def test_stamps_sort_by_time(one: datetime, other: datetime) -> None:
    """As text they are in the order of the times that they stand for."""
    assert (stamp(one) < stamp(other)) == (one < other)


# -- Accounts ---------------------------------------------------------------------------------
def full_cursor() -> Cursor:
    mark = Mark("12345678901234567890", NOON)
    walk = Walk("mentions", NOON, mark, NOON, "search", mark, mark, "99", 700)
    return Cursor(
        "100",
        NOON,
        marks={"mentions": mark, "posts": mark},
        walks={"mentions": walk, "sweep/posts": Walk("posts", NOON)},
        limits={"mentions": Limit(0, NOON)},
        troubles={"posts": OpenTrouble("token", "401 Нет", NOON, 3, NOON + MINUTE, told=True)},
        last_ok=NOON,
        swept=NOON - MINUTE,
        reads={"2030-04": 3, "2030-05": 12_340},
        vocabulary="post",
    )


def test_a_cursor_comes_back_as_it_went(table: Table) -> None:
    """Given all that a cursor may hold, when saved and loaded, then it is the same."""
    accounts = Accounts(table)
    saved = accounts.save(full_cursor())
    assert accounts.load(["100", "404"]) == {"100": saved}
    assert saved == replace(full_cursor(), rev=1)


def test_a_second_writer_of_a_cursor_is_overtaken_and_tells_nothing(table: Table) -> None:
    """Given two runs that read the same revision, then one is saved, the other's news is not."""
    accounts, journal = Accounts(table), Journal(table)
    row = Row("gap", NOON, {"account": "help"})
    base = accounts.save(Cursor("100", NOON))
    accounts.save(replace(base, last_ok=NOON))
    with pytest.raises(OvertakenError):
        accounts.save(replace(base, vocabulary="post"), [journal.item("acme", row)])
    with pytest.raises(OvertakenError):
        accounts.save(Cursor("100", NOON))
    assert accounts.load(["100"])["100"].vocabulary == "tweet"
    assert journal.read("acme", NOON, NOON) == []


def test_watched_minutes_are_noted_without_a_new_revision(table: Table) -> None:
    """Given an account with a cursor, then the minute is kept; one without stays unknown."""
    accounts = Accounts(table)
    saved = accounts.save(Cursor("100", NOON))
    accounts.watched("100", NOON + MINUTE, NOON)
    accounts.watched("404", NOON, NOON)
    now = replace(saved, last_ok=NOON + MINUTE, swept=NOON)
    assert accounts.load(["100", "404"]) == {"100": now}


# -- Outbox -----------------------------------------------------------------------------------
def entry(name: str, person: str = "anna", minute: float = 0, **more: Any) -> Entry:
    return Entry(name, "acme", person, more.pop("kind", "alert"), NOON + minute * MINUTE, **more)


FULL = entry(
    "x",
    keys=(Key("acme", "1", "7"), Key("acme", "2", "8")),
    urgent=True,
    again=3,
    details=(("period", "shift"), ("n", 5), ("nothing", None), ("list", ["a"])),
    tried=("boris", "vera"),
)


def test_an_entry_comes_back_as_it_went(table: Table) -> None:
    """Given all that an entry may hold, when put and read, then it is the same."""
    outbox = Outbox(table)
    outbox.put(FULL)
    assert outbox.waiting("acme") == [FULL]
    assert FULL.detail("period") == "shift"
    assert FULL.detail("unknown") is None


def test_what_waits_for_one_person_or_for_all(table: Table) -> None:
    """Given entries of people whose names begin alike, then each finds only their own."""
    outbox = Outbox(table)
    for one in (
        entry("b", "anna", 2), entry("a", "anna", 1), entry("c", "annabel"), entry("d", TOPIC, 3)
    ):  # fmt: skip
        outbox.put(one)
    outbox.put(replace(entry("z"), company="other"))
    assert [e.id for e in outbox.waiting("acme")] == ["c", "a", "b", "d"]
    assert [e.id for e in outbox.waiting("acme", "anna")] == ["a", "b"]
    assert [e.id for e in outbox.waiting("acme", TOPIC)] == ["d"]


def claimed(outbox: Outbox, person: str = "anna") -> Mailbox:
    """The mailbox of a person to whom nobody else may write now."""
    mailbox = outbox.claim("acme", person, NOON, NOON + 3 * MINUTE)
    assert mailbox is not None
    return mailbox


def test_only_one_may_write_to_a_person_at_a_time(table: Table) -> None:
    """Given a claim, then no other holds until it is settled or has run out."""
    outbox = Outbox(table)
    first = outbox.claim("acme", "anna", NOON, NOON + 3 * MINUTE)
    assert first is not None
    assert not outbox.claim("acme", "anna", NOON + MINUTE, NOON + 4 * MINUTE)
    assert outbox.claim("acme", "boris", NOON, NOON + 3 * MINUTE)
    second = outbox.claim("acme", "anna", NOON + 3 * MINUTE, NOON + 6 * MINUTE)
    assert second is not None
    with pytest.raises(ClaimLostError):
        outbox.settle("acme", "anna", [], first)
    assert not outbox.claim("acme", "anna", NOON + 4 * MINUTE, NOON + 7 * MINUTE)
    outbox.settle("acme", "anna", [], second)
    assert outbox.claim("acme", "anna", NOON + 4 * MINUTE, NOON + 7 * MINUTE)
    with pytest.raises(ClaimLostError):
        outbox.settle("acme", "carl", [], Mailbox())


def test_settling_is_one_with_what_was_sent(table: Table) -> None:
    """Given two of three entries in a mail, when settled, then they go, the record is there."""
    outbox = Outbox(table)
    for n in range(3):
        outbox.put(entry(str(n)))
    record = {"at": NOON.isoformat(timespec="milliseconds"), "kind": "alert", "to": "anna@a.b"}
    told = claimed(outbox).after([entry("0"), entry("1")], NOON)
    outbox.settle("acme", "anna", [entry("0"), entry("1")], told, record, [(At("p", "s"), {})])
    assert [e.id for e in outbox.waiting("acme")] == ["2"]
    assert outbox.mailboxes("acme", ["anna"])["anna"] == replace(told, claimed=None)
    [sent] = outbox.sent("acme", NOON, NOON)
    assert sent["to"] == "anna@a.b"
    assert timedelta(days=89) < datetime.fromtimestamp(sent["ttl"], UTC) - NOON < timedelta(days=91)
    assert table.get(At("p", "s")) is not None
    assert outbox.mailboxes("acme", ["nobody"])["nobody"] == Mailbox()


def test_a_mail_is_found_by_the_id_that_ses_gave_and_taken_back_once(table: Table) -> None:
    """Given a mail that told of two things, then what comes back of it is written once."""
    outbox, at = Outbox(table), NOON.isoformat(timespec="milliseconds")
    record = {"at": at, "kind": "alert", "person": "anna", "to": "anna@a.b", "message_id": "m1"}
    told = [entry("0", keys=(Key("acme", "1", "7"),)), entry("1", keys=(Key("acme", "2", "7"),))]
    outbox.settle("acme", "anna", told, claimed(outbox), record)
    boris = claimed(outbox, "boris")
    outbox.settle("acme", "boris", [entry("2", "boris")], boris, {**record, "message_id": "m2"})
    assert outbox.find("acme", "m3", NOON) is None
    assert outbox.find("other", "m1", NOON) is None
    assert outbox.find("acme", "m1", NOON + 6 * MINUTE) is None
    mail = outbox.find("acme", "m1", NOON + 4 * MINUTE)
    assert mail is not None
    assert (mail.person, mail.to, mail.came_back) == ("anna", "anna@a.b", None)
    assert mail.told == as_one(told)
    assert outbox.take_back(mail, "bounce", [], [outbox.item(entry("3", "vera"))])
    assert not outbox.take_back(mail, "bounce", [], [outbox.item(entry("4", "vera"))])
    assert [e.id for e in outbox.waiting("acme", "vera")] == ["3"]
    again = outbox.find("acme", "m1", NOON)
    assert again == replace(mail, came_back="bounce")


def test_an_address_is_blocked_once_and_can_be_given_back(table: Table) -> None:
    """Given two who block an address, then the first one's word stands, until it is lifted."""
    addresses, outbox = Addresses(table), Outbox(table)
    block = Block("anna@a.b", "bounce", NOON, "550 нет", "m1")
    assert outbox.take_back(None, "bounce", [addresses.item(block)], [])
    later = replace(block, kind="complaint")
    assert not outbox.take_back(None, "complaint", [addresses.item(later)], [])
    assert addresses.blocked() == {"anna@a.b": block}
    assert addresses.lift(" Anna@A.b ") == block
    assert addresses.lift("anna@a.b") is None
    assert addresses.blocked() == {}


def test_a_mail_put_off_is_remembered(table: Table) -> None:
    """Given a mail service that said wait, then until when, and how often, is kept."""
    outbox = Outbox(table)
    held = replace(claimed(outbox), not_before=NOON + MINUTE, failures=4)
    outbox.settle("acme", "anna", [], held)
    assert outbox.mailboxes("acme", ["anna"])["anna"] == replace(held, claimed=None)


def test_what_was_sent_is_marked_however_busy_others_are(table: Table) -> None:
    """Given others at work on the same items, when a mail is marked as sent, then it stands."""
    table.put(*Outbox.item(entry("0")))
    busy = Table(failing(table.client, "TransactionConflict", 5), table.name, table.index)
    marked = claimed(Outbox(busy)).after([entry("0")], NOON)
    Outbox(busy).settle("acme", "anna", [entry("0")], marked)
    assert Outbox(table).waiting("acme") == []
    assert Outbox(table).mailboxes("acme", ["anna"])["anna"].told == marked.told


def test_a_mark_that_others_never_let_through_is_an_error(table: Table) -> None:
    """Given endless interference, then it says so, and the entry stays."""
    table.put(*Outbox.item(entry("0")))
    busy = Table(failing(table.client, "TransactionConflict", 10**6), table.name, table.index)
    with pytest.raises(CancelledError):
        Outbox(busy).settle("acme", "anna", [entry("0")], claimed(Outbox(busy)))
    assert [e.id for e in Outbox(table).waiting("acme")] == ["0"]


@pytest.mark.parametrize("single", ["put_item", "update_item"])
def test_a_single_write_gives_way_to_a_transaction(table: Table, single: str) -> None:
    """Given a transaction under way on the item, then whoever holds it is faster; no error."""

    def others(name: str) -> None:
        if name == single:
            response = {"Error": {"Code": "TransactionConflictException"}}
            raise table.client.exceptions.TransactionConflictException(response, single)

    busy = Table(Hooked(table.client, others), table.name, table.index)
    if single == "update_item":
        assert Outbox(busy).claim("acme", "anna", NOON, NOON + MINUTE) is None
    else:
        with pytest.raises(OvertakenError):
            Accounts(busy).save(Cursor("100", NOON))


# -- Shelf and journal ------------------------------------------------------------------------
def test_settings_are_versioned_and_all_are_kept(table: Table) -> None:
    """Given two pushes, then the second is in force, and the first can still be found."""
    shelf = Shelf(table)
    assert shelf.settings() is None
    assert shelf.push({"companies": ["один"]}, NOON) == 1
    assert shelf.push({"companies": ["два"]}, NOON + MINUTE) == 2
    assert shelf.settings() == ({"companies": ["два"]}, 2, NOON + MINUTE)
    assert len(list(table.partition("settings", "v", "v~"))) == 2


@pytest.mark.parametrize("pushes", [0, 1])
def test_of_two_pushes_at_once_one_wins(table: Table, pushes: int) -> None:
    """Given another push between reading and writing, then ours fails and says so."""
    for n in range(pushes):
        Shelf(table).push({"n": n}, NOON)
    overtaken = [False]

    def overtake(name: str) -> None:
        if name == "transact_write_items" and not overtaken[0]:
            overtaken[0] = True
            Shelf(table).push({"theirs": 1}, NOON)

    slow = Shelf(Table(Hooked(table.client, overtake), table.name, table.index))
    with pytest.raises(CancelledError):
        slow.push({"ours": 1}, NOON)
    document, version, _ = Shelf(table).settings()
    assert (document, version) == ({"theirs": 1}, pushes + 1)


def test_digests_are_marked_with_their_entries_or_not_at_all(table: Table) -> None:
    """Given marks that another changed meanwhile, then neither mark nor entry is written."""
    shelf, outbox = Shelf(table), Outbox(table)
    assert shelf.write_digests("acme", {}, {"daily#anna": "1"}, [outbox.item(entry("a"))])
    assert not shelf.write_digests("acme", {}, {"daily#anna": "2"}, [outbox.item(entry("b"))])
    assert shelf.write_digests("acme", {"daily#anna": "1"}, {"daily#anna": "2"}, [])
    assert shelf.digests_done("acme") == {"daily#anna": "2"}
    assert [e.id for e in outbox.waiting("acme")] == ["a"]


def test_which_policy_was_folded_is_remembered(table: Table) -> None:
    """Given a mark, then this process and another know it."""
    shelf = Shelf(table)
    assert shelf.folded("acme") == (0, None)
    shelf.mark_folded("acme", 3, NOON)
    assert shelf.folded("acme") == Shelf(table).folded("acme") == (3, NOON)


def test_authors_are_remembered_for_a_month_those_not_shown_too(table: Table) -> None:
    """Given who X showed and who not, then neither is asked for again."""
    shelf = Shelf(table)
    known = [Author("7", "anna", "Anna 🙂"), Author("8")]
    shelf.keep_authors(known, NOON)
    assert shelf.authors(["7", "8", "9"]) == {a.id: a for a in known}
    item = table.get(At("author#7", "author"))
    assert datetime.fromtimestamp(item["ttl"], UTC) == NOON + timedelta(days=30)


def said(number: int, minute: float) -> Post:
    return Post(str(number), str(number), "news", "100", str(number), NOON + minute * MINUTE)


def test_own_news_are_found_by_their_time(table: Table) -> None:
    """Given own posts that answer nobody, then those of a stretch of time are found."""
    shelf = Shelf(table)
    shelf.keep_said("acme", [said(1, 0), said(2, 10), said(3, 20)], timedelta(days=90))
    shelf.keep_said("other", [said(4, 10)], None)
    assert [i["sk"] for i in shelf.said("acme", NOON, NOON + 20 * MINUTE)] == ["1/1", "2/2"]
    midnight = NOON.replace(hour=0) + timedelta(days=1)
    found = shelf.said("acme", midnight - timedelta(days=1), midnight)
    assert [i["sk"] for i in found] == ["1/1", "2/2", "3/3"]
    kept = table.get(At("said#acme", "1/1"))
    assert datetime.fromtimestamp(kept["ttl"], UTC) == NOON + timedelta(days=90)


def test_figures_are_kept_for_good(table: Table) -> None:
    """Given a day's figures, then they are there, without an end."""
    shelf = Shelf(table)
    for day in (13, 14, 15):
        shelf.put_figures("acme", date(2030, 5, day), {"100": {"9": {"received": day}}})
    found = shelf.figures("acme", date(2030, 5, 14), date(2030, 5, 15))
    assert [d.day for d in found] == [14, 15]
    assert found[date(2030, 5, 14)] == {"100": {"9": {"received": 14}}}
    assert "ttl" not in table.get(At("figures#acme", "2030-05-14"))


def test_a_row_of_the_journal_is_noted_once(table: Table) -> None:
    """Given the same row twice, then it is one; rows of a stretch come in order of time."""
    journal = Journal(table)
    rows = [
        Row("gap", NOON + MINUTE, {"account": "help", "reason": "blind"}),
        Row("aside", NOON, {"account": "help", "reason": "no id", "raw": {"text": "Привет 🙂"}}),
        Row("aside", NOON, {"account": "help", "reason": "no id", "raw": {"text": "#other"}}),
    ]
    journal.note("acme", rows)
    journal.note("acme", rows[:2])
    found = journal.read("acme", NOON, NOON + MINUTE)
    assert [r.kind for r in found] == ["aside", "aside", "gap"]
    assert all(row in rows for row in found)
    assert journal.read("acme", NOON + 2 * MINUTE, NOON + 3 * MINUTE) == []
    assert journal.read("other", NOON, NOON + MINUTE) == []
