"""A mail server on a loopback port that stores what it receives."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.ministack import free_port


@dataclass
class MailServer:
    """The mails in the order of arrival, each with its recipient."""

    address: str
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - as aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        mail = message_from_bytes(envelope.content or b"", _class=EmailMessage, policy=default)
        self.mails += [(to, mail) for to in envelope.rcpt_tos]
        return "250 OK"

    def wait_for_mail(self, to: str, within: float) -> EmailMessage:
        """Wait up to `within` seconds for the first mail to an address."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            for address, mail in list(self.mails):
                if address == to:
                    return mail
            time.sleep(0.2)
        raise AssertionError(f"no mail to {to}, only to {[to for to, _ in self.mails]}")


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a mail server until the block ends."""
    port = free_port()
    mails = MailServer(f"127.0.0.1:{port}")
    server = Controller(mails, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield mails
    finally:
        server.stop()
