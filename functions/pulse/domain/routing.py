"""Who is told instead: where a shift has ended, or an address cannot be written to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pulse.domain.outbox import TOPIC, Entry
from pulse.domain.settings import Company, Person


def handed_over(entry: Entry, company: Company, now: datetime) -> list[Entry] | None:
    """An alert held back until its reader went off duty, for those who came on duty since.

    None when it stays where it is: the reader is on duty, stands in for somebody else, or
    nobody is on duty at all. Empty when all who are on duty were told at the time.
    """
    if entry.kind != "alert" or entry.person == TOPIC or entry.tried:
        return None
    hear = company.policy.hears(entry.detail("level"), entry.again, now)
    if not hear or entry.person in hear:
        return None
    told: list[str] = entry.detail("people")
    return [
        replace(entry, person=key).with_detail("people", [*told, *hear])
        for key in hear
        if key not in told
    ]


def passed_on(
    entry: Entry, person: Person, company: Company, now: datetime, said: str
) -> list[Entry]:
    """The same entry for whoever is next in line, and why it comes to that person.

    `person` could not be written to, `said` is what the mail service gave as the reason. An
    alert ends with the topic; what nobody is left for is dropped.
    """
    policy = company.policy
    line = [company.owner, *policy.hears(policy.top.name, len(policy.up_the_line), now), TOPIC]
    tried = (*entry.tried, entry.person)
    heir = next((key for key in line if key not in tried), None)
    if heir is None or (heir == TOPIC and entry.kind != "alert"):
        return []
    moved = replace(entry, person=heir, tried=tried)
    if heir == TOPIC or entry.detail("trouble") == "address":
        return [moved]
    why = Entry(
        id=f"{now.isoformat()}#address#{entry.person}",
        company=company.name,
        person=heir,
        kind="trouble",
        at=now,
        tried=tried,
        details=(("trouble", "address"), ("subject", person.email), ("detail", said)),
    )
    return [moved, why]
