"""The mails of the day as HTML pages: each beside its `.eml`, and one page to browse them all."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from pulse.kernel.company import Company
    from pulse.outbox.message import SentMail
    from pulse_cli.demo.texts import DemoTexts

_BASE = '<head><base target="_blank">'
Kind = Literal["digest", "alert"]


@dataclass(frozen=True, slots=True)
class MailPage:
    """One mail as it was sent; `html` is the page that is written beside it."""

    at: datetime
    name: str
    """The recipient's name in the settings; the address if it is not there."""
    address: str
    subject: str
    html: str
    kind: Kind


def write_pages(folder: Path, company: Company, sent: Sequence[SentMail]) -> list[MailPage]:
    """Write a page beside each `.eml` in the folder; return the mails, oldest first.

    `sent` are the records of the mails, which tell digests from alerts.
    """
    digests = {(mail.to, mail.subject) for mail in sent if mail.kind == "digest"}
    mails = []
    for file in sorted(folder.glob("*.eml")):
        mail = read_mail(file, company, digests)
        file.with_suffix(".html").write_text(mail.html, "utf-8")
        mails.append(mail)
    return mails


def read_mail(file: Path, company: Company, digests: Container[tuple[str, str]]) -> MailPage:
    """Return one mail; `digests` are the addresses and subjects of the mails that are digests."""
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = message.get_body(("html",))
    address, subject = str(message["To"]), str(message["Subject"])
    names = {person.email: person.name for person in company.people.values()}
    html = str(body.get_content()) if body is not None else ""
    return MailPage(
        parsedate_to_datetime(str(message["Date"])),
        names.get(address, address),
        address,
        subject,
        html,
        "digest" if (address, subject) in digests else "alert",
    )


def write_index(mails: list[MailPage], folder: Path, texts: DemoTexts) -> Path:
    """Write one page that holds all the mails and needs no other file; return its path."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    pages = [mail.html.replace("<head>", _BASE, 1) for mail in mails]
    last = max((n for n, one in enumerate(mails, 1) if one.kind == "digest"), default=0)
    page = environment.get_template("mailbox.html").render(
        mails=mails, texts=texts, pages=pages, first=last
    )
    index = folder / "index.html"
    index.write_text(page, "utf-8")
    return index
