"""What SES reports of mails it has taken, as SNS hands it on: bounces, complaints, rejections."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import Any, Literal

from pulse.kernel.errors import PulseError
from pulse.outbox.suppressions import SuppressionKind, normalize_address

FeedbackKind = Literal[SuppressionKind, "refused", "transient"]

_GREETING = "Successfully validated SNS topic for Amazon SES event publishing."
"""SES publishes this once, as plain text, when it is given the topic."""
_IGNORED = frozenset(
    {"Send", "Delivery", "DeliveryDelay", "Open", "Click", "Subscription", "Rendering Failure"}
)
"""Events that SES publishes if it is asked to, and that change nothing for Pulse."""
_MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Feedback:
    """What SES reports of a mail that it had taken.

    `bounce` is a permanent one. `refused` means that SES took the mail and then did not send it,
    because of what it contains. `transient` may pass by itself: a full mailbox, an absence note.
    """

    kind: FeedbackKind
    message_id: str
    sent_at: datetime
    at: datetime
    """When it was returned."""
    addresses: tuple[str, ...]
    """The recipients it is about, normalized."""
    reason: str
    """In SES's words and those of the receiving server, at most 300 characters."""


class UnreadableEventError(PulseError, ValueError):
    """SNS delivered something that does not look like an event of SES."""


def parse_event(message: str) -> Feedback | None:
    """Return what an event of SES reports; None when it reports no returned mail.

    Both shapes are read: those of a configuration set (`eventType`) and those of an identity
    (`notificationType`).

    Raises:
        UnreadableEventError: the message is not what SES documents.
    """
    if message.strip() == _GREETING:
        return None
    event: Any = None
    try:
        body = json.loads(message)
        event = body.get("eventType") or body["notificationType"]
        if event in _IGNORED:
            return None
        mail = body["mail"]
        details = body[event.lower()]
        kind, recipients, reason = _PARSERS[event](details)
        addresses = [one["emailAddress"] for one in recipients] or mail["destination"]
        return Feedback(
            kind=kind,
            message_id=mail["messageId"],
            sent_at=_time(mail["timestamp"]),
            at=_time(details.get("timestamp") or mail["timestamp"]),
            addresses=tuple(dict.fromkeys(normalize_address(parseaddr(a)[1]) for a in addresses)),
            reason=" ".join(reason.split())[:_MAX_REASON],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UnreadableEventError(_fault(event, problem)) from None


def _fault(event: Any, problem: Exception) -> str:
    """Return what is wrong with an event, without quoting it: it contains addresses.

    The dead-letter queue keeps the whole of it.
    """
    if not isinstance(event, str) or event not in _PARSERS:
        return "an event of an unknown kind"
    missing = isinstance(problem, KeyError)
    return f"a {event} without {problem}" if missing else f"a {event}: {type(problem).__name__}"


_Parsed = tuple[FeedbackKind, Any, str]
"""The kind, the recipients, and the reason."""


def _bounce(bounce: Mapping[str, Any]) -> _Parsed:
    # Only `Permanent` says that the address does not exist or that SES suppresses it. `Transient`
    # and `Undetermined` are what full mailboxes, and absence notes without proper headers, come
    # back as: an address must not be given up for a holiday (D-018).
    recipients = bounce["bouncedRecipients"]
    codes = [str(one["diagnosticCode"]) for one in recipients if one.get("diagnosticCode")]
    reason = ": ".join([f"{bounce['bounceType']} ({bounce['bounceSubType']})", *codes])
    kind: FeedbackKind = "bounce" if bounce["bounceType"] == "Permanent" else "transient"
    return kind, recipients, reason


def _complaint(complaint: Mapping[str, Any]) -> _Parsed:
    sort = complaint.get("complaintFeedbackType") or complaint.get("complaintSubType") or ""
    # `not-spam` takes an earlier complaint back: somebody moved the mail out of the spam folder.
    kind: FeedbackKind = "transient" if sort == "not-spam" else "complaint"
    return kind, complaint["complainedRecipients"], f"Complaint {sort}"


def _reject(reject: Mapping[str, Any]) -> _Parsed:
    # SES found a virus. It names no recipients, so all of the mail's are meant.
    return "refused", [], f"Reject: {reject['reason']}"


_PARSERS = {"Bounce": _bounce, "Complaint": _complaint, "Reject": _reject}


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
