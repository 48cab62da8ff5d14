"""Events of SES about returned mail, in both of their forms."""

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
    "withdrawn: no spam": (
        complaint("m1", TO, LATER, "not-spam", sent_at=NOON),
        "transient",
        "Complaint not-spam",
    ),
}


@pytest.mark.parametrize(
    "shape", [lambda message: message, of_identity], ids=["event", "notification"]
)
@pytest.mark.parametrize(("message", "kind", "detail"), KINDS.values(), ids=KINDS)
def test_bounces_and_complaints(
    message: dict[str, Any], kind: str, detail: str, shape: Any
) -> None:
    """In either form, an event is parsed into its kind, mail, address and detail."""
    found = parse_event(json.dumps(shape(message)))
    assert found == Feedback(kind, "m1", NOON, LATER, ("anna@acme.example",), detail)  # type: ignore[arg-type]


def test_a_mail_that_ses_accepted_and_did_not_send() -> None:
    """A rejection names nobody, so it is about the recipients of the mail."""
    found = parse_event(json.dumps(reject("m1", TO, NOON)))
    who = ("anna@acme.example",)
    assert found == Feedback("refused", "m1", NOON, NOON, who, "Reject: Bad content")


def test_an_address_with_a_name() -> None:
    """Without a delivery status from the server, SES repeats our `To` header with its name."""
    message = bounce("m1", TO, NOON, said_of="Anna <Anna@Acme.example>")
    found = parse_event(json.dumps(message))
    assert found is not None
    assert found.addresses == ("anna@acme.example",)


@pytest.mark.parametrize(
    "message",
    [NOTICE, f"{NOTICE}\n", *(json.dumps({"eventType": e}) for e in ("Delivery", "Send", "Open"))],
)
def test_events_about_no_problem_are_ignored(message: str) -> None:
    """SES's notice at deployment and events about delivered mail give no feedback."""
    assert parse_event(message) is None


def without(path: str) -> str:
    message: Any = bounce("m1", TO, NOON)
    *parts, last = path.split(".")
    part = message
    for name in parts:
        part = part[name]
    del part[last]
    return json.dumps(message)


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
def test_an_unreadable_event_is_an_error(message: str) -> None:
    """It fails, so that it ends in the dead-letter queue, and its error names no address."""
    with pytest.raises(UnreadableEventError) as caught:
        parse_event(message)
    assert TO not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (TO, "an event of an unknown kind"),
        (json.dumps({"eventType": TO}), "an event of an unknown kind"),
        (without("mail"), "a Bounce without 'mail'"),
        (json.dumps({**bounce("m1", TO, NOON), "mail": TO}), "a Bounce: TypeError"),
    ],
)
def test_errors_quote_nothing_of_an_event(message: str, error: str) -> None:
    """With addresses where they do not belong, the error says only what is wrong."""
    with pytest.raises(UnreadableEventError, match=f"^{error}$"):
        parse_event(message)
