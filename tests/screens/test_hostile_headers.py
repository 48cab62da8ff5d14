"""Hostile text of strangers changes no header, part or unquoted line of a mail."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from pulse.outbox.mailer import mime_message
from pulse.outbox.message import Mail
from pulse.screens.mails import LIMIT, render
from pulse.screens.models import ProbeMail
from tests.screens.hostile_mails import (
    DETAIL,
    KINDS,
    LANGUAGES,
    failure,
    is_shown,
    packs,
    summary,
    warning,
)
from tests.screens.payloads import ALL, PAYLOADS
from tests.screens.sample_mails import AT, PEOPLE

if TYPE_CHECKING:
    from pulse.kernel.company import Language


def sent(mail: Mail) -> EmailMessage:
    """Check the bytes of the mail as they are sent; return it as a mail client parses it."""
    raw = mime_message("Pulse <pulse@svyaz.example>", "anna@svyaz.example", mail, AT).as_bytes()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n", raw)
    assert body
    parsed = email.message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def check_sent(mail: Mail) -> None:
    """Check that the headers are ours and that both parts arrive as they were written."""
    message = sent(mail)
    assert [part.defects for part in message.walk()] == [[], [], []]
    assert sorted(message.keys()) == [
        "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Subject", "To",
        "X-Auto-Response-Suppress",
    ]  # fmt: skip
    assert not [header for header in message.values() if header.defects]
    assert str(message["To"]) == "anna@svyaz.example"
    assert str(message["Subject"]) == mail.subject
    text, html = message.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == mail.text
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == mail.html.rstrip("\n")
    assert len(mail.html.encode()) < LIMIT


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_posts_cannot_change_headers(kind: str, language: Language) -> None:
    """With hostile text anywhere, a mail has its own subject and recipient, and no defect."""
    person = PEOPLE[language]
    for pack in packs(kind):
        check_sent(render(warning(language, pack), person))
        check_sent(render(summary(language, pack), person))
    for number, payload in enumerate(PAYLOADS[kind]):
        check_sent(render(failure(language, number, payload), person))
        check_sent(render(ProbeMail(payload[:DETAIL], AT, person.name), person))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_text_part_quotes_hostile_text(kind: str, language: Language) -> None:
    """The text part shows hostile text as a quotation, which adds no unquoted line."""
    for payload in PAYLOADS[kind]:
        mail = render(warning(language, (payload,)), PEOPLE[language])
        quoted = [one.removeprefix(">") for one in mail.text.split("\n") if one.startswith(">")]
        assert is_shown("".join(quoted), payload)
        ours = [one for one in mail.text.split("\n") if not one.lstrip().startswith(">")]
        calm = render(warning(language, ("calm",)), PEOPLE[language])
        expected = [one for one in calm.text.split("\n") if not one.lstrip().startswith(">")]
        cut = len(payload) > 1000 or payload.count("\n") > 50  # a line leads to the whole post
        assert len(expected) - cut <= len(ours) <= len(expected) + cut
        assert len(mail.text.splitlines()) == len(mail.text.split("\n")) - 1


def test_there_are_more_than_a_hundred_distinct_payloads() -> None:
    """There are more than a hundred payloads, and no two are the same."""
    assert len(ALL) == len({text for _, text in ALL}) > 100
