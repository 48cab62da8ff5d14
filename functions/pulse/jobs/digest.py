"""Whose digest is due by their own clock; each is written once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pulse.domain.clock import Slot, last_slot, stretch
from pulse.domain.outbox import Entry
from pulse.domain.settings import Company, DigestRule, Person

if TYPE_CHECKING:
    from pulse.adapters.table import Outbox, Shelf


def digest(company: Company, shelf: Shelf, outbox: Outbox, now: datetime) -> int:
    """Put the digests that are due into the outbox; returns how many.

    One that was missed is caught up once. A new recipient's first is the next one due.
    Of two runs at once one writes; what the other would have added is due in the next minute.
    """
    done = shelf.digests_done(company.name)
    marks, entries = dict(done), []
    for rule in company.digests:
        for person in (company.people[key] for key in rule.to):
            slot = last_slot(rule, ZoneInfo(person.time_zone), now)
            if slot is None:
                continue
            name = f"{rule.period}#{person.key}"
            if name in done and done[name] < slot.label:
                entries.append(_entry(company, rule, person, slot, now))
            marks[name] = max(marks.get(name, ""), slot.label)
    if marks == done:
        return 0
    written = shelf.write_digests(company.name, done, marks, [outbox.item(e) for e in entries])
    return len(entries) if written else 0


def digest_now(
    company: Company, outbox: Outbox, people: list[str], start: datetime, now: datetime
) -> int:
    """Put a digest of [start, now) for these people into the outbox, whatever the hour."""
    for key in people:
        slot = Slot(now, now.isoformat(timespec="minutes"))
        entry = _written(company, "shift", company.people[key], start, slot, now)
        outbox.put(entry)
    return len(people)


def _entry(company: Company, rule: DigestRule, person: Person, slot: Slot, now: datetime) -> Entry:
    start = stretch(rule.period, rule, ZoneInfo(person.time_zone), slot)
    return _written(company, rule.period, person, start, slot, now)


def _written(
    company: Company, period: str, person: Person, start: datetime, slot: Slot, now: datetime
) -> Entry:
    return Entry(
        id=f"digest#{period}#{slot.label}",
        company=company.name,
        person=person.key,
        kind="digest",
        at=now,
        details=(
            ("period", period),
            ("start", start.isoformat()),
            ("end", slot.at.isoformat()),
        ),
    )
