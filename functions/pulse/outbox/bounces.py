"""Mails that bounced: their address is suppressed, and the next in line is alerted, once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pulse.audit.entries import AuditRecord
from pulse.kernel.company import Company, Settings
from pulse.kernel.errors import ContentionError, RetryLaterError
from pulse.outbox.entries import Entry
from pulse.outbox.escalation import Escalation
from pulse.outbox.message import SentMail, undelivered
from pulse.outbox.ses_events import Feedback, FeedbackKind
from pulse.outbox.store.outbox import Outbox
from pulse.outbox.store.suppressions import SuppressionList
from pulse.outbox.suppressions import (
    Suppression,
    SuppressionKind,
    normalize_address,
    people_with_address,
)

_RECORDED_WITHIN = timedelta(minutes=2)
"""By then `send` has recorded a mail that SES took, or has failed to."""
_ATTEMPTS = 5


class MailNotRecordedError(RetryLaterError):
    """SES reports on a mail so fresh that `send` may not have recorded it yet."""


@dataclass(slots=True)
class FeedbackReport:
    """What was done about one report of SES."""

    kind: FeedbackKind
    message_id: str
    ours: bool
    """Whether the mail, or the address that it went to, has to do with Pulse."""
    blocked: int = 0
    """Addresses that were suppressed because of it."""
    passed_on: int = 0
    """Entries for the next in line: what the mail covered, and why they get it."""


@dataclass(frozen=True, slots=True)
class BounceHandler:
    """Acts on what SES reports of mails; a report that comes twice changes nothing more."""

    settings: Settings
    outbox: Outbox
    suppressions: SuppressionList
    now: datetime

    def handle(self, feedback: Feedback) -> FeedbackReport:
        """Suppress the address, and pass on what the mail covered to the next in line.

        A mail that Pulse did not send is left alone, unless it went to one of our people: an
        address that does not work for others does not work for Pulse.

        Raises:
            MailNotRecordedError: the mail may be ours and is not recorded yet.
            ContentionError: other reports kept changing the same records.
        """
        mail = self._find(feedback)
        # The address that Pulse wrote to counts, not the one that SES names: a server that
        # forwards mail reports where it forwarded to, and suppressing that stops nothing (D-021).
        # A mail of Pulse has one recipient.
        ours = [mail.to] if mail else [a for a in feedback.addresses if self._companies(a)]
        report = FeedbackReport(feedback.kind, feedback.message_id, bool(ours))
        if feedback.kind == "transient":
            if mail is not None:
                self.outbox.put(_undelivered(mail, feedback, feedback.at, final=False))
            return report
        # SES may report a bounce before `send` has recorded the mail. Acting now would suppress
        # the address and lose what the mail covered. After the error, Lambda runs it again in a
        # minute.
        if ours and mail is None and self.now - feedback.sent_at < _RECORDED_WITHIN:
            raise MailNotRecordedError(f"mail {feedback.message_id} is not recorded yet")
        for address in ours:
            self._act(feedback, normalize_address(address), mail, report)
        return report

    def _act(
        self, feedback: Feedback, address: str, mail: SentMail | None, report: FeedbackReport
    ) -> None:
        """Suppress the address, pass on what the mail covered, and count both."""
        # Everything is one transaction on two conditions, that the mail was not marked as
        # returned and that the address was not suppressed, so a report that SNS delivers twice
        # does nothing the second time, and two bounces to one address report the address once.
        # When a condition fails, another run was faster or the record was cut: all is read and
        # decided again. The two conditions are separate on purpose. A second mail to an address
        # that is suppressed by now still passes on what it covered; a refused mail says nothing
        # about the address, and suppresses none.
        known = f"what is known of mail {feedback.message_id}"
        busy = ContentionError(f"other reports kept changing {known}")
        for attempt in self.outbox.attempts(_ATTEMPTS, busy):
            suppressed = set(self.suppressions.all())
            new = feedback.kind != "refused" and address not in suppressed
            if mail.returned if mail else not new:
                return
            if feedback.kind != "refused":
                suppressed.add(address)
            passed_on = self._passed_on(feedback, mail, suppressed) if mail else []
            records: list[Entry | AuditRecord | Suppression] = [*passed_on]
            if new:
                kind: SuppressionKind = "complaint" if feedback.kind == "complaint" else "bounce"
                reason, message_id = feedback.reason, feedback.message_id
                records += self._faults(feedback, address, suppressed)
                records.append(Suppression(address, kind, feedback.at, reason, message_id))
            if mail and feedback.kind != "complaint":
                records.append(_undelivered(mail, feedback, self.now, final=True))
            with attempt:
                self.outbox.mark_returned(mail, feedback.kind, records)
                report.blocked += new
                report.passed_on += len(passed_on)
            if attempt.cancelled is not None:
                mail = self._find(feedback)

    def _passed_on(self, feedback: Feedback, mail: SentMail, suppressed: set[str]) -> list[Entry]:
        """Return what the mail covered as entries for the next in line."""
        company = next((c for c in self.settings.companies if c.name == mail.company), None)
        if company is None or mail.covered is None:
            return []
        entry = replace(
            mail.covered,
            # With SES's id it is another entry than the one that the mail settled, so a reader who
            # had that one as well is still sent this. It covers what was flagged by now (D-043):
            # even if the wait is a later one, somebody is late.
            id=f"{self.now.isoformat()}#{feedback.message_id}",
            person=mail.person,
            at=self.now,
        )
        # If the mail was refused, nothing is wrong with the address, so `_faults` says nothing.
        reason = feedback.reason if feedback.kind == "refused" else None
        return Escalation(company, self.now, suppressed).pass_on(entry, reason)

    def _faults(self, feedback: Feedback, address: str, suppressed: set[str]) -> Iterator[Entry]:
        """Yield reports of the address, for the next in line in each company that writes to it."""
        for company in self._companies(address):
            person = people_with_address(company, address, self.now)[0]
            escalation = Escalation(company, self.now, suppressed)
            fault = escalation.address_fault(person, address, feedback.kind, feedback.reason)
            yield from escalation.pass_on(fault)

    def _find(self, feedback: Feedback) -> SentMail | None:
        """Return the record of the mail, whichever company sent it."""
        found = (
            self.outbox.find_sent(company.name, feedback.message_id, feedback.sent_at)
            for company in self.settings.companies
        )
        return next((mail for mail in found if mail is not None), None)

    def _companies(self, address: str) -> list[Company]:
        return [c for c in self.settings.companies if people_with_address(c, address, self.now)]


def _undelivered(mail: SentMail, feedback: Feedback, at: datetime, *, final: bool) -> AuditRecord:
    return undelivered(mail.company, mail.person, mail.to, feedback.reason, at, final=final)
