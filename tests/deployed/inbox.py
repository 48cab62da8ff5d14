"""A mail server on a loopback port that keeps what it is given."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.ministack import free_port


class Received(NamedTuple):
    """A mail, the address that it was for, and when it came."""

    to: str
    mail: EmailMessage
    at: datetime


@dataclass
class Inbox:
    """All mails as they came."""

    address: str
    mails: list[Received] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - as aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Envelope
    ) -> str:
        mail = message_from_bytes(envelope.content or b"", _class=EmailMessage, policy=default)
        self.mails += [Received(to, mail, datetime.now(UTC)) for to in envelope.rcpt_tos]
        return "250 OK"

    def first(self, to: str, within: float) -> Received:
        """Wait so many seconds for the first mail to an address."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            for one in list(self.mails):
                if one.to == to:
                    return one
            time.sleep(0.2)
        raise AssertionError(f"nothing came to {to} but to {[one.to for one in self.mails]}")


@contextmanager
def inbox() -> Iterator[Inbox]:
    """Run one until the block ends."""
    port = free_port()
    kept = Inbox(f"127.0.0.1:{port}")
    server = Controller(kept, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield kept
    finally:
        server.stop()
