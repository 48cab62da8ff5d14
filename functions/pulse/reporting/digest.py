"""The job that puts digests into the outbox when they are due by their recipients' own clocks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pulse.kernel.batching import batched
from pulse.kernel.company import Company, Period
from pulse.outbox.entries import Entry
from pulse.outbox.store.outbox import Outbox
from pulse.reporting.schedule import DigestSlot, last_slot, period_start
from pulse.reporting.store import DigestLedger

_AT_ONCE = 90
"""Digests written in one transaction, which may hold 100 actions; one is that of the ledger."""


class ScheduledDigests(NamedTuple):
    """How many digests one run put into the outbox, and what it left undone."""

    written: int
    overdue_seconds: float
    """For how long the oldest digest has been due that was not written; 0 when none is left."""


def schedule_digests(
    company: Company, digest_ledger: DigestLedger, now: datetime
) -> ScheduledDigests:
    """Put the digests that are due into the outbox, each once.

    A digest that was missed is caught up once: of several missed slots only the latest is
    written. The first digest of a new recipient is the next one due.
    """
    # The ledger is one item a company: by digest and recipient, the label of the last slot that
    # was written. It changes in the same transaction as the entries are put into the outbox, and
    # only if it still is what this run has read. So of two runs at once one writes, a crash leaves
    # either both or neither, and a digest is put into the outbox exactly once.
    ledger = digest_ledger.written(company.name)
    latest, due = _due_digests(company, ledger, now)
    written = 0
    # Digests of one name share a mark and must be written together: so names are counted off, by
    # the most digests that one of them has. Marks of new recipients are written in any case.
    most = max(map(len, due.values()), default=1)
    for names in list(batched(due, max(1, _AT_ONCE // most))) or [[]]:
        # Digests that a later portion writes keep their old marks until then. All other marks
        # move at once, those of new recipients included: people in the ledger get the next
        # digest, not the last one.
        after = latest | {name: ledger[name] for name in due} | {n: latest[n] for n in names}
        if after == ledger:
            continue
        entries = [entry for name in names for entry in due[name].values()]
        if not digest_ledger.write(company.name, ledger, after, entries):
            # Another run was faster; what it did not write is still due in the next minute.
            break
        ledger, written = after, written + len(entries)
        due = {name: digests for name, digests in due.items() if name not in names}
    # A digest is due at the end of its period.
    ends = [entry.detail("end") for digests in due.values() for entry in digests.values()]
    overdue = now - min(map(datetime.fromisoformat, ends), default=now)
    return ScheduledDigests(written, overdue.total_seconds())


def _due_digests(
    company: Company, ledger: Mapping[str, str], now: datetime
) -> tuple[dict[str, str], dict[str, dict[str, Entry]]]:
    """Return the ledger once all is written, and what is due, by the ledger's names and labels."""
    latest: dict[str, str] = dict(ledger)
    due: dict[str, dict[str, Entry]] = defaultdict(dict)
    for rule in company.digests:
        for person in (company.people[key] for key in rule.to):
            zone = ZoneInfo(person.time_zone)
            slot = last_slot(rule, zone, now)
            if slot is None:
                continue
            name = f"{rule.period}#{person.key}"
            # Two rules may name the same person and period, such as shift digests at 14:00 and
            # at 12:00. They share a mark: both are compared with the mark as it was read, and the
            # mark then moves to the later of the two. With the same hour they ask for the same
            # digest, which is written once.
            if name in ledger and ledger[name] < slot.label:
                start = period_start(rule, zone, slot)
                due[name][slot.label] = _entry(
                    company.name, person.key, rule.period, start, slot, now
                )
            latest[name] = max(latest.get(name, ""), slot.label)
    return latest, dict(due)


def request_digest(
    company: Company, outbox: Outbox, people: Sequence[str], start: datetime, now: datetime
) -> int:
    """Put a digest of [start, now) for each of these people into the outbox; return how many."""
    slot = DigestSlot(now, now.isoformat(timespec="minutes"))
    for key in people:
        outbox.put(_entry(company.name, key, "shift", start, slot, now))
    return len(people)


def _entry(
    company: str, person: str, period: Period, start: datetime, slot: DigestSlot, now: datetime
) -> Entry:
    return Entry(
        id=f"digest#{period}#{slot.label}",
        company=company,
        person=person,
        kind="digest",
        at=now,
        details=(("period", period), ("start", start.isoformat()), ("end", slot.at.isoformat())),
    )
