"""Mail through SES, as raw MIME and sent once; messages to the critical topic through SNS."""

from __future__ import annotations

import re
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from pulse.outbox.message import Mail, PermanentDeliveryError, TemporaryDeliveryError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

_REJECTIONS = frozenset({"MessageRejected", "MessageRejectedException", "BadRequestException"})
_MAX_SUBJECT = 100
"""Characters that SNS takes as a subject."""


class SesMailer:
    """Sends mails through SES.

    The client must be made without retries of its own. A call whose answer is lost may have
    sent the mail, and a retry inside the client would send it twice without anybody noticing.
    Here it becomes a TemporaryDeliveryError, which is logged, and the next minute tries again.
    """

    def __init__(
        self, client: SESV2Client, sender: str, configuration_set: str | None = None
    ) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    def send(self, to: str, mail: Mail, at: datetime, sender: str | None = None) -> str:
        """Send a mail to one address, from `sender` or the deployment's; return the id SES gave it.

        Raises:
            PermanentDeliveryError: SES will not take this mail for this address.
            TemporaryDeliveryError: SES takes nothing now, or did not answer.
        """
        try:
            message = mime_message(sender or self._sender, to, mail, at)
        except (ValueError, IndexError, MessageError) as problem:
            reason = f"no message can be addressed to {to!r}: {problem}"
            raise PermanentDeliveryError(reason) from problem
        events = self._configuration_set
        options: dict[str, Any] = {"ConfigurationSetName": events} if events else {}
        try:
            answer = self._client.send_email(
                FromEmailAddress=sender or self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Raw": {"Data": message.as_bytes()}},
                **options,
            )
        except botocore.exceptions.ClientError as problem:
            error = problem.response.get("Error", {})
            reason = f"{error.get('Code')}: {error.get('Message')}"
            rejected = error.get("Code") in _REJECTIONS
            if rejected and not _concerns_sender(reason, sender or self._sender):
                raise PermanentDeliveryError(reason) from problem
            raise TemporaryDeliveryError(reason) from problem
        except botocore.exceptions.BotoCoreError as problem:
            raise TemporaryDeliveryError(str(problem)) from problem
        return answer["MessageId"]


def _concerns_sender(reason: str, sender: str) -> bool:
    """Return whether SES rejects all mail of this sender at present, to any address."""
    # SES answers with the same code when the sender is not verified, when (in the sandbox) the
    # recipient is not, and when the whole account is suspended. The difference decides who is
    # told. A fault of the recipient's address passes the mail to the next in line; a fault of the
    # sender would pass every mail down the line until nobody is left, and would report an address
    # as broken that is not. Only the text tells: it lists the identities that "failed the check",
    # or speaks of sending "for this account".
    address = parseaddr(sender)[1].lower()
    _, _, unverified = reason.lower().partition("failed the check")
    named = re.split(r"[\s,:<>/]+", unverified)
    return address in named or address.rpartition("@")[2] in named or "for this account" in reason


def mime_message(sender: str, to: str, mail: Mail, at: datetime) -> EmailMessage:
    """Return a mail as a MIME message: text and HTML that say the same."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender)
    message["To"] = _address(to)
    # Python before 3.12.4 joins words where it folds a subject that is not ASCII.
    message.set_raw("Subject", Header(mail.subject, header_name="Subject").encode(linesep="\r\n"))
    message["Date"] = format_datetime(at)
    # Both tell mail servers and absence assistants not to answer (RFC 3834, Exchange).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)


class CriticalTopic:
    """The SNS topic of critical alerts, which wakes people by SMS, chat or webhook."""

    def __init__(self, client: SNSClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, subject: str, text: str) -> str:
        """Publish a message with an English subject; return the id that SNS gave it.

        Raises:
            TemporaryDeliveryError: SNS did not take it.
        """
        # SNS takes ASCII, up to 100 characters, that does not begin with a space.
        words = subject.encode("ascii", "ignore").decode().split()
        subject = " ".join(words)[:_MAX_SUBJECT] or "Pulse"
        try:
            answer = self._client.publish(TopicArn=self._arn, Subject=subject, Message=text)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as problem:
            raise TemporaryDeliveryError(str(problem)) from problem
        return answer["MessageId"]
