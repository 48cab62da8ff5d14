"""Whose address it is, who is told instead, and what is remembered of a mail."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pulse.domain.delivery import unreachable, whose
from pulse.domain.facts import Key
from pulse.domain.outbox import MOST_KEPT, TOPIC, Entry, Mailbox, as_one, heard
from pulse.domain.routing import about_address, next_in_line, passed_on
from pulse.domain.settings import Company, Person, Shadow

from .scenes import POLICY, at

PEOPLE = ("agents", "manager", "head", "owner")
ACME = Company(
    name="acme",
    title={},
    accounts=(),
    people={key: Person(key, key, f"{key.capitalize()}@Acme.example") for key in PEOPLE},
    policy=replace(POLICY, up_the_line=("manager",)),
    owner="owner",
)
SHADOWED = replace(ACME, shadow=Shadow("Trial@acme.example", at(60)))


def alert(person: str = "agents", *tried: str, **more: object) -> Entry:
    values = {"details": (("level", "warning"), ("people", [person])), **more}
    return Entry("1", "acme", person, "alert", at(0), tried=tried, **values)  # type: ignore[arg-type]


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
    assert whose(company, address, at(0)) == keys
    assert unreachable(company, [address, "nobody@else.example"], at(0)) == keys


def test_shadow_mode_ends() -> None:
    """Given the hour at which shadow mode is over, then its address is nobody's."""
    assert whose(SHADOWED, "trial@acme.example", at(60)) == ()


LINE = {
    "the owner first": (alert(), (), "owner"),
    "not who cannot be written to": (alert(), ("owner",), "head"),
    "not who was tried": (alert("owner", "agents"), (), "head"),
    "up the line": (alert("head", "owner"), (), "manager"),
    "an alert ends with the topic": (alert(), ("owner", "head", "manager"), TOPIC),
    "which is the end": (alert(TOPIC, "owner", "head", "manager"), (), None),
    "trouble has no topic": (
        replace(alert(), kind="trouble"),
        ("owner", "head", "manager"),
        None,
    ),
}


@pytest.mark.parametrize(("entry", "past", "heir"), LINE.values(), ids=LINE)
def test_who_is_next_in_line(entry: Entry, past: tuple[str, ...], heir: str | None) -> None:
    """The owner, those who hear of critical waits now, those up the line, the topic."""
    found = next_in_line(entry, ACME, at(0), past)
    assert (found.person if found else None) == heir
    assert found is None or found.tried == (*entry.tried, entry.person)
    assert next_in_line(entry, SHADOWED, at(0), past) is None


def test_word_of_an_address_is_passed_on_without_word_of_that() -> None:
    """Given word of an address, for one whose own cannot be written to, then it moves alone."""
    word = about_address(ACME, "agents", "a@b.example", "bounce", "550", at(0))
    [moved] = passed_on(word, ACME.people["agents"], ACME, at(1), "no")
    assert (moved.person, moved.detail("trouble"), moved.detail("subject")) == (
        "owner",
        "bounce",
        "a@b.example",
    )
    [_, why] = passed_on(alert(), ACME.people["agents"], ACME, at(1), "no", ("owner",))
    assert (why.person, why.detail("trouble")) == ("head", "address")


def keys(first: int, count: int) -> tuple[Key, ...]:
    return tuple(Key("acme", str(n), "7") for n in range(first, first + count))


def test_what_a_mail_told_is_remembered_in_one() -> None:
    """Given three alerts in one mail, then one entry knows all, the urgent first."""
    mild = alert("agents", "x", keys=keys(1, 2), again=1)
    urgent = replace(
        alert(keys=keys(2, 2), details=(("level", "critical"), ("people", []))),
        at=at(5),
        urgent=True,
    )
    found = as_one([mild, urgent, replace(mild, keys=keys(9, 1), again=0)])
    assert found is not None
    assert found.keys == (*keys(2, 2), *keys(1, 1), *keys(9, 1))
    assert (found.detail("level"), found.urgent, found.again) == ("critical", True, 1)
    assert found.tried == ("x",)


def test_no_more_is_remembered_than_an_item_holds() -> None:
    """Given a mail that told of thousands, then the urgent ones are among those remembered."""
    many = [alert(keys=keys(100 * n, 100)) for n in range(40)]
    urgent = replace(alert(keys=keys(9000, 100)), urgent=True, at=at(0) + timedelta(hours=1))
    found = as_one([*many, urgent])
    assert found is not None
    assert len(found.keys) == MOST_KEPT
    assert set(urgent.keys) <= set(found.keys)


def test_of_a_digest_nothing_is_remembered() -> None:
    """Given a digest, or nothing, then there is nothing to pass on."""
    assert as_one([replace(alert(), kind="digest")]) is None
    assert as_one([]) is None


def test_only_what_was_all_told_was_heard() -> None:
    """Given one alert that was told and one that was not, then the two were not heard."""
    told, new = alert(), replace(alert(), id="2")
    mailbox = Mailbox().after([told], at(1))
    assert heard([told], mailbox)
    assert not heard([told, new], mailbox)
    assert not heard([new], mailbox)


def test_of_many_that_were_told_the_newest_are_remembered() -> None:
    """Given more alerts than a mailbox remembers, then it is the last ones that were heard."""
    many = [replace(alert(), id=str(number)) for number in range(150)]
    mailbox = Mailbox()
    for one in many:
        mailbox = mailbox.after([one], at(1))
    assert heard(many[-99:], mailbox)
    assert not heard(many[:1], mailbox)
