"""Entries: when they are due, how long they are overdue, what is remembered of a mail."""

from dataclasses import replace
from datetime import timedelta

from pulse.conversations.facts import ConversationKey
from pulse.outbox.entries import MAX_CONVERSATIONS, merge
from pulse.outbox.mailbox import Mailbox, already_told, due, overdue
from tests.conversations.fact_builders import POLICY, alert, at


def keys(first: int, count: int) -> tuple[ConversationKey, ...]:
    return tuple(ConversationKey("acme", str(n), "7") for n in range(first, first + count))


def test_the_alerts_of_a_mail_are_merged_into_one_entry() -> None:
    """One entry has the conversations of all three alerts, the urgent ones first."""
    mild = alert("agents", "x", keys=keys(1, 2), reminder=1)
    urgent = replace(
        alert(keys=keys(2, 2), details=(("level", "critical"), ("people", []))),
        at=at(5),
        urgent=True,
    )
    found = merge([mild, urgent, replace(mild, keys=keys(9, 1), reminder=0)])
    assert found is not None
    assert found.keys == (*keys(2, 2), *keys(1, 1), *keys(9, 1))
    assert (found.detail("level"), found.urgent, found.reminder) == ("critical", True, 1)
    assert found.unreachable == ("x",)


def test_a_merged_entry_fits_into_an_item() -> None:
    """Of thousands of conversations, the urgent ones are among those that are remembered."""
    many = [alert(keys=keys(100 * n, 100)) for n in range(40)]
    urgent = replace(alert(keys=keys(9000, 100)), urgent=True, at=at(0) + timedelta(hours=1))
    found = merge([*many, urgent])
    assert found is not None
    assert len(found.keys) == MAX_CONVERSATIONS
    assert set(urgent.keys) <= set(found.keys)


def test_a_digest_is_not_remembered() -> None:
    """Of a digest, or of no entries, there is nothing to hand on."""
    assert merge([replace(alert(), kind="digest")]) is None
    assert merge([]) is None


def test_entries_are_already_told_only_if_all_of_them_are() -> None:
    """One alert that was mailed and one that was not are together not already told."""
    mailed, new = alert(), replace(alert(), id="2")
    mailbox = Mailbox("acme", "agents").after_alerts([mailed], at(1))
    assert already_told([mailed], mailbox)
    assert not already_told([mailed, new], mailbox)
    assert not already_told([new], mailbox)


def test_a_mailbox_remembers_the_newest_alerts() -> None:
    """When there are more alerts than a mailbox remembers, the oldest are forgotten."""
    many = [replace(alert(), id=str(number)) for number in range(150)]
    mailbox = Mailbox("acme", "agents")
    for one in many:
        mailbox = mailbox.after_alerts([one], at(1))
    assert already_told(many[-99:], mailbox)
    assert not already_told(many[:1], mailbox)


def test_a_digest_is_due_at_once_and_an_alert_after_its_window() -> None:
    """While the window holds back an alert, a digest of the same age is overdue."""
    held, digest = alert(), replace(alert(), kind="digest")
    mailbox = Mailbox("acme", "agents").after_alerts([replace(held, id="0")], at(0))
    assert due([held, digest], mailbox, POLICY, at(20)) == [digest]
    assert overdue([held], mailbox, POLICY, at(20)) == timedelta(0)
    assert overdue([held, digest], mailbox, POLICY, at(20)) == timedelta(minutes=20)
    assert overdue([held], mailbox, POLICY, at(33)) == timedelta(minutes=3)


def test_urgent_alerts_never_wait_longer_than_others() -> None:
    """If the window of urgent alerts is the longer one, the other applies to them."""
    policy = replace(POLICY, critical_window=timedelta(minutes=50))
    mailbox = Mailbox("acme", "agents").after_alerts([replace(alert(), id="0")], at(0))
    urgent = replace(alert(), urgent=True)
    assert due([urgent], mailbox, policy, at(29)) == []
    assert due([urgent], mailbox, policy, at(30)) == [urgent]
