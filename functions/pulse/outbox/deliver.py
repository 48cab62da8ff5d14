"""Delivering one message through SES or SNS: it is recorded, put off, or passed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.audit.store import AuditLog
from pulse.kernel.company import Company
from pulse.outbox.entries import TOPIC, Entry, fingerprint, merge
from pulse.outbox.errors import (
    PermanentDeliveryError,
    SuppressedAddressError,
    TemporaryDeliveryError,
)
from pulse.outbox.escalation import escalate_undeliverable, next_recipient
from pulse.outbox.mailbox import Completion, Mailbox, already_told
from pulse.outbox.message import Compose, SentMail, TopicMessage
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.outbox.suppressions import Suppression, normalize_address, unreachable

if TYPE_CHECKING:
    from pulse.outbox.mailer import CriticalTopic, SesMailer


class Outcome(NamedTuple):
    """The result of one message, and the person's mailbox after it."""

    result: Literal["sent", "nothing to say", "put off", "turned away"]
    mailbox: Mailbox


@dataclass(frozen=True)
class Delivery:
    """Delivers messages to people of one company, as of `now`."""

    company: Company
    outbox: Outbox
    audit_log: AuditLog
    suppressions: SuppressionList
    compose: Compose
    mailer: SesMailer
    topic: CriticalTopic
    now: datetime

    def deliver(
        self, person: str, entries: Sequence[Entry], mailbox: Mailbox, *, last: bool
    ) -> Outcome:
        """Send a person (or the topic) one message for these entries, and settle them.

        The caller holds the claim that the mailbox names; it ends here if this is the `last`
        message, and also if the mail service cannot take it now.
        """
        try:
            sent = None if already_told(entries, mailbox) else self._send(person, entries)
        except TemporaryDeliveryError as problem:
            return Outcome("put off", self._put_off(person, mailbox, problem))
        except PermanentDeliveryError as problem:
            self._pass_on(person, entries, mailbox, problem, release=last)
            return Outcome("turned away", mailbox)
        if sent is not None and entries[0].kind == "alert":
            mailbox = mailbox.after_alerts(entries, self.now)
        mailbox = replace(mailbox, not_before=None, failures=0)
        done = Completion(mailbox, entries, sent, release=last)
        self.outbox.complete(self.company.name, person, done)
        return Outcome("sent" if sent else "nothing to say", mailbox)

    def _send(self, person: str, entries: Sequence[Entry]) -> SentMail | None:
        """Compose the message and send it; None when there is nothing left to say.

        Raises:
            SuppressedAddressError: mail to the person's address came back before.
            PermanentDeliveryError: SES will not take this mail for this address.
            TemporaryDeliveryError: SES or SNS takes nothing now.
        """
        if person != TOPIC:
            # Before composing, since that may cost look-ups at X; and never left to SES, whose own
            # suppression list takes the mail and drops it without an error.
            suppression = self._suppressed.get(normalize_address(self._address(person)))
            if suppression is not None:
                raise SuppressedAddressError(
                    f"not written to since {suppression.at:%Y-%m-%d}: {suppression.reason}"
                )
        composed = self.compose(person, entries)
        if composed is None:
            return None
        message = composed.message
        if isinstance(message, TopicMessage):
            message_id = self.topic.publish(message.english_subject, message.text)
        else:
            to, sender = self._address(person), self.company.sender
            message_id = self.mailer.send(to, message, self.now, sender)
        # A message to the topic never bounces, so its record need not say what it covered.
        covered = None if person == TOPIC else merge(entries)
        return SentMail(
            company=self.company.name,
            at=self.now,
            kind="critical" if person == TOPIC else entries[0].kind,
            person=person,
            to="SNS" if person == TOPIC else self._address(person),
            subject=message.subject,
            message_id=message_id,
            fingerprint=fingerprint(entries),
            covered=covered.restricted_to(composed.conversations) if covered else None,
        )

    def _put_off(self, person: str, mailbox: Mailbox, problem: TemporaryDeliveryError) -> Mailbox:
        """Hold back all of the person's mail for a while; the entries stay in the outbox."""
        mailbox = mailbox.put_off(self.now)
        log_entry = self._undelivered(person, problem, final=False)
        self.audit_log.append(self.company.name, [log_entry])
        self.outbox.complete(self.company.name, person, Completion(mailbox))
        return mailbox

    def _pass_on(
        self,
        person: str,
        entries: Sequence[Entry],
        mailbox: Mailbox,
        problem: PermanentDeliveryError,
        *,
        release: bool,
    ) -> None:
        """Settle the entries in favour of the next in line, who also learns of the address."""
        # A suppressed address is no news: the next in line was told when it was suppressed, and
        # the log has it. Alerts and trouble still pass on each time, since somebody has to act;
        # a digest does not. If nobody is left to pass an entry to, it ends here, and the log is
        # the only trace of it: so it is logged for a suppressed address too.
        moves = [(entry, self._replacements(entry, problem)) for entry in entries]
        log = []
        if not isinstance(problem, SuppressedAddressError) or not all(
            others for _, others in moves
        ):
            log_entry = self._undelivered(person, problem, final=True)
            log.append(AuditRecord(self.company.name, log_entry))
        done = Completion(mailbox, log=log, release=release)
        self.outbox.reassign(self.company.name, person, moves, done)

    def _replacements(self, entry: Entry, problem: PermanentDeliveryError) -> list[Entry]:
        """Return the entries for other people that take the place of one that did not arrive."""
        company, now = self.company, self.now
        others = unreachable(company, self._suppressed, now)
        if not isinstance(problem, SuppressedAddressError):
            person = company.person(entry.person)
            return escalate_undeliverable(entry, person, company, now, str(problem), others)
        moved = next_recipient(entry, company, now, others) if entry.kind != "digest" else None
        return [moved] if moved else []

    def _undelivered(self, person: str, problem: Exception, *, final: bool) -> LogEntry:
        what = {
            "person": person,
            "address": self._address(person),
            "detail": str(problem),
            "final": final,
        }
        return LogEntry("undelivered", self.now, what)

    def _address(self, person: str) -> str:
        """Return the address for a person's mail; the owner's if the person left the settings."""
        return self.company.shadow_address(self.now) or self.company.person(person).email

    @cached_property
    def _suppressed(self) -> dict[str, Suppression]:
        """Suppressions by address, read once a run, and only if there is something to send."""
        return self.suppressions.all()
