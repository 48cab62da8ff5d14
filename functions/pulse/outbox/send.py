"""Write to the people for whom something waits: one mail each, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.kernel.company import Company, Person
from pulse.outbox.delivery import (
    PermanentDeliveryError,
    SuppressedAddressError,
    TemporaryDeliveryError,
    unreachable,
)
from pulse.outbox.entries import TOPIC, Entry, Mailbox, already_told, due, overdue
from pulse.outbox.escalation import escalate_undeliverable, hand_over, next_recipient

if TYPE_CHECKING:
    from pulse.audit.store import AuditLog
    from pulse.outbox.store.outbox import Outbox
    from pulse.screens.writing import Writing

_MOST_ENTRIES = 90
_MOVED = 90
"""Entries that one transaction takes and gives when they go to others."""
_CLAIM = timedelta(minutes=3)
"""Longer than the function may run."""
_PATIENCE = timedelta(minutes=15)


@dataclass(slots=True)
class SendRun:
    """One run for one company: what it uses, what it did."""

    company: Company
    outbox: Outbox
    journal: AuditLog
    writing: Writing
    now: datetime
    out_of_time: Callable[[], bool]
    sent: int = 0
    put_off: int = 0
    turned_away: int = 0
    oldest: timedelta = timedelta(0)
    problems: list[Exception] = field(default_factory=list)

    def send(self) -> dict[str, float]:
        """Send all that is due; returns counts. What cannot go now waits for later.

        Who has waited longest is written to first, people before the topic: what there is no
        time for is the first to go the next minute.
        """
        waiting = self._waiting()
        ended = [p for p, held in waiting.items() if any(map(self._goes_over, held))]
        self._each(ended, self._hand_over)
        if ended:
            waiting = self._waiting()
        mailboxes = self.outbox.mailboxes(self.company.name, waiting)
        overdue = {p: self._overdue(waiting[p], mailbox) for p, mailbox in mailboxes.items()}
        self.oldest = max(overdue.values(), default=self.oldest)
        ready = [p for p, mailbox in mailboxes.items() if self._due(waiting[p], mailbox)]
        ready.sort(key=lambda p: (-overdue[p], p == TOPIC))
        self._each(ready, self._write_to)
        if self.problems:
            raise ExceptionGroup(f"{len(self.problems)} could not be written to", self.problems)
        return {
            "people": len(waiting),
            "sent": self.sent,
            "put_off": self.put_off,
            "turned_away": self.turned_away,
            "oldest_seconds": self.oldest.total_seconds(),
        }

    def _each(self, people: Iterable[str], do: Callable[[str], None]) -> None:
        """One person's trouble holds up nobody else; `send` raises it at the end."""
        for person in people:
            if self.out_of_time():
                return
            try:
                do(person)
            except Exception as problem:  # noqa: BLE001 - raised at the end
                self.problems.append(problem)

    def _hand_over(self, person: str) -> None:
        """What was held back until its reader went off duty goes to who is on duty now."""
        mailbox = self._claim(person)
        if mailbox is None:
            return
        entries = self.outbox.waiting(self.company.name, person)
        moves = [(e, to) for e in entries if (to := self._handed_over(e)) is not None]
        self._move(person, moves, mailbox)

    def _write_to(self, person: str) -> None:
        mailbox = self._claim(person)
        if mailbox is None:
            return
        # read again: only now is nobody else writing to this person
        ready = self._due(self.outbox.waiting(self.company.name, person), mailbox)
        if not ready:
            self.outbox.complete(self.company.name, person, [], mailbox)
            return
        alerts = [e for e in ready if e.kind == "alert"][:_MOST_ENTRIES]
        groups = [*([alerts] if alerts else []), *([e] for e in ready if e.kind != "alert")]
        for left, group in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
            mailbox = self._deliver(person, group, mailbox, last=not left)
            if mailbox.not_before is not None and mailbox.not_before > self.now:
                return
            if left and self.out_of_time():
                self.outbox.complete(self.company.name, person, [], mailbox)
                return

    def _deliver(self, key: str, entries: list[Entry], mailbox: Mailbox, *, last: bool) -> Mailbox:
        """Write one mail for these entries and settle them; returns the mailbox after.

        With the last one, others may write to this person again.
        """
        person = self.company.person(key)
        try:
            record = None if already_told(entries, mailbox) else self._write(key, person, entries)
        except TemporaryDeliveryError as problem:
            self.put_off += 1
            return self._put_off(key, person, mailbox, problem)
        except PermanentDeliveryError as problem:
            self.turned_away += 1
            self._pass_on(key, person, entries, mailbox, problem, release=last)
            return mailbox
        if record is not None and entries[0].kind == "alert":
            mailbox = mailbox.after_alerts(entries, self.now)
        mailbox = replace(mailbox, not_before=None, failures=0)
        self.outbox.complete(self.company.name, key, entries, mailbox, record, release=last)
        self.sent += record is not None
        return mailbox

    def _put_off(
        self, key: str, person: Person, mailbox: Mailbox, problem: TemporaryDeliveryError
    ) -> Mailbox:
        """All of this person's mail waits, longer each time."""
        wait = min(timedelta(minutes=2**mailbox.failures), _PATIENCE)
        mailbox = replace(
            mailbox, not_before=self.now + wait, failures=min(mailbox.failures + 1, 8)
        )
        self.journal.append(self.company.name, [self._undelivered(key, person, problem)])
        self.outbox.complete(self.company.name, key, [], mailbox)
        return mailbox

    def _pass_on(
        self,
        key: str,
        person: Person,
        entries: Sequence[Entry],
        mailbox: Mailbox,
        problem: PermanentDeliveryError,
        *,
        release: bool,
    ) -> None:
        """The next in line hears instead, and of the address too, unless that was told before."""
        moves = [(entry, self._heirs(entry, person, problem)) for entry in entries]
        notes = []
        if not isinstance(problem, SuppressedAddressError) or not all(heirs for _, heirs in moves):
            row = self._undelivered(key, person, problem, final=True)
            notes.append(AuditRecord(self.company.name, row))
        self._move(key, moves, mailbox, notes, release=release)

    def _heirs(self, entry: Entry, person: Person, problem: PermanentDeliveryError) -> list[Entry]:
        company, now = self.company, self.now
        past = unreachable(company, self.writing.blocked(), now)
        if not isinstance(problem, SuppressedAddressError):
            return escalate_undeliverable(entry, person, company, now, str(problem), past)
        moved = next_recipient(entry, company, now, past) if entry.kind != "digest" else None
        return [moved] if moved else []

    def _move(
        self,
        person: str,
        moves: Sequence[tuple[Entry, Sequence[Entry]]],
        mailbox: Mailbox,
        also: Sequence[AuditRecord] = (),
        *,
        release: bool = True,
    ) -> None:
        """Take entries from one person and give them to others, few enough at once."""
        size = max(1, _MOVED // (1 + max((len(heirs) for _, heirs in moves), default=0)))
        for start in range(0, max(1, len(moves)), size):
            part = moves[start : start + size]
            given = {(e.person, e.id): e for _, heirs in part for e in heirs}
            self.outbox.complete(
                self.company.name,
                person,
                [entry for entry, _ in part],
                mailbox,
                also=also,
                given=list(given.values()),
                release=release and start + size >= len(moves),
            )

    def _write(self, key: str, person: Person, entries: Sequence[Entry]) -> dict[str, Any] | None:
        if key == TOPIC:
            return self.writing.publish(entries)
        return self.writing.mail(person, entries)

    def _undelivered(
        self, key: str, person: Person, problem: Exception, *, final: bool = False
    ) -> LogEntry:
        address = self.writing.address(person)
        what = {"person": key, "address": address, "detail": str(problem), "final": final}
        return LogEntry("undelivered", self.now, what)

    def _claim(self, person: str) -> Mailbox | None:
        return self.outbox.claim(self.company.name, person, self.now, self.now + _CLAIM)

    def _due(self, entries: Sequence[Entry], mailbox: Mailbox) -> list[Entry]:
        return due(entries, mailbox, self.company.policy, self.now)

    def _overdue(self, entries: Sequence[Entry], mailbox: Mailbox) -> timedelta:
        return overdue(entries, mailbox, self.company.policy, self.now)

    def _waiting(self) -> dict[str, list[Entry]]:
        """All that waits, by person."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.outbox.waiting(self.company.name):
            found[entry.person].append(entry)
        return dict(sorted(found.items()))

    def _goes_over(self, entry: Entry) -> bool:
        return self._handed_over(entry) is not None

    def _handed_over(self, entry: Entry) -> list[Entry] | None:
        return hand_over(entry, self.company, self.now)
