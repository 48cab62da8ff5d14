"""Whose address it is, and who is told instead."""

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
    """Given an address in small letters, then it is found however the settings spell it."""
    assert people_with_address(company, address, at(0)) == keys
    assert unreachable(company, [address, "nobody@else.example"], at(0)) == keys


def test_shadow_mode_ends() -> None:
    """Given the hour at which shadow mode is over, then its address is nobody's."""
    assert people_with_address(SHADOWED, "trial@acme.example", at(60)) == ()


LINE = {
    "the owner first": (alert(), (), "owner"),
    "not who cannot be written to": (alert(), ("owner",), "head"),
    "not who was tried": (alert("owner", "agents"), (), "head"),
    "up the line": (alert("head", "owner"), (), "manager"),
    "an alert ends with the topic": (alert(), ("owner", "head", "manager"), TOPIC),
    "which is the end": (alert(TOPIC, "owner", "head", "manager"), (), None),
    "trouble has no topic": (replace(alert(), kind="trouble"), ("owner", "head", "manager"), None),
}


@pytest.mark.parametrize(("entry", "past", "heir"), LINE.values(), ids=LINE)
def test_who_is_next_in_line(entry: Entry, past: tuple[str, ...], heir: str | None) -> None:
    """The owner, those who hear of critical waits now, those up the line, the topic."""
    suppressed = [f"{key}@acme.example" for key in past]
    found = Escalation(ACME, at(0), suppressed).next_recipient(entry)
    assert (found.person if found else None) == heir
    assert found is None or found.unreachable == (*entry.unreachable, entry.person)
    assert Escalation(SHADOWED, at(0), suppressed).next_recipient(entry) is None


def test_word_of_an_address_is_passed_on_without_word_of_that() -> None:
    """Given word of an address, for one whose own cannot be written to, then it moves alone."""
    word = Escalation(ACME, at(0)).address_fault("agents", "a@b.example", "bounce", "550")
    [moved] = Escalation(ACME, at(1)).pass_on(word, "no")
    assert (moved.person, moved.detail("trouble"), moved.detail("subject")) == (
        "owner",
        "bounce",
        "a@b.example",
    )
    [_, why] = Escalation(ACME, at(1), ["owner@acme.example"]).pass_on(alert(), "no")
    assert (why.person, why.detail("trouble")) == ("head", "address")


def test_from_shift_to_shift_nobody_hears_twice() -> None:
    """Given three shifts that all end with the alert held, then who had the first is told."""
    turns = [("anna", 9, 10), ("gleb", 10, 11), ("dina", 11, 12), ("anna", 12, 13)]
    duty = tuple(Shift(key, start=time(start), end=time(end)) for key, start, end in turns)
    company = replace(ACME, policy=replace(POLICY, groups={"agents": duty}))
    held = alert("anna")
    for minute, who in ((60, "gleb"), (120, "dina")):
        moved = Escalation(company, at(minute)).hand_over(held)
        assert moved is not None
        assert [entry.person for entry in moved] == [who]
        [held] = moved
    assert Escalation(company, at(180)).hand_over(held) == []
