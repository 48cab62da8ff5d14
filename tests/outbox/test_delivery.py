"""Whose address it is, and who gets an entry instead."""

from dataclasses import replace
from datetime import time

import pytest

from pulse.kernel.company import Company, Person, Shadow
from pulse.kernel.policy import Shift
from pulse.outbox.entries import TOPIC, Entry
from pulse.outbox.escalation import Escalation
from pulse.outbox.suppressions import people_with_address, unreachable
from tests.conversations.fact_builders import POLICY, alert, at

PEOPLE = ("agents", "manager", "head", "owner")
ACME = Company(
    name="acme",
    title={},
    accounts=(),
    people={key: Person(key, key, f"{key.capitalize()}@Acme.example") for key in PEOPLE},
    policy=replace(POLICY, escalation=("manager",)),
    owner="owner",
)
SHADOWED = replace(ACME, shadow=Shadow("Trial@acme.example", at(60)))


@pytest.mark.parametrize(
    ("company", "address", "keys"),
    [
        (ACME, "head@acme.example", ("head",)),
        (ACME, "trial@acme.example", ()),
        (SHADOWED, "trial@acme.example", PEOPLE),
        (SHADOWED, "head@acme.example", ("head",)),
    ],
)
def test_whose_address_it_is(company: Company, address: str, keys: tuple[str, ...]) -> None:
    """An address in lower case is found however the settings spell it."""
    assert people_with_address(company, address, at(0)) == keys
    assert unreachable(company, [address, "nobody@else.example"], at(0)) == keys


def test_shadow_mode_ends() -> None:
    """After the end of shadow mode, the shadow address belongs to nobody."""
    assert people_with_address(SHADOWED, "trial@acme.example", at(60)) == ()


NEXT_IN_LINE = {
    "the owner first": (alert(), (), "owner"),
    "nobody who is unreachable": (alert(), ("owner",), "head"),
    "nobody who was tried before": (alert("owner", "agents"), (), "head"),
    "up the escalation": (alert("head", "owner"), (), "manager"),
    "an alert ends with the topic": (alert(), ("owner", "head", "manager"), TOPIC),
    "nobody after the topic": (alert(TOPIC, "owner", "head", "manager"), (), None),
    "a fault does not go to the topic": (
        replace(alert(), kind="trouble"),
        ("owner", "head", "manager"),
        None,
    ),
}


@pytest.mark.parametrize(("entry", "skipped", "recipient"), NEXT_IN_LINE.values(), ids=NEXT_IN_LINE)
def test_who_is_next_in_line(entry: Entry, skipped: tuple[str, ...], recipient: str | None) -> None:
    """The owner, then people alerted of critical waits now, then the escalation, then the topic.

    In shadow mode there is nobody.
    """
    suppressed = [f"{key}@acme.example" for key in skipped]
    found = Escalation(ACME, at(0), suppressed).next_recipient(entry)
    assert (found.person if found else None) == recipient
    assert found is None or found.unreachable == (*entry.unreachable, entry.person)
    assert Escalation(SHADOWED, at(0), suppressed).next_recipient(entry) is None


def test_a_report_of_an_address_is_handed_on_without_a_second_report() -> None:
    """An alert that is handed on comes with a report of the address; such a report goes alone."""
    report = Escalation(ACME, at(0)).address_fault("agents", "a@b.example", "bounce", "550")
    [moved] = Escalation(ACME, at(1)).pass_on(report, "no")
    assert (moved.person, moved.detail("trouble"), moved.detail("subject")) == (
        "owner",
        "bounce",
        "a@b.example",
    )
    [_, second] = Escalation(ACME, at(1), ["owner@acme.example"]).pass_on(alert(), "no")
    assert (second.person, second.detail("trouble")) == ("head", "address")


def test_an_alert_held_through_shifts_goes_to_nobody_twice() -> None:
    """An alert handed on at the end of three shifts does not go back to the first person."""
    shifts = [("anna", 9, 10), ("gleb", 10, 11), ("dina", 11, 12), ("anna", 12, 13)]
    duty = tuple(Shift(key, start=time(start), end=time(end)) for key, start, end in shifts)
    company = replace(ACME, policy=replace(POLICY, groups={"agents": duty}))
    held = alert("anna")
    for minute, who in ((60, "gleb"), (120, "dina")):
        moved = Escalation(company, at(minute)).hand_over(held)
        assert moved is not None
        assert [entry.person for entry in moved] == [who]
        [held] = moved
    assert Escalation(company, at(180)).hand_over(held) == []
