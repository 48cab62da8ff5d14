"""Events about mails as SES publishes them, and as SNS passes them to a function."""

import json
from datetime import datetime
from typing import Any

NOTICE = "Successfully validated SNS topic for Amazon SES event publishing."


def _mail(message_id: str, to: str, sent_at: datetime) -> dict[str, Any]:
    return {
        "timestamp": _stamp(sent_at),
        "source": "Pulse <pulse@example.com>",
        "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/pulse@example.com",
        "sendingAccountId": "123456789012",
        "messageId": message_id,
        "destination": [to],
        "headersTruncated": False,
        "headers": [{"name": "To", "value": to}, {"name": "MIME-Version", "value": "1.0"}],
        "commonHeaders": {"from": ["Pulse <pulse@example.com>"], "to": [to]},
        "tags": {"ses:configuration-set": ["pulse"], "ses:from-domain": ["example.com"]},
    }


def bounce(
    message_id: str, to: str, at: datetime, kind: str = "Permanent", **more: Any
) -> dict[str, Any]:
    """A bounce; `more`: `sent_at`, `said_of` (the address the receiving server names), `sub`."""
    who = more.pop("said_of", to)
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": more.pop("sub", "General"),
            "bouncedRecipients": [
                {
                    "emailAddress": who,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
            ],
            "timestamp": _stamp(at),
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "reportingMTA": "dsn; mta.example.com",
        },
        "mail": _mail(message_id, to, more.pop("sent_at", at)),
    }


def complaint(
    message_id: str, to: str, at: datetime, kind: str | None = "abuse", **more: Any
) -> dict[str, Any]:
    """A complaint; `kind` is the feedback type of the mailbox provider's report."""
    return {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": to}],
            "timestamp": _stamp(at),
            "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
            "complaintSubType": None,
            "userAgent": "Feedback Loop of example.com/1.0",
            **({"complaintFeedbackType": kind} if kind else {}),
            "arrivalDate": _stamp(at),
        },
        "mail": _mail(message_id, to, more.pop("sent_at", at)),
    }


def reject(message_id: str, to: str, at: datetime) -> dict[str, Any]:
    """A rejection: SES accepted the mail and then did not send it."""
    return {
        "eventType": "Reject",
        "mail": _mail(message_id, to, at),
        "reject": {"reason": "Bad content"},
    }


def of_identity(message: dict[str, Any]) -> dict[str, Any]:
    """The same event as SES publishes it for an identity without a configuration set."""
    mail = {n: v for n, v in message["mail"].items() if n != "tags"}
    rest = {n: v for n, v in message.items() if n not in ("eventType", "mail")}
    return {"notificationType": message["eventType"], **rest, "mail": mail}


def event(message: dict[str, Any] | str) -> dict[str, Any]:
    """The invocation event in which SNS passes this message to the function."""
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:feedback:1",
                "Sns": {
                    "Type": "Notification",
                    "MessageId": "8c02e8a6-7d0a-5c0f-9d3f-b5d0a1f2c3d4",
                    "TopicArn": "arn:aws:sns:us-east-1:123456789012:feedback",
                    "Subject": "Amazon SES Email Event Notification",
                    "Message": message if isinstance(message, str) else json.dumps(message),
                    "Timestamp": "2030-05-14T09:00:00.000Z",
                },
            }
        ]
    }


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
