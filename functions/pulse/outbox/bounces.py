"""Mail that came back: its address is left alone, its reader's next in line hears, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.kernel.company import Company, Settings
from pulse.outbox.delivery import (
    Feedback,
    MailNotRecordedError,
    Suppression,
    SuppressionKind,
    normalize_address,
    people_with_address,
    unreachable,
)
from pulse.outbox.entries import Entry, SentMail
from pulse.outbox.escalation import address_fault, escalate_undeliverable, next_recipient

if TYPE_CHECKING:
    from pulse.audit.store import AuditLog
    from pulse.outbox.store.outbox import Outbox
    from pulse.outbox.store.suppressions import SuppressionList

_RECORDED = timedelta(minutes=2)
"""By then `send` has noted a mail that SES took."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class BounceHandler:
    """Deals with what SES says of a mail; the same word twice changes nothing more."""

    settings: Settings
    outbox: Outbox
    addresses: SuppressionList
    journal: AuditLog
    now: datetime

    def handle(self, word: Feedback) -> dict[str, Any]:
        """Returns what was done. A mail that is not ours, to nobody of ours, is left alone.

        UnrecordedError when the mail may be ours and is not noted yet.
        """
        mail = self._find(word)
        # A mail has one recipient; a server that forwards it may name another.
        ours = [mail.to] if mail else [a for a in word.addresses if self._companies(a)]
        done = {"kind": word.kind, "message_id": word.message_id, "ours": bool(ours)}
        if word.kind == "passing":
            if mail is not None:
                self.journal.append(mail.company, [_undelivered(mail, word, word.at, final=False)])
            return {**done, "blocked": 0, "passed_on": 0}
        if ours and mail is None and self.now - word.sent_at < _RECORDED:
            raise MailNotRecordedError(f"mail {word.message_id}")
        taken = [self._take_back(word, normalize_address(address), mail) for address in ours]
        return {**done, "blocked": sum(b for b, _ in taken), "passed_on": sum(n for _, n in taken)}

    def _take_back(self, word: Feedback, address: str, mail: SentMail | None) -> tuple[bool, int]:
        """Whether the address was blocked by this, and how much was passed on by it."""
        for _ in range(_TRIES):
            blocked = self.addresses.all()
            new = word.kind != "refused" and address not in blocked
            if mail.returned if mail else not new:
                return False, 0
            past = {*blocked, address} if word.kind != "refused" else set(blocked)
            entries = list(self._passed_on(word, mail, past)) if mail else []
            passed = len(entries)
            entries += self._told(word, address, past) if new else []
            also: list[Entry | AuditRecord] = [*entries]
            if mail and word.kind != "complaint":
                row = _undelivered(mail, word, self.now, final=True)
                also.append(AuditRecord(mail.company, row))
            first = [_block(word, address)] if new else []
            if self.outbox.mark_returned(mail, word.kind, first, also):
                return new, passed
            mail = self._find(word)
        raise TimeoutError(f"others kept changing what is known of mail {word.message_id}")

    def _passed_on(self, word: Feedback, mail: SentMail, blocked: set[str]) -> Iterator[Entry]:
        """What the mail told, for the next in line."""
        company = self._company(mail.company)
        if company is None or mail.covered is None:
            return
        entry = replace(
            mail.covered,
            id=f"{self.now.isoformat()}#{word.message_id}",
            person=mail.person,
            at=self.now,
        )
        past = unreachable(company, blocked, self.now)
        if word.kind == "refused":
            person = company.person(mail.person)
            yield from escalate_undeliverable(entry, person, company, self.now, word.said, past)
        elif moved := next_recipient(entry, company, self.now, past):
            yield moved

    def _told(self, word: Feedback, address: str, blocked: set[str]) -> Iterator[Entry]:
        """Word of the address, for whoever must know in each company."""
        for company in self._companies(address):
            key = people_with_address(company, address, self.now)[0]
            entry = address_fault(company, key, address, word.kind, word.said, self.now)
            past = unreachable(company, blocked, self.now)
            if moved := next_recipient(entry, company, self.now, past):
                yield moved

    def _find(self, word: Feedback) -> SentMail | None:
        found = (
            self.outbox.find_sent(company.name, word.message_id, word.sent_at)
            for company in self.settings.companies
        )
        return next((mail for mail in found if mail is not None), None)

    def _companies(self, address: str) -> list[Company]:
        return [c for c in self.settings.companies if people_with_address(c, address, self.now)]

    def _company(self, name: str) -> Company | None:
        return next((c for c in self.settings.companies if c.name == name), None)


def _block(word: Feedback, address: str) -> Suppression:
    kind: SuppressionKind = "complaint" if word.kind == "complaint" else "bounce"
    return Suppression(address, kind, word.at, word.said, word.message_id)


def _undelivered(mail: SentMail, word: Feedback, at: datetime, *, final: bool) -> LogEntry:
    what = {"person": mail.person, "address": mail.to, "detail": word.said, "final": final}
    return LogEntry("undelivered", at, what)
