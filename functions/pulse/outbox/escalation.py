"""Who is told instead: where a shift has ended, or an address cannot be written to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from pulse.kernel.company import Company, Person
from pulse.outbox.entries import TOPIC, Entry

ADDRESS_FAULTS = ("address", "bounce", "complaint")
"""Kinds of trouble that are about a person's own address."""


def hand_over(entry: Entry, company: Company, now: datetime) -> list[Entry] | None:
    """An alert held back until its reader went off duty, for those who came on duty since.

    None when it stays where it is: the reader is on duty, stands in for somebody else, or
    nobody is on duty at all. Empty when all who are on duty were told at the time.
    """
    if entry.kind != "alert" or entry.person == TOPIC or entry.unreachable:
        return None
    hear = company.policy.recipients(entry.detail("level"), entry.again, now)
    if not hear or entry.person in hear:
        return None
    told: list[str] = entry.detail("people")
    return [
        replace(entry, person=key).with_detail("people", [*told, *hear])
        for key in hear
        if key not in told
    ]


def escalate_undeliverable(
    entry: Entry,
    person: Person,
    company: Company,
    now: datetime,
    said: str,
    unreachable: Collection[str] = (),
) -> list[Entry]:
    """The same entry for whoever is next in line, and why it comes to that person.

    `person` could not be written to, `said` is what the mail service gave as the reason.
    """
    moved = next_recipient(entry, company, now, unreachable)
    if moved is None:
        return []
    if moved.person == TOPIC or entry.detail("trouble") in ADDRESS_FAULTS:
        return [moved]
    why = address_fault(company, entry.person, person.email, "address", said, now)
    return [moved, replace(why, person=moved.person, unreachable=moved.unreachable)]


def next_recipient(
    entry: Entry, company: Company, now: datetime, unreachable: Collection[str] = ()
) -> Entry | None:
    """The entry for the next person who can be written to; an alert ends with the topic.

    None when nobody is left. In shadow mode nobody is: all mail goes to the one address.
    """
    if company.shadow_address(now):
        return None
    policy = company.policy
    line = [company.owner, *policy.recipients(policy.top.name, len(policy.escalation), now), TOPIC]
    tried = (*entry.unreachable, entry.person)
    heir = next((key for key in line if key not in (*tried, *unreachable)), None)
    if heir is None or (heir == TOPIC and entry.kind != "alert"):
        return None
    return replace(entry, person=heir, unreachable=tried)


def address_fault(
    company: Company, person: str, address: str, trouble: str, said: str, now: datetime
) -> Entry:
    """Word of a person's address, to be passed on: that person is the one who cannot read it."""
    return Entry(
        id=f"{now.isoformat()}#{trouble}#{person}",
        company=company.name,
        person=person,
        kind="trouble",
        at=now,
        details=(("trouble", trouble), ("subject", address), ("detail", said)),
    )
