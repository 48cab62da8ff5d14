"""Mailboxes: what a person was last sent, and from when on waiting entries may be sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from pulse.audit.entries import AuditRecord
from pulse.kernel.errors import RetryLaterError
from pulse.kernel.policy import Policy
from pulse.outbox.entries import Entry, fingerprint
from pulse.outbox.message import SentMail

MAX_SETTLED = 90
"""Entries that one completion settles and hands on at most: a transaction has 100 actions, and the
mailbox, the record of the mail and lines of the log are among them."""
_ALERTS_REMEMBERED = 100
_BACK_OFF = timedelta(minutes=15)
_MOST_FAILURES = 8


class ClaimLostError(RetryLaterError):
    """A sender's claim on a person ran out and another one took it; a mail may go out twice."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What a person (or the topic) was last sent, and what holds back their mail."""

    company: str
    person: str
    last_alert: datetime | None = None
    not_before: datetime | None = None
    """Until when all mail is put off, because the mail service could not take it."""
    failures: int = 0
    """How many times in a row it was put off."""
    recent_alerts: tuple[str, ...] = ()
    """Fingerprints of the alerts that were sent last, oldest first."""
    claimed_until: datetime | None = None
    """Until when one sender alone may write to the person (D-004)."""

    def after_alerts(self, alerts: Sequence[Entry], now: datetime) -> Self:
        """Return the mailbox after a mail with these alerts."""
        recent = (*self.recent_alerts, *(fingerprint([entry]) for entry in alerts))
        return replace(self, last_alert=now, recent_alerts=recent[-_ALERTS_REMEMBERED:])

    def put_off(self, now: datetime) -> Self:
        """Return the mailbox after the mail service could not take a mail.

        All mail to the person waits 1, 2, 4, 8 minutes, then 15 minutes each time.
        """
        # SES throttles, pauses and caps a whole account, so the next mail to the same person would
        # meet the same refusal; the others each find out with one call. The wait doubles so that
        # an outage of hours costs few calls, and stops growing at a quarter of an hour so that
        # mail flows soon after it ends. `failures` is capped because it is an exponent.
        wait = min(timedelta(minutes=2**self.failures), _BACK_OFF)
        failures = min(self.failures + 1, _MOST_FAILURES)
        return replace(self, not_before=now + wait, failures=failures)

    def is_put_off(self, now: datetime) -> bool:
        """Return whether mail to the person is still put off."""
        return self.not_before is not None and self.not_before > now


@dataclass(frozen=True, slots=True)
class Completion:
    """What a sender writes in one transaction, under the claim that `mailbox` names.

    `mailbox` is as it is to be stored. With `release` the claim ends, and others may write to the
    person; without it the sender continues with their next mail.
    """

    mailbox: Mailbox
    entries: Sequence[Entry] = ()
    """Entries that are settled: they leave the outbox."""
    sent: SentMail | None = None
    """The record of the mail, if one went out."""
    handed_on: Sequence[Entry] = ()
    """Entries for other people, in place of the settled ones."""
    log: Sequence[AuditRecord] = ()
    release: bool = True


def next_alert(entries: Sequence[Entry], mailbox: Mailbox, policy: Policy) -> datetime | None:
    """Return from when on those of the entries for one person that are alerts may go.

    A person gets at most one alert mail in each `alert_window`; one with an urgent alert may come
    after the shorter `critical_window`. Returns None when no alert waits, and the time of the
    oldest alert when nothing holds it back.
    """
    alerts = [entry for entry in entries if entry.kind == "alert"]
    if not alerts or mailbox.last_alert is None:
        return min((alert.at for alert in alerts), default=None)
    urgent = any(alert.urgent for alert in alerts)
    window = policy.critical_window if urgent else policy.alert_window
    # Settings may give a critical window that is the longer one; urgent alerts still never wait
    # longer than the others would.
    reopens = mailbox.last_alert + min(window, policy.alert_window)
    return max(reopens, min(alert.at for alert in alerts))


def due(entries: Sequence[Entry], mailbox: Mailbox, policy: Policy, now: datetime) -> list[Entry]:
    """Return the entries that may go to one person now: of the alerts, all or none."""
    if mailbox.is_put_off(now):
        return []
    at = next_alert(entries, mailbox, policy)
    held_back = at is None or at > now
    return [e for e in entries if e.kind != "alert" or not held_back]


def overdue(entries: Sequence[Entry], mailbox: Mailbox, policy: Policy, now: datetime) -> timedelta:
    """Return for how long the oldest entry has been due, even if its mail was put off."""
    others = [e.at for e in entries if e.kind != "alert"]
    moments = [next_alert(entries, mailbox, policy), *others]
    return max([timedelta(0), *(now - at for at in moments if at is not None)])


def already_told(entries: Sequence[Entry], mailbox: Mailbox) -> bool:
    """Return whether the person was sent all of these alerts; False if any entry is no alert.

    It happens when an alert is handed on to the same person from two others.
    """
    return all(e.kind == "alert" and fingerprint([e]) in mailbox.recent_alerts for e in entries)
