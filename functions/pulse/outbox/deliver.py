"""Delivering one message through SES or SNS: it is recorded, put off, or passed on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from pulse.audit.entries import AuditRecord
from pulse.kernel.company import Company
from pulse.outbox.entries import TOPIC, Entry, fingerprint, merge
from pulse.outbox.escalation import Escalation
from pulse.outbox.mailbox import Completion, Mailbox, already_told
from pulse.outbox.mailer import CriticalTopic, SesMailer
from pulse.outbox.message import (
    Compose,
    PermanentDeliveryError,
    SentMail,
    SuppressedAddressError,
    TemporaryDeliveryError,
    TopicMessage,
    undelivered,
)
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.outbox.suppressions import Suppression, normalize_address


@dataclass(slots=True)
class SendReport:
    """What one run for one company did."""

    people: int = 0
    """How many people (or the topic) had entries waiting."""
    sent: int = 0
    put_off: int = 0
    """Mails that SES or SNS could not take now."""
    turned_away: int = 0
    """Mails that SES will never take, or whose address is suppressed."""
    oldest_seconds: float = 0.0
    """For how long the oldest entry has been due, even if the mail service put it off."""


@dataclass(frozen=True)
class Delivery:
    """Delivers messages to people of one company, as of `now`, and counts them in `report`."""

    company: Company
    outbox: Outbox
    suppressions: SuppressionList
    compose: Compose
    mailer: SesMailer
    topic: CriticalTopic
    now: datetime
    report: SendReport = field(default_factory=SendReport)

    def deliver(self, entries: Sequence[Entry], mailbox: Mailbox, *, last: bool) -> Mailbox:
        """Send a person (or the topic) one message for these entries, and settle them.

        The caller holds the claim that the mailbox names; it ends here if this is the `last`
        message, and also if the mail service cannot take it now. Returns the mailbox after it.
        """
        try:
            sent = None if already_told(entries, mailbox) else self._send(mailbox.person, entries)
        except TemporaryDeliveryError as problem:
            # All of the person's mail is held back for a while; the entries stay in the outbox.
            self.report.put_off += 1
            mailbox = mailbox.put_off(self.now)
            log_entry = self._undelivered(mailbox, problem, final=False)
            self.outbox.complete(Completion(mailbox, log=[log_entry]))
            return mailbox
        except PermanentDeliveryError as problem:
            self.report.turned_away += 1
            self._pass_on(Completion(mailbox, entries, release=last), problem)
            return mailbox
        if sent is not None:
            self.report.sent += 1
            if entries[0].kind == "alert":
                mailbox = mailbox.after_alerts(entries, self.now)
        mailbox = replace(mailbox, not_before=None, failures=0)
        self.outbox.complete(Completion(mailbox, entries, sent, release=last))
        return mailbox

    def _send(self, person: str, entries: Sequence[Entry]) -> SentMail | None:
        """Compose the message and send it; None when there is nothing left to say.

        Raises:
            SuppressedAddressError: mail to the person's address was returned before.
            PermanentDeliveryError: SES will not take this mail for this address.
            TemporaryDeliveryError: SES or SNS takes nothing now.
        """
        to = self._address(person)
        # Before composing, since that may cost look-ups at X; and never left to SES, whose own
        # suppression list takes the mail and drops it without an error.
        if person != TOPIC and (one := self._suppressed.get(normalize_address(to))):
            raise SuppressedAddressError(f"not written to since {one.at:%Y-%m-%d}: {one.reason}")
        composed = self.compose(person, entries)
        if composed is None:
            return None
        message = composed.message
        if isinstance(message, TopicMessage):
            message_id = self.topic.publish(message.english_subject, message.text)
        else:
            message_id = self.mailer.send(to, message, self.now, self.company.sender)
        # A message to the topic never bounces, so its record need not say what it covered.
        covered = None if person == TOPIC else merge(entries)
        return SentMail(
            company=self.company.name,
            at=self.now,
            kind="critical" if person == TOPIC else entries[0].kind,
            person=person,
            to="SNS" if person == TOPIC else to,
            subject=message.subject,
            message_id=message_id,
            fingerprint=fingerprint(entries),
            covered=covered.restricted_to(composed.conversations) if covered else None,
        )

    def _pass_on(self, done: Completion, problem: PermanentDeliveryError) -> None:
        """Settle the entries in favour of the next in line, who also learns of the address."""
        # A suppressed address is no news: it was reported to the next in line at the time, and
        # the log has it. Alerts and faults are passed on each time, since somebody has to act; a
        # digest is not. If nobody is left to pass an entry to, it ends here, and the log is
        # the only trace of it: so it is logged for a suppressed address too.
        is_news = not isinstance(problem, SuppressedAddressError)
        reason = str(problem) if is_news else None
        escalation = Escalation(self.company, self.now, self._suppressed)
        moves = [
            (entry, escalation.pass_on(entry, reason) if is_news or entry.kind != "digest" else [])
            for entry in done.entries
        ]
        if is_news or not all(others for _, others in moves):
            done = replace(done, log=[self._undelivered(done.mailbox, problem, final=True)])
        self.outbox.reassign(moves, done)

    def _undelivered(self, mailbox: Mailbox, problem: Exception, *, final: bool) -> AuditRecord:
        to, reason = self._address(mailbox.person), str(problem)
        return undelivered(mailbox.company, mailbox.person, to, reason, self.now, final=final)

    def _address(self, person: str) -> str:
        """Return the address for a person's mail; the owner's if the person left the settings."""
        return self.company.shadow_address(self.now) or self.company.person(person).email

    @cached_property
    def _suppressed(self) -> dict[str, Suppression]:
        """Suppressions by address, read once a run, and only if there is something to send."""
        return self.suppressions.all()
