"""What SES publishes of mail that came back, as SNS hands it on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any

from pulse.kernel.errors import PulseError
from pulse.outbox.delivery import Feedback, FeedbackKind, normalize_address

_NOTICE = "Successfully validated SNS topic for Amazon SES event publishing."
"""SES says this once, in plain words, when it is told of the topic."""
_OTHERS = frozenset(
    {"Send", "Delivery", "DeliveryDelay", "Open", "Click", "Subscription", "Rendering Failure"}
)
"""What else SES can tell, if it is asked to."""
_MOST = 300


class UnreadableEventError(PulseError, ValueError):
    """It is not what SES says it would be."""


def parse_event(message: str) -> Feedback | None:
    """What a message says of a mail; None when nothing of it came back. UnreadableError.

    Both shapes are read: those of a configuration set (`eventType`), and those of an identity
    (`notificationType`).
    """
    if message.strip() == _NOTICE:
        return None
    event: Any = None
    try:
        body = json.loads(message)
        event = body.get("eventType") or body["notificationType"]
        if event in _OTHERS:
            return None
        mail = body["mail"]
        kind, what, who, said = _READERS[event](body)
        addresses = [one["emailAddress"] for one in who] or mail["destination"]
        return Feedback(
            kind=kind,
            message_id=mail["messageId"],
            sent_at=_time(mail["timestamp"]),
            at=_time(what.get("timestamp") or mail["timestamp"]),
            addresses=tuple(dict.fromkeys(normalize_address(parseaddr(a)[1]) for a in addresses)),
            said=" ".join(said.split())[:_MOST],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UnreadableEventError(_wrong(event, problem)) from None


def _wrong(event: Any, problem: Exception) -> str:
    """What is wrong, without any of its words: addresses are among them.

    The dead letter has it whole.
    """
    if not isinstance(event, str) or event not in _READERS:
        return "an event of an unknown kind"
    missing = isinstance(problem, KeyError)
    return f"a {event} without {problem}" if missing else f"a {event}: {type(problem).__name__}"


def _bounce(body: Mapping[str, Any]) -> tuple[FeedbackKind, Any, Any, str]:
    bounce = body["bounce"]
    who = bounce["bouncedRecipients"]
    codes = [str(one["diagnosticCode"]) for one in who if one.get("diagnosticCode")]
    said = [f"{bounce['bounceType']} ({bounce['bounceSubType']})", *codes]
    kind: FeedbackKind = "bounce" if bounce["bounceType"] == "Permanent" else "passing"
    return kind, bounce, who, ": ".join(said)


def _complaint(body: Mapping[str, Any]) -> tuple[FeedbackKind, Any, Any, str]:
    complaint = body["complaint"]
    said = complaint.get("complaintFeedbackType") or complaint.get("complaintSubType") or ""
    kind: FeedbackKind = "passing" if said == "not-spam" else "complaint"  # the word is taken back
    return kind, complaint, complaint["complainedRecipients"], f"Complaint {said}"


def _reject(body: Mapping[str, Any]) -> tuple[FeedbackKind, Any, Any, str]:
    return "refused", body["reject"], [], f"Reject: {body['reject']['reason']}"


_READERS = {"Bounce": _bounce, "Complaint": _complaint, "Reject": _reject}


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment
