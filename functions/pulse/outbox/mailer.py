"""Mail through SES, raw and once; the critical topic through SNS."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from pulse.outbox.delivery import PermanentDeliveryError, TemporaryDeliveryError

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

    from pulse.screens.mails import Mail

_REFUSED = frozenset({"MessageRejected", "MessageRejectedException", "BadRequestException"})
_SUBJECT_MOST = 100


class SesMailer:
    """Sends each mail once: the client must be made without retries of its own."""

    def __init__(
        self, client: SESV2Client, sender: str, configuration_set: str | None = None
    ) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    def send(self, to: str, mail: Mail, at: datetime, sender: str | None = None) -> str:
        """Send to one address; returns the id that SES gave. RefusedError, LaterError."""
        try:
            message = compose(sender or self._sender, to, mail, at)
        except (ValueError, IndexError, MessageError) as problem:
            raise PermanentDeliveryError(
                f"no message can be addressed to {to!r}: {problem}"
            ) from problem
        more: dict[str, Any] = (
            {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        )
        try:
            answer = self._client.send_email(
                FromEmailAddress=sender or self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Raw": {"Data": message.as_bytes()}},
                **more,
            )
        except botocore.exceptions.ClientError as problem:
            error = problem.response.get("Error", {})
            said = f"{error.get('Code')}: {error.get('Message')}"
            if error.get("Code") in _REFUSED and not _of_all(said, sender or self._sender):
                raise PermanentDeliveryError(said) from problem
            raise TemporaryDeliveryError(said) from problem
        except botocore.exceptions.BotoCoreError as problem:
            raise TemporaryDeliveryError(str(problem)) from problem
        return answer["MessageId"]


def _of_all(said: str, sender: str) -> bool:
    """Whether SES takes nothing of this sender now, whoever it is for.

    It refuses alike what is written by and what is written to an address that is not verified,
    and then names each that is not.
    """
    address = parseaddr(sender)[1].lower()
    _, _, unverified = said.lower().partition("failed the check")
    named = re.split(r"[\s,:<>/]+", unverified)
    return address in named or address.rpartition("@")[2] in named or "for this account" in said


def compose(sender: str, to: str, mail: Mail, at: datetime) -> EmailMessage:
    """The message as it goes over the wire: text and HTML that say the same."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender)
    message["To"] = _address(to)
    # Python before 3.12.4 glues words together where it folds a subject that is not ASCII
    message.set_raw("Subject", Header(mail.subject, header_name="Subject").encode(linesep="\r\n"))
    message["Date"] = format_datetime(at)
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)


class CriticalTopic:
    """The SNS topic of critical alerts: SMS, chat, webhook."""

    def __init__(self, client: SNSClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, subject: str, text: str) -> str:
        """Publish; returns the id that SNS gave. LaterError when it did not take it."""
        try:
            answer = self._client.publish(TopicArn=self._arn, Subject=_ascii(subject), Message=text)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as problem:
            raise TemporaryDeliveryError(str(problem)) from problem
        return answer["MessageId"]


def _ascii(subject: str) -> str:
    """SNS takes ASCII subjects of up to 100 characters that begin with no space."""
    kept = subject.encode("ascii", "ignore").decode().strip()
    return " ".join(kept.split())[:_SUBJECT_MOST] or "Pulse"
