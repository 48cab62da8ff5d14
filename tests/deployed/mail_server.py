"""A mail server on a loopback port that keeps what it is given."""

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
    """Mails as they came, each with the address that it was for."""

    address: str
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - as aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        mail = message_from_bytes(envelope.content or b"", _class=EmailMessage, policy=default)
        self.mails += [(to, mail) for to in envelope.rcpt_tos]
        return "250 OK"

    def wait_for_mail(self, to: str, within: float) -> EmailMessage:
        """Wait so many seconds for the first mail to an address."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            for address, mail in list(self.mails):
                if address == to:
                    return mail
            time.sleep(0.2)
        raise AssertionError(f"nothing came to {to} but to {[to for to, _ in self.mails]}")


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run one until the block ends."""
    port = free_port()
    kept = MailServer(f"127.0.0.1:{port}")
    server = Controller(kept, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield kept
    finally:
        server.stop()
