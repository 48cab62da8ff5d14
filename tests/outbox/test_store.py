"""The outbox: what waits, who may write to whom, what was sent and what came back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.audit.store import AuditLog
from pulse.conversations.facts import ConversationKey
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table, TransactionCancelledError
from pulse.kernel.errors import ContentionError
from pulse.outbox.entries import TOPIC, merge
from pulse.outbox.mailbox import ClaimLostError, Completion, Mailbox, already_told
from pulse.outbox.message import SentMail
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.outbox.suppressions import Suppression
from tests.interleaving import failing
from tests.outbox.sample_entries import MINUTE, NOON, entry

ONE, TWO = ConversationKey("acme", "1", "7"), ConversationKey("acme", "2", "8")
RECORD = SentMail("acme", NOON, "alert", "anna", "anna@a.b", "Anna, 2 wait", "m1", "0a1b")
FULL = entry(
    "x",
    keys=(ConversationKey("acme", "1", "7"), ConversationKey("acme", "2", "8")),
    urgent=True,
    reminder=3,
    details=(("period", "shift"), ("n", 5), ("nothing", None), ("list", ["a"])),
    unreachable=("boris", "vera"),
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
        outbox.complete(Completion(first))
    assert not outbox.claim("acme", "anna", NOON + 4 * MINUTE, NOON + 7 * MINUTE)
    outbox.complete(Completion(second))
    assert outbox.claim("acme", "anna", NOON + 4 * MINUTE, NOON + 7 * MINUTE)
    with pytest.raises(ClaimLostError):
        outbox.complete(Completion(Mailbox("acme", "carl")))


def test_settling_is_one_with_what_was_sent(table: Table) -> None:
    """Given two of three entries in a mail, when settled, then they go, the record is there."""
    outbox = Outbox(table)
    for n in range(3):
        outbox.put(entry(str(n)))
    row = LogEntry("gap", NOON, {"account": "help"})
    told = claimed(outbox).after_alerts([entry("0"), entry("1")], NOON)
    entries, log = [entry("0"), entry("1")], [AuditRecord("acme", row)]
    outbox.complete(Completion(told, entries, RECORD, log=log))
    assert [e.id for e in outbox.waiting("acme")] == ["2"]
    assert outbox.mailboxes("acme", ["anna"])["anna"] == replace(told, claimed_until=None)
    [sent] = outbox.sent("acme", NOON, NOON)
    assert sent == RECORD
    [item] = table.query("sent#acme")
    assert timedelta(days=89) < datetime.fromtimestamp(item["ttl"], UTC) - NOON < timedelta(days=91)
    assert AuditLog(table).read("acme", NOON, NOON) == [row]
    assert outbox.mailboxes("acme", ["nobody"])["nobody"] == Mailbox("acme", "nobody")


def test_a_mail_is_found_by_the_id_that_ses_gave_and_taken_back_once(table: Table) -> None:
    """Given a mail that told of two things, then what comes back of it is written once."""
    outbox = Outbox(table)
    told = [
        entry("0", keys=(ConversationKey("acme", "1", "7"),)),
        entry("1", keys=(ConversationKey("acme", "2", "7"),)),
    ]
    for one in (*told, entry("2", "boris")):
        outbox.put(one)
    sent = replace(RECORD, covered=merge(told))
    outbox.complete(Completion(claimed(outbox), told, sent))
    sent = replace(RECORD, person="boris", message_id="m2")
    outbox.complete(Completion(claimed(outbox, "boris"), [entry("2", "boris")], sent))
    assert outbox.find_sent("acme", "m3", NOON) is None
    assert outbox.find_sent("other", "m1", NOON) is None
    assert outbox.find_sent("acme", "m1", NOON + 6 * MINUTE) is None
    mail = outbox.find_sent("acme", "m1", NOON + 4 * MINUTE)
    assert mail is not None
    assert (mail.person, mail.to, mail.returned) == ("anna", "anna@a.b", None)
    assert mail.covered == merge(told)
    outbox.mark_returned(mail, "bounce", [entry("3", "vera")])
    with pytest.raises(TransactionCancelledError):
        outbox.mark_returned(mail, "bounce", [entry("4", "vera")])
    assert [e.id for e in outbox.waiting("acme", "vera")] == ["3"]
    again = outbox.find_sent("acme", "m1", NOON)
    assert again == replace(mail, returned="bounce")


def lying(table: Table, key: ConversationKey) -> list[str]:
    """Where something tells of this conversation."""
    return [f"{i['pk']} {i['sk']}" for i in table.scan() if f'"{key.customer_id}"' in str(i)]


def test_a_conversation_that_is_gone_is_told_of_no_more(table: Table) -> None:
    """Given what waits and what was sent, then all of it that told of one conversation goes."""
    outbox = Outbox(table)
    both, alone = entry("a", keys=(ONE, TWO)), entry("b", "boris", keys=(ONE,))
    for one in (both, alone, entry("c", kind="trouble")):
        outbox.put(one)
    sent = replace(RECORD, covered=both)
    outbox.complete(Completion(claimed(outbox), [both], sent))
    outbox.put(both)
    for _ in range(2):
        outbox.forget_conversations("acme", {ONE}.__contains__)
        assert outbox.waiting("acme") == [both.restricted_to([TWO]), entry("c", kind="trouble")]
        assert lying(table, ONE) == []
    mail = outbox.find_sent("acme", "m1", NOON)
    assert mail is not None
    assert mail.covered == both.restricted_to([TWO])
    outbox.forget_conversations("acme", {TWO}.__contains__)
    assert outbox.find_sent("acme", "m1", NOON) == replace(mail, covered=None)
    assert lying(table, TWO) == []


@pytest.mark.parametrize("gone", [[ONE], [ONE, TWO]], ids=["one of two", "both"])
def test_a_sender_that_read_a_deleted_post_sends_it_once_without_recording_it(
    table: Table, gone: list[ConversationKey]
) -> None:
    """Given a mail that is on its way as a conversation goes, when settled, then it is settled.

    Its record is without the one that went, though the sender still has both in hand.
    """
    outbox = Outbox(table)
    outbox.put(entry("a", keys=(ONE, TWO)))
    mailbox = claimed(outbox)
    read = outbox.waiting("acme", "anna")
    outbox.forget_conversations("acme", gone.__contains__)
    after, sent = mailbox.after_alerts(read, NOON), replace(RECORD, covered=read[0])
    outbox.complete(Completion(after, read, sent))
    assert outbox.waiting("acme") == []
    assert lying(table, ONE) == []
    mail = outbox.find_sent("acme", "m1", NOON)
    assert mail is not None
    assert mail.covered == (None if TWO in gone else read[0].restricted_to([TWO]))
    assert already_told(read, outbox.mailboxes("acme", ["anna"])["anna"])


def test_what_goes_to_others_goes_without_what_went_meanwhile(table: Table) -> None:
    """Given alerts that pass to the next in line as a conversation goes, then theirs lack it."""
    outbox = Outbox(table)
    for one in (entry("a", keys=(ONE, TWO)), entry("b", keys=(ONE,))):
        outbox.put(one)
    mailbox, read = claimed(outbox), outbox.waiting("acme", "anna")
    given = [*(replace(e, person="boris") for e in read), entry("c", "boris", kind="trouble")]
    outbox.forget_conversations("acme", {ONE}.__contains__)
    outbox.complete(Completion(mailbox, read, handed_on=given))
    left = [replace(read[0].restricted_to([TWO]), person="boris"), given[-1]]
    assert outbox.waiting("acme") == left


def test_a_claim_that_is_lost_is_lost_whatever_went(table: Table) -> None:
    """Given another sender who has told it since, then the first one's mail is not recorded."""
    outbox = Outbox(table)
    outbox.put(entry("a", keys=(ONE, TWO)))
    late, read = claimed(outbox), outbox.waiting("acme", "anna")
    outbox.forget_conversations("acme", {ONE}.__contains__)
    other = outbox.claim("acme", "anna", NOON + 3 * MINUTE, NOON + 6 * MINUTE)
    assert other is not None
    outbox.complete(Completion(other, outbox.waiting("acme")))
    with pytest.raises(ClaimLostError):
        outbox.complete(Completion(late, read, replace(RECORD, covered=read[0])))
    assert outbox.sent("acme", NOON, NOON) == []


def test_what_came_back_passes_on_without_what_went_meanwhile(table: Table) -> None:
    """Given a record that was cut since it was found, then it is to be found again first."""
    outbox = Outbox(table)
    outbox.put(entry("a", keys=(ONE, TWO)))
    read = outbox.waiting("acme")
    sent = replace(RECORD, covered=read[0])
    outbox.complete(Completion(claimed(outbox), read, sent))
    before = outbox.find_sent("acme", "m1", NOON)
    outbox.forget_conversations("acme", {ONE}.__contains__)
    with pytest.raises(TransactionCancelledError):
        outbox.mark_returned(before, "bounce", [entry("d")])
    assert outbox.waiting("acme") == []
    outbox.mark_returned(outbox.find_sent("acme", "m1", NOON), "bounce", [])
    mail = outbox.find_sent("acme", "m1", NOON)
    assert mail is not None
    assert (mail.returned, mail.covered) == ("bounce", read[0].restricted_to([TWO]))


def test_a_cut_goes_on_when_others_write(table: Table) -> None:
    """Given a conflict, then it is tried again; without end, it is an error that names no one."""
    Outbox(table).put(entry("a", keys=(ONE, TWO)))
    busy = Table(failing(table.client, "TransactionConflict", 5), table.name, table.index)
    Outbox(busy).forget_conversations("acme", {ONE}.__contains__)
    assert lying(table, ONE) == []
    stuck = Table(failing(table.client, "TransactionConflict", 10**6), table.name, table.index)
    with pytest.raises(ContentionError, match=r"^others kept writing an entry of outbox#acme$"):
        Outbox(stuck).forget_conversations("acme", {TWO}.__contains__)


def test_an_address_is_blocked_once_and_can_be_given_back(table: Table) -> None:
    """Given two who block an address, then the first one's word stands, until it is lifted."""
    addresses, outbox = SuppressionList(table), Outbox(table)
    block = Suppression("anna@a.b", "bounce", NOON, "550 нет", "m1")
    outbox.mark_returned(None, "bounce", [block])
    later = replace(block, kind="complaint")
    with pytest.raises(TransactionCancelledError):
        outbox.mark_returned(None, "complaint", [later])
    assert addresses.all() == {"anna@a.b": block}
    assert addresses.remove(" Anna@A.b ") == block
    assert addresses.remove("anna@a.b") is None
    assert addresses.all() == {}


def test_a_mail_put_off_is_remembered(table: Table) -> None:
    """Given a mail service that said wait, then until when, and how often, is kept."""
    outbox = Outbox(table)
    held = replace(claimed(outbox), not_before=NOON + MINUTE, failures=4)
    outbox.complete(Completion(held))
    assert outbox.mailboxes("acme", ["anna"])["anna"] == replace(held, claimed_until=None)


def test_a_sent_mail_is_recorded_despite_contention(table: Table, pauses: list[float]) -> None:
    """Given others at work on the same items for a while, when marked as sent, then it stands."""
    table.put(*item_of(entry("0")))
    busy = Table(
        failing(table.client, "TransactionConflict", 5), table.name, table.index, pauses.append
    )
    marked = claimed(Outbox(busy)).after_alerts([entry("0")], NOON)
    Outbox(busy).complete(Completion(marked, [entry("0")]))
    assert Outbox(table).waiting("acme") == []
    assert Outbox(table).mailboxes("acme", ["anna"])["anna"].recent_alerts == marked.recent_alerts
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8]


def test_a_mark_that_others_never_let_through_is_an_error(
    table: Table, pauses: list[float]
) -> None:
    """Given endless interference, then it says so, and the entry stays."""
    table.put(*item_of(entry("0")))
    busy = Table(
        failing(table.client, "TransactionConflict", 10**6), table.name, table.index, pauses.append
    )
    with pytest.raises(TransactionCancelledError):
        Outbox(busy).complete(Completion(claimed(Outbox(busy)), [entry("0")]))
    assert [e.id for e in Outbox(table).waiting("acme")] == ["0"]
