"""What SES publishes of mail that came back, in both of its shapes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pulse.outbox.ses_events import Feedback, UnreadableEventError, parse_event
from tests.ses import NOTICE, bounce, complaint, of_identity, reject

NOON = datetime(2030, 5, 14, 12, 0, 0, 669000, UTC)
LATER = NOON + timedelta(hours=3)
TO = "Anna@Acme.example"

KINDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such user": (
        bounce("m1", TO, LATER, sent_at=NOON),
        "bounce",
        "Permanent (General): smtp; 550 5.1.1 user unknown",
    ),
    "on the suppression list": (
        bounce("m1", TO, LATER, sub="OnAccountSuppressionList", sent_at=NOON),
        "bounce",
        "Permanent (OnAccountSuppressionList): smtp; 550 5.1.1 user unknown",
    ),
    "a full mailbox": (
        bounce("m1", TO, LATER, "Transient", sub="MailboxFull", sent_at=NOON),
        "transient",
        "Transient (MailboxFull): smtp; 550 5.1.1 user unknown",
    ),
    "SES cannot say": (
        bounce("m1", TO, LATER, "Undetermined", sub="Undetermined", sent_at=NOON),
        "transient",
        "Undetermined (Undetermined): smtp; 550 5.1.1 user unknown",
    ),
    "called spam": (complaint("m1", TO, LATER, sent_at=NOON), "complaint", "Complaint abuse"),
    "called spam, no reason": (
        complaint("m1", TO, LATER, None, sent_at=NOON),
        "complaint",
        "Complaint",
    ),
    "taken back: no spam": (
        complaint("m1", TO, LATER, "not-spam", sent_at=NOON),
        "transient",
        "Complaint not-spam",
    ),
}


@pytest.mark.parametrize("shape", [lambda said: said, of_identity], ids=["event", "notification"])
@pytest.mark.parametrize(("said", "kind", "words"), KINDS.values(), ids=KINDS)
def test_what_came_back(said: dict[str, Any], kind: str, words: str, shape: Any) -> None:
    """Given a bounce or a complaint in either shape, then it is known by kind, mail and address."""
    found = parse_event(json.dumps(shape(said)))
    assert found == Feedback(kind, "m1", NOON, LATER, ("anna@acme.example",), words)  # type: ignore[arg-type]


def test_a_mail_that_ses_then_did_not_send() -> None:
    """Given a rejection, which names nobody, then it is about whom the mail was for."""
    found = parse_event(json.dumps(reject("m1", TO, NOON)))
    who = ("anna@acme.example",)
    assert found == Feedback("refused", "m1", NOON, NOON, who, "Reject: Bad content")


def test_an_address_with_a_name() -> None:
    """Given no delivery status from the server, then SES repeats our `To`, name and all."""
    said = bounce("m1", TO, NOON, said_of="Anna <Anna@Acme.example>")
    found = parse_event(json.dumps(said))
    assert found is not None
    assert found.addresses == ("anna@acme.example",)


@pytest.mark.parametrize(
    "message",
    [NOTICE, f"{NOTICE}\n", *(json.dumps({"eventType": e}) for e in ("Delivery", "Send", "Open"))],
)
def test_what_is_no_trouble(message: str) -> None:
    """Given SES's greeting at deployment, or word of mail that arrived, then there is nothing."""
    assert parse_event(message) is None


def without(path: str) -> str:
    said: Any = bounce("m1", TO, NOON)
    *parts, last = path.split(".")
    part = said
    for name in parts:
        part = part[name]
    del part[last]
    return json.dumps(said)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "not JSON",
        "[]",
        "null",
        '"Bounce"',
        '{"eventType": "Eclipse"}',
        '{"eventType": ["Bounce"]}',
        *(without(p) for p in ("eventType", "bounce", "mail", "mail.messageId", "mail.timestamp")),
        *(without(p) for p in ("bounce.bounceType", "bounce.bouncedRecipients")),
        json.dumps(bounce("m1", TO, NOON.replace(tzinfo=None))),
    ],
)
def test_what_cannot_be_read_is_not_swallowed(message: str) -> None:
    """Given something that SES does not say, then it fails, and ends among the dead letters."""
    with pytest.raises(UnreadableEventError) as caught:
        parse_event(message)
    assert TO not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (TO, "an event of an unknown kind"),
        (json.dumps({"eventType": TO}), "an event of an unknown kind"),
        (without("mail"), "a Bounce without 'mail'"),
        (json.dumps({**bounce("m1", TO, NOON), "mail": TO}), "a Bounce: TypeError"),
    ],
)
def test_what_is_wrong_is_said_without_its_words(message: str, said: str) -> None:
    """Given addresses where they do not belong, then the error is of what is wrong alone."""
    with pytest.raises(UnreadableEventError, match=f"^{said}$"):
        parse_event(message)
