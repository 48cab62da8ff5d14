"""The store of the outbox: entries, claims, records of mails, returned mails, suppressions."""

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


def test_an_entry_is_read_as_it_was_stored(table: Table) -> None:
    """An entry with every field set is read unchanged."""
    outbox = Outbox(table)
    outbox.put(FULL)
    assert outbox.waiting("acme") == [FULL]
    assert FULL.detail("period") == "shift"
    assert FULL.detail("unknown") is None


def test_entries_of_one_person_or_of_all(table: Table) -> None:
    """People whose names begin alike get only their own entries."""
    outbox = Outbox(table)
    for one in (
        entry("b", "anna", 2), entry("a", "anna", 1), entry("c", "annabel"), entry("d", TOPIC, 3)
    ):  # fmt: skip
        outbox.put(one)
    outbox.put(replace(entry("z"), company="other"))
    assert [e.id for e in outbox.waiting("acme")] == ["c", "a", "b", "d"]
    assert [e.id for e in outbox.waiting("acme", "anna")] == ["a", "b"]
    assert [e.id for e in outbox.waiting("acme", TOPIC)] == ["d"]


def claim_mailbox(outbox: Outbox, person: str = "anna") -> Mailbox:
    """Return the mailbox of a person, claimed for three minutes."""
    mailbox = outbox.claim("acme", person, NOON, NOON + 3 * MINUTE)
    assert mailbox is not None
    return mailbox


def test_only_one_may_write_to_a_person_at_a_time(table: Table) -> None:
    """Nobody else can claim a mailbox until the claim is completed or has run out."""
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


def test_completing_deletes_entries_and_records_the_mail(table: Table) -> None:
    """The two entries in the mail are deleted, a third stays, and mail and log entry are stored."""
    outbox = Outbox(table)
    for n in range(3):
        outbox.put(entry(str(n)))
    log_entry = LogEntry("gap", NOON, {"account": "help"})
    mailbox = claim_mailbox(outbox).after_alerts([entry("0"), entry("1")], NOON)
    entries, log = [entry("0"), entry("1")], [AuditRecord("acme", log_entry)]
    outbox.complete(Completion(mailbox, entries, RECORD, log=log))
    assert [e.id for e in outbox.waiting("acme")] == ["2"]
    assert outbox.mailboxes("acme", ["anna"])["anna"] == replace(mailbox, claimed_until=None)
    [sent] = outbox.sent("acme", NOON, NOON)
    assert sent == RECORD
    [item] = table.query("sent#acme")
    assert timedelta(days=89) < datetime.fromtimestamp(item["ttl"], UTC) - NOON < timedelta(days=91)
    assert AuditLog(table).read("acme", NOON, NOON) == [log_entry]
    assert outbox.mailboxes("acme", ["nobody"])["nobody"] == Mailbox("acme", "nobody")


def test_a_mail_is_found_by_its_ses_id_and_returned_once(table: Table) -> None:
    """Of a mail with two entries, a second bounce writes nothing."""
    outbox = Outbox(table)
    covered = [
        entry("0", keys=(ConversationKey("acme", "1", "7"),)),
        entry("1", keys=(ConversationKey("acme", "2", "7"),)),
    ]
    for one in (*covered, entry("2", "boris")):
        outbox.put(one)
    sent = replace(RECORD, covered=merge(covered))
    outbox.complete(Completion(claim_mailbox(outbox), covered, sent))
    sent = replace(RECORD, person="boris", message_id="m2")
    outbox.complete(Completion(claim_mailbox(outbox, "boris"), [entry("2", "boris")], sent))
    assert outbox.find_sent("acme", "m3", NOON) is None
    assert outbox.find_sent("other", "m1", NOON) is None
    assert outbox.find_sent("acme", "m1", NOON + 6 * MINUTE) is None
    mail = outbox.find_sent("acme", "m1", NOON + 4 * MINUTE)
    assert mail is not None
    assert (mail.person, mail.to, mail.returned) == ("anna", "anna@a.b", None)
    assert mail.covered == merge(covered)
    outbox.mark_returned(mail, "bounce", [entry("3", "vera")])
    with pytest.raises(TransactionCancelledError):
        outbox.mark_returned(mail, "bounce", [entry("4", "vera")])
    assert [e.id for e in outbox.waiting("acme", "vera")] == ["3"]
    again = outbox.find_sent("acme", "m1", NOON)
    assert again == replace(mail, returned="bounce")


def items_about(table: Table, key: ConversationKey) -> list[str]:
    """Return the keys of all items that name the customer of this conversation."""
    return [f"{i['pk']} {i['sk']}" for i in table.scan() if f'"{key.customer_id}"' in str(i)]


def test_a_deleted_conversation_is_removed_from_entries_and_records(table: Table) -> None:
    """Waiting entries and records of mails lose it; an entry about it alone is deleted."""
    outbox = Outbox(table)
    both, alone = entry("a", keys=(ONE, TWO)), entry("b", "boris", keys=(ONE,))
    for one in (both, alone, entry("c", kind="trouble")):
        outbox.put(one)
    sent = replace(RECORD, covered=both)
    outbox.complete(Completion(claim_mailbox(outbox), [both], sent))
    outbox.put(both)
    for _ in range(2):
        outbox.forget_conversations("acme", {ONE}.__contains__)
        assert outbox.waiting("acme") == [both.restricted_to([TWO]), entry("c", kind="trouble")]
        assert items_about(table, ONE) == []
    mail = outbox.find_sent("acme", "m1", NOON)
    assert mail is not None
    assert mail.covered == both.restricted_to([TWO])
    outbox.forget_conversations("acme", {TWO}.__contains__)
    assert outbox.find_sent("acme", "m1", NOON) == replace(mail, covered=None)
    assert items_about(table, TWO) == []


@pytest.mark.parametrize("deleted", [[ONE], [ONE, TWO]], ids=["one of two", "both"])
def test_a_sender_that_read_a_deleted_post_sends_it_once_without_recording_it(
    table: Table, deleted: list[ConversationKey]
) -> None:
    """A mail under way when a conversation is deleted can be completed.

    Its record leaves that conversation out, although the sender still has the whole entry.
    """
    outbox = Outbox(table)
    outbox.put(entry("a", keys=(ONE, TWO)))
    mailbox = claim_mailbox(outbox)
    read = outbox.waiting("acme", "anna")
    outbox.forget_conversations("acme", deleted.__contains__)
    after, sent = mailbox.after_alerts(read, NOON), replace(RECORD, covered=read[0])
    outbox.complete(Completion(after, read, sent))
    assert outbox.waiting("acme") == []
    assert items_about(table, ONE) == []
    mail = outbox.find_sent("acme", "m1", NOON)
    assert mail is not None
    assert mail.covered == (None if TWO in deleted else read[0].restricted_to([TWO]))
    assert already_told(read, outbox.mailboxes("acme", ["anna"])["anna"])


def test_entries_handed_on_leave_out_conversations_deleted_meanwhile(table: Table) -> None:
    """The next in line gets no entry about a conversation that was deleted meanwhile."""
    outbox = Outbox(table)
    for one in (entry("a", keys=(ONE, TWO)), entry("b", keys=(ONE,))):
        outbox.put(one)
    mailbox, read = claim_mailbox(outbox), outbox.waiting("acme", "anna")
    handed_on = [*(replace(e, person="boris") for e in read), entry("c", "boris", kind="trouble")]
    outbox.forget_conversations("acme", {ONE}.__contains__)
    outbox.complete(Completion(mailbox, read, handed_on=handed_on))
    expected = [replace(read[0].restricted_to([TWO]), person="boris"), handed_on[-1]]
    assert outbox.waiting("acme") == expected


def test_a_lost_claim_stays_lost_after_a_deletion(table: Table) -> None:
    """When another sender has completed the entries, the first one's mail is not recorded."""
    outbox = Outbox(table)
    outbox.put(entry("a", keys=(ONE, TWO)))
    late, read = claim_mailbox(outbox), outbox.waiting("acme", "anna")
    outbox.forget_conversations("acme", {ONE}.__contains__)
    other = outbox.claim("acme", "anna", NOON + 3 * MINUTE, NOON + 6 * MINUTE)
    assert other is not None
    outbox.complete(Completion(other, outbox.waiting("acme")))
    with pytest.raises(ClaimLostError):
        outbox.complete(Completion(late, read, replace(RECORD, covered=read[0])))
    assert outbox.sent("acme", NOON, NOON) == []


def test_a_returned_mail_is_found_again_if_its_record_changed_meanwhile(table: Table) -> None:
    """A mail cannot be marked as returned by a record from before a deletion."""
    outbox = Outbox(table)
    outbox.put(entry("a", keys=(ONE, TWO)))
    read = outbox.waiting("acme")
    sent = replace(RECORD, covered=read[0])
    outbox.complete(Completion(claim_mailbox(outbox), read, sent))
    before = outbox.find_sent("acme", "m1", NOON)
    outbox.forget_conversations("acme", {ONE}.__contains__)
    with pytest.raises(TransactionCancelledError):
        outbox.mark_returned(before, "bounce", [entry("d")])
    assert outbox.waiting("acme") == []
    outbox.mark_returned(outbox.find_sent("acme", "m1", NOON), "bounce", [])
    mail = outbox.find_sent("acme", "m1", NOON)
    assert mail is not None
    assert (mail.returned, mail.covered) == ("bounce", read[0].restricted_to([TWO]))


def test_a_deletion_is_retried_when_others_write(table: Table) -> None:
    """A conflict is retried; if conflicts do not end, the error names no customer."""
    Outbox(table).put(entry("a", keys=(ONE, TWO)))
    busy = Table(failing(table.client, "TransactionConflict", 5), table.name, table.index)
    Outbox(busy).forget_conversations("acme", {ONE}.__contains__)
    assert items_about(table, ONE) == []
    stuck = Table(failing(table.client, "TransactionConflict", 10**6), table.name, table.index)
    with pytest.raises(ContentionError, match=r"^others kept writing an entry of outbox#acme$"):
        Outbox(stuck).forget_conversations("acme", {TWO}.__contains__)


def test_an_address_is_suppressed_once_and_can_be_lifted(table: Table) -> None:
    """Of two suppressions of an address, the first stays until it is lifted."""
    suppressions, outbox = SuppressionList(table), Outbox(table)
    suppression = Suppression("anna@a.b", "bounce", NOON, "550 нет", "m1")
    outbox.mark_returned(None, "bounce", [suppression])
    later = replace(suppression, kind="complaint")
    with pytest.raises(TransactionCancelledError):
        outbox.mark_returned(None, "complaint", [later])
    assert suppressions.all() == {"anna@a.b": suppression}
    assert suppressions.remove(" Anna@A.b ") == suppression
    assert suppressions.remove("anna@a.b") is None
    assert suppressions.all() == {}


def test_a_deferred_mail_is_remembered(table: Table) -> None:
    """The mailbox stores until when its mail is deferred, and after how many attempts."""
    outbox = Outbox(table)
    held = replace(claim_mailbox(outbox), not_before=NOON + MINUTE, failures=4)
    outbox.complete(Completion(held))
    assert outbox.mailboxes("acme", ["anna"])["anna"] == replace(held, claimed_until=None)


def test_a_sent_mail_is_recorded_despite_contention(table: Table, pauses: list[float]) -> None:
    """When others write the same items for a while, the mail is recorded after some attempts."""
    table.put(*item_of(entry("0")))
    busy = Table(
        failing(table.client, "TransactionConflict", 5), table.name, table.index, pauses.append
    )
    mailbox = claim_mailbox(Outbox(busy)).after_alerts([entry("0")], NOON)
    Outbox(busy).complete(Completion(mailbox, [entry("0")]))
    assert Outbox(table).waiting("acme") == []
    assert Outbox(table).mailboxes("acme", ["anna"])["anna"].recent_alerts == mailbox.recent_alerts
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8]


def test_a_sent_mail_that_cannot_be_recorded_is_an_error(table: Table, pauses: list[float]) -> None:
    """When contention does not end, an error is raised, and the entry stays."""
    table.put(*item_of(entry("0")))
    busy = Table(
        failing(table.client, "TransactionConflict", 10**6), table.name, table.index, pauses.append
    )
    with pytest.raises(TransactionCancelledError):
        Outbox(busy).complete(Completion(claim_mailbox(Outbox(busy)), [entry("0")]))
    assert [e.id for e in Outbox(table).waiting("acme")] == ["0"]
