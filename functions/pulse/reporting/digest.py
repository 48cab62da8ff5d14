"""Whose digest is due by their own clock; each is written once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pulse.kernel.company import Company, DigestRule, Person
from pulse.outbox.entries import Entry
from pulse.reporting.schedule import DigestSlot, last_slot, period_start

if TYPE_CHECKING:
    from pulse.outbox.store.outbox import Outbox
    from pulse.reporting.store import DigestLedger

_AT_ONCE = 90
"""Digests that are written in one transaction, with the marks that say so."""


def schedule_digests(
    company: Company, digest_ledger: DigestLedger, now: datetime
) -> tuple[int, float]:
    """Put the digests that are due into the outbox; returns how many.

    With it, for how many seconds the oldest has been due that was not put there; 0 when none is.
    One that was missed is caught up once. A new recipient's first is the next one due.
    Of two runs at once one writes; what the other would have added is due in the next minute.
    """
    done = digest_ledger.written(company.name)
    marks = dict(done)
    entries: dict[str, dict[str, Entry]] = defaultdict(dict)
    unwritten: dict[str, datetime] = {}
    for rule in company.digests:
        for person in (company.people[key] for key in rule.to):
            slot = last_slot(rule, ZoneInfo(person.time_zone), now)
            if slot is None:
                continue
            name = f"{rule.period}#{person.key}"
            if name in done and done[name] < slot.label:
                entry = _entry(company, rule, person, slot, now)
                entries[name][entry.id] = entry
                unwritten[name] = min(slot.at, unwritten.get(name, now))
            marks[name] = max(marks.get(name, ""), slot.label)
    written = 0
    for names in _portions(entries):
        after = marks | {n: done[n] for n in entries} | {n: marks[n] for n in names}
        told = [entry for n in names for entry in entries[n].values()]
        if after == done:
            continue
        if not digest_ledger.write(company.name, done, after, told):
            break
        done, written = after, written + len(told)
        unwritten = {n: at for n, at in unwritten.items() if n not in names}
    return written, (now - min(unwritten.values(), default=now)).total_seconds()


def _portions(entries: Mapping[str, Mapping[str, Entry]]) -> Iterator[list[str]]:
    """The names, by as many entries as go into one transaction; none at all are one portion."""
    names: list[str] = []
    size = 0
    for name, more in entries.items():
        if size + len(more) > _AT_ONCE:
            yield names
            names, size = [], 0
        names.append(name)
        size += len(more)
    yield names


def request_digest(
    company: Company, outbox: Outbox, people: list[str], start: datetime, now: datetime
) -> int:
    """Put a digest of [start, now) for these people into the outbox, whatever the hour."""
    for key in people:
        slot = DigestSlot(now, now.isoformat(timespec="minutes"))
        entry = _written(company, "shift", company.people[key], start, slot, now)
        outbox.put(entry)
    return len(people)


def _entry(
    company: Company, rule: DigestRule, person: Person, slot: DigestSlot, now: datetime
) -> Entry:
    start = period_start(rule.period, rule, ZoneInfo(person.time_zone), slot)
    return _written(company, rule.period, person, start, slot, now)


def _written(
    company: Company, period: str, person: Person, start: datetime, slot: DigestSlot, now: datetime
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
