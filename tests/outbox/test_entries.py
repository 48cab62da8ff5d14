"""What waits for a person: when it may go, how long it could have, what is remembered of a mail."""

from dataclasses import replace
from datetime import timedelta

from pulse.conversations.facts import ConversationKey
from pulse.outbox.entries import MAX_CONVERSATIONS, merge
from pulse.outbox.mailbox import Mailbox, already_told, due, overdue
from tests.conversations.fact_builders import POLICY, alert, at


def keys(first: int, count: int) -> tuple[ConversationKey, ...]:
    return tuple(ConversationKey("acme", str(n), "7") for n in range(first, first + count))


def test_what_a_mail_told_is_remembered_in_one() -> None:
    """Given three alerts in one mail, then one entry knows all, the urgent first."""
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


def test_no_more_is_remembered_than_an_item_holds() -> None:
    """Given a mail that told of thousands, then the urgent ones are among those remembered."""
    many = [alert(keys=keys(100 * n, 100)) for n in range(40)]
    urgent = replace(alert(keys=keys(9000, 100)), urgent=True, at=at(0) + timedelta(hours=1))
    found = merge([*many, urgent])
    assert found is not None
    assert len(found.keys) == MAX_CONVERSATIONS
    assert set(urgent.keys) <= set(found.keys)


def test_of_a_digest_nothing_is_remembered() -> None:
    """Given a digest, or nothing, then there is nothing to pass on."""
    assert merge([replace(alert(), kind="digest")]) is None
    assert merge([]) is None


def test_only_what_was_all_told_was_heard() -> None:
    """Given one alert that was told and one that was not, then the two were not heard."""
    told, new = alert(), replace(alert(), id="2")
    mailbox = Mailbox("acme", "agents").after_alerts([told], at(1))
    assert already_told([told], mailbox)
    assert not already_told([told, new], mailbox)
    assert not already_told([new], mailbox)


def test_of_many_that_were_told_the_newest_are_remembered() -> None:
    """Given more alerts than a mailbox remembers, then it is the last ones that were heard."""
    many = [replace(alert(), id=str(number)) for number in range(150)]
    mailbox = Mailbox("acme", "agents")
    for one in many:
        mailbox = mailbox.after_alerts([one], at(1))
    assert already_told(many[-99:], mailbox)
    assert not already_told(many[:1], mailbox)


def test_what_is_no_alert_is_overdue_from_the_start() -> None:
    """Given an alert that the window holds back, and a digest, then the digest has waited."""
    held, summed = alert(), replace(alert(), kind="digest")
    mailbox = Mailbox("acme", "agents").after_alerts([replace(held, id="0")], at(0))
    assert due([held, summed], mailbox, POLICY, at(20)) == [summed]
    assert overdue([held], mailbox, POLICY, at(20)) == timedelta(0)
    assert overdue([held, summed], mailbox, POLICY, at(20)) == timedelta(minutes=20)
    assert overdue([held], mailbox, POLICY, at(33)) == timedelta(minutes=3)


def test_the_urgent_never_waits_longer_than_the_rest() -> None:
    """Given a window for urgent alerts that is the longer one, then the other holds for them."""
    policy = replace(POLICY, critical_window=timedelta(minutes=50))
    mailbox = Mailbox("acme", "agents").after_alerts([replace(alert(), id="0")], at(0))
    urgent = replace(alert(), urgent=True)
    assert due([urgent], mailbox, policy, at(29)) == []
    assert due([urgent], mailbox, policy, at(30)) == [urgent]
