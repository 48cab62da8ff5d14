"""Messages: a mail or a message to the topic, how its delivery may fail, the record of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.conversations.facts import ConversationKey
from pulse.kernel.errors import NeedsPersonError, RetryLaterError
from pulse.outbox.entries import Entry


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is read. `subject` and `preheader` are one line each."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class TopicMessage:
    """A message to the SNS topic of critical alerts.

    `subject` is in the owner's language, for the record; `english_subject` is what SNS is given,
    which takes ASCII only.
    """

    subject: str
    english_subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A message that is ready to be sent, and the conversations that it is about."""

    message: Mail | TopicMessage
    conversations: frozenset[ConversationKey] = frozenset()


Compose = Callable[[str, Sequence[Entry]], Composed | None]
"""Composes the message to a person (by key) or the topic for entries that go together.

It returns None when there is nothing left to say: nobody waits any more.
"""


class TemporaryDeliveryError(RetryLaterError):
    """SES or SNS cannot take the message now: throttling, quota, a pause, the network."""


class PermanentDeliveryError(NeedsPersonError):
    """SES will never take this message for this address; the message says what SES answered."""


class SuppressedAddressError(PermanentDeliveryError):
    """The address is on Pulse's suppression list, which was reported when it was added."""


@dataclass(frozen=True, slots=True)
class SentMail:
    """The record of a mail, or of a message to the topic, that SES or SNS has taken."""

    company: str
    at: datetime
    kind: Literal["alert", "trouble", "digest", "critical"]
    """`critical` is a message to the topic."""
    person: str
    to: str
    """The address that it went to; `SNS` for the topic."""
    subject: str
    message_id: str
    """The id that SES or SNS gave it."""
    fingerprint: str
    """The fingerprint of the entries that it was sent for."""
    covered: Entry | None = None
    """What it covered, as one entry; None where nothing has to be passed on if it bounces."""
    returned: str | None = None
    """How it was returned (`bounce`, `complaint`, `refused`), if it was."""


def undelivered(
    company: str, person: str, address: str, reason: str, at: datetime, *, final: bool
) -> AuditRecord:
    """Return the log entry about a mail that did not arrive; `final` if it is not tried again."""
    what = {"person": person, "address": address, "detail": reason, "final": final}
    return AuditRecord(company, LogEntry("undelivered", at, what))
