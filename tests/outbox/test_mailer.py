"""Mails as they are sent, errors of SES and SNS, the poll queue, and stored tokens."""

import email
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from pulse.listening.queue import PollQueue, task_of
from pulse.listening.tasks import PollTask
from pulse.outbox.mailer import CriticalTopic, SesMailer, mime_message
from pulse.outbox.message import Mail, PermanentDeliveryError, TemporaryDeliveryError
from pulse.x.access import Token
from pulse.x.credentials import TokenStore
from pulse.x.faults import XError
from pulse_cli.simulated_aws import local_stack

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
MAIL = Mail("3 wait", "the longest for an hour", "<p>Three wait. \N{EM DASH}</p>", "Three wait.\n")


def read(message: EmailMessage) -> EmailMessage:
    """Return the message as a mail client parses it from its bytes."""
    parsed = email.message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_the_headers_of_a_mail() -> None:
    """A plain mail has these headers, which ask for no automatic reply."""
    message = read(mime_message("Pulse <pulse@example.com>", "anna@example.com", MAIL, NOON))
    assert dict(message.items()) == {
        "From": "Pulse <pulse@example.com>",
        "To": "anna@example.com",
        "Subject": "3 wait",
        "Date": "Tue, 14 May 2030 12:00:00 +0000",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }


def test_text_and_html_say_the_same() -> None:
    """A client that shows no HTML finds the text first."""
    message = read(mime_message("pulse@example.com", "anna@example.com", MAIL, NOON))
    text, html = message.iter_parts()
    assert (text.get_content_type(), text.get_content().split()) == (
        "text/plain",
        ["Three", "wait."],
    )
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", MAIL.html)


SUBJECTS = [
    "Ждут ответа трое: дольше всех 1 ч 5 мин",
    "Связь: ждут " + "очень " * 40 + "долго",
    "Emoji 🙂 and a very long line of words that goes on and on, beyond what a header line takes",
    "",
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    """In any language and at any length, no header line is too long for a mail server."""
    mail = Mail(subject, "", "<p>", "x")
    message = mime_message("pulse@example.com", "a@example.com", mail, NOON)
    head, _, _ = message.as_bytes().partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert head.isascii()
    assert read(message)["Subject"] == subject.strip()


HOSTILE = [
    '"Boss" <script>',
    "Robert\r\nBcc: all@example.com",
    "a, b@example.com",
    "Анна Петрова",
    "=?utf-8?b?0JA=?=",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_adds_no_header_and_no_recipient(name: str) -> None:
    """With line breaks and commas in a name, a mail still has one recipient."""
    try:
        message = mime_message(f"{name} <pulse@example.com>", "anna@example.com", MAIL, NOON)
    except ValueError:
        return  # refused as a whole is fine too
    parsed = read(message)
    assert parsed["Bcc"] is None
    assert [a.addr_spec for a in parsed["To"].addresses] == ["anna@example.com"]
    assert "all@example.com" not in str(parsed["To"])


@pytest.fixture
def ses() -> Iterator[tuple[Any, Stubber]]:
    """SES with the answers that the test sets."""
    client = boto3.client(
        "sesv2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield client, stub


def send(ses: tuple[Any, Stubber], to: str = "anna@example.com", **more: Any) -> str:
    return SesMailer(ses[0], "pulse@example.com", **more).send(to, MAIL, NOON)


def test_a_mail_is_sent_once(ses: tuple[Any, Stubber]) -> None:
    """When SES accepts the mail, its id is returned."""
    ses[1].add_response("send_email", {"MessageId": "m-1"})
    assert send(ses) == "m-1"


REFUSALS = [
    ("MessageRejected", PermanentDeliveryError),
    ("BadRequestException", PermanentDeliveryError),
    ("TooManyRequestsException", TemporaryDeliveryError),
    ("LimitExceededException", TemporaryDeliveryError),
    ("SendingPausedException", TemporaryDeliveryError),
    ("AccountSuspendedException", TemporaryDeliveryError),
    ("MailFromDomainNotVerifiedException", TemporaryDeliveryError),
    ("InternalFailure", TemporaryDeliveryError),
]


@pytest.mark.parametrize(("code", "kind"), REFUSALS)
def test_permanent_and_temporary_errors_of_ses(
    ses: tuple[Any, Stubber], code: str, kind: type[Exception]
) -> None:
    """An error of SES is permanent or temporary, and has SES's own words."""
    ses[1].add_client_error("send_email", code, "Because.")
    with pytest.raises(kind, match=f"{code}: Because"):
        send(ses)


UNVERIFIED = "Email address is not verified. The following identities failed the check in region"
REJECTIONS = {
    "the recipient, in the sandbox": (
        f"{UNVERIFIED} US-EAST-1: anna@example.com",
        PermanentDeliveryError,
    ),
    "the sender": (f"{UNVERIFIED} US-EAST-1: Pulse <PULSE@example.com>", TemporaryDeliveryError),
    "the sender's domain": (f"{UNVERIFIED} US-EAST-1: example.com", TemporaryDeliveryError),
    "both": (
        f"{UNVERIFIED} EU-WEST-1: anna@example.com, pulse@example.com",
        TemporaryDeliveryError,
    ),
    "the account": ("Sending suspended for this account.", TemporaryDeliveryError),
}


@pytest.mark.parametrize(("text", "kind"), REJECTIONS.values(), ids=REJECTIONS)
def test_whom_a_rejection_is_about(
    ses: tuple[Any, Stubber], text: str, kind: type[Exception]
) -> None:
    """`MessageRejected` is permanent only if it is about the recipient and not about us."""
    ses[1].add_client_error("send_email", "MessageRejected", text)
    with pytest.raises(kind, match="MessageRejected"):
        send(ses)


def test_an_unreachable_ses_is_temporary() -> None:
    """While the network is down, the mail can be sent later."""
    client = boto3.client(
        "sesv2",
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def cut(**_: Any) -> None:
        raise botocore.exceptions.ConnectTimeoutError(endpoint_url="https://ses")

    client.meta.events.register("before-send.sesv2.SendEmail", cut)
    with pytest.raises(TemporaryDeliveryError):
        send((client, Stubber(client)))


@pytest.mark.parametrize("to", ["nobody", "a b@example.com", "", "a@b@c", "анна@example.com"])
def test_an_invalid_address_is_permanent(ses: tuple[Any, Stubber], to: str) -> None:
    """A mail to an invalid address is refused at once, instead of being retried."""
    with pytest.raises(PermanentDeliveryError):
        send(ses, to)


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Critical: 3 wait", "Critical: 3 wait"),
        ("Связь: 3", ": 3"),
        ("Ждут", "Pulse"),
        ("  two\nlines ", "two lines"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_topic_takes_plain_subjects_only(subject: str, shown: str) -> None:
    """Of any subject, SNS gets at most a hundred ASCII characters on one line."""
    client = boto3.client(
        "sns", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        expected = {"TopicArn": "arn:t", "Subject": shown, "Message": "Ждут"}
        stub.add_response("publish", {"MessageId": "s-1"}, expected)
        assert CriticalTopic(client, "arn:t").publish(subject, "Ждут") == "s-1"
        stub.add_client_error("publish", "ThrottledException")
        with pytest.raises(TemporaryDeliveryError):
            CriticalTopic(client, "arn:t").publish(subject, "Ждут")


def test_tasks_leave_the_queue_in_order_and_once(aws: local_stack.LocalStack) -> None:
    """Of 25 tasks, one of them sent twice, each is received once and in order of its account."""
    url = aws.env["dispatch"]["PULSE_POLL_QUEUE"]
    sqs = boto3.client("sqs")
    tasks = [
        PollTask("Связь", str(100 + n % 5), "poll", NOON + timedelta(minutes=n)) for n in range(25)
    ]
    PollQueue(sqs, url).put([*tasks, tasks[0]])
    found: list[PollTask] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(task_of({"body": message["Body"]}))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(found, key=lambda t: t.minute) == tasks
    for account in {t.account_id for t in tasks}:
        minutes = [t.minute for t in found if t.account_id == account]
        assert minutes == sorted(minutes)


def test_a_task_that_the_queue_refuses_holds_up_no_other(aws: local_stack.LocalStack) -> None:
    """When SQS refuses two tasks, the others are sent, and SQS's own failure is tried once more."""
    client = boto3.client("sqs")
    sent: list[list[str]] = []
    failed = [
        {"Id": "3", "Code": "InternalError", "SenderFault": False, "Message": "Full"},
        {"Id": "12", "Code": "InvalidParameterValue", "SenderFault": True, "Message": "Odd"},
    ]

    def note(params: Any, **_: Any) -> None:
        sent.append([entry["MessageGroupId"] for entry in params["Entries"]])

    client.meta.events.register("provide-client-params.sqs.SendMessageBatch", note)
    with Stubber(client) as stub:
        for ones in ([failed[0]], [failed[1]], [], [], [failed[0]]):
            stub.add_response("send_message_batch", {"Failed": ones, "Successful": []})
        with pytest.raises(RuntimeError, match="did not accept 2 tasks: Odd"):
            PollQueue(client, "https://q").put(
                [PollTask("acme", str(n), "poll", NOON) for n in range(35)]
            )
    assert [one for some in sent[:4] for one in some] == [str(n) for n in range(35)]
    assert sent[4:] == [["3"]]


TOKEN = Token("BEARER-SECRET", "KEY-SECRET", "KEY-SECRET2", "ACCESS-SECRET", "ACCESS-SECRET2")


def test_a_token_is_stored_encrypted_and_read_again(aws: local_stack.LocalStack) -> None:
    """A token is stored as a SecureString and read unchanged."""
    ssm = boto3.client("ssm")
    tokens = TokenStore(ssm, "/pulse/a/tokens/")
    tokens.put("help", Token("old"))
    tokens.put("help", TOKEN)
    assert tokens.token("help") == TOKEN
    assert ssm.get_parameter(Name="/pulse/a/tokens/help")["Parameter"]["Type"] == "SecureString"


@pytest.mark.parametrize("text", ["no json", "[]", '"x"', "null", '{"password": "SECRET"}'])
def test_the_error_of_an_invalid_token_has_its_path_and_not_its_value(
    aws: local_stack.LocalStack, text: str
) -> None:
    """Anything but a token in its place is a `token` fault that names only the path."""
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/pulse/a/tokens/bad", Value=text, Type="SecureString", Overwrite=True)
    with pytest.raises(XError, match="/pulse/a/tokens/bad is not a token") as caught:
        TokenStore(ssm, "/pulse/a/tokens").token("bad")
    assert caught.value.kind == "token"
    assert "SECRET" not in str(caught.value)


def test_a_missing_token_is_a_token_fault_and_an_error_of_ssm_is_temporary(
    aws: local_stack.LocalStack,
) -> None:
    """A person must fix a missing token; when SSM throttles, reading is tried again."""
    ssm = boto3.client("ssm")
    with pytest.raises(XError, match="no secret is stored at /pulse/a/tokens/x") as caught:
        TokenStore(ssm, "/pulse/a/tokens").token("x")
    assert caught.value.kind == "token"
    with Stubber(ssm) as stub:
        stub.add_client_error("get_parameter", "ThrottlingException")
        with pytest.raises(XError, match="SSM: ThrottlingException") as caught:
            TokenStore(ssm, "/pulse/a/tokens").token("x")
    assert caught.value.kind == "unavailable"


def test_an_unreachable_ssm_is_temporary(aws: local_stack.LocalStack) -> None:
    """While the network is down, the fault is `unavailable`, and no other error is raised."""
    ssm = boto3.client("ssm")

    def cut(**_: Any) -> None:
        raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://ssm")

    ssm.meta.events.register("before-call.ssm.GetParameter", cut)
    with pytest.raises(XError, match="SSM: ReadTimeoutError") as caught:
        TokenStore(ssm, "/pulse/a/tokens").token("x")
    assert caught.value.kind == "unavailable"


def test_no_token_is_logged_when_it_is_stored_or_read(
    aws: local_stack.LocalStack, caplog: pytest.LogCaptureFixture
) -> None:
    """With everything at level DEBUG, botocore included, no part of a token is logged."""
    caplog.set_level(logging.DEBUG)
    tokens = TokenStore(boto3.client("ssm"), "/pulse/a/tokens")
    tokens.put("quiet", TOKEN)
    assert tokens.token("quiet") == TOKEN
    assert json.dumps("SECRET")[1:-1] not in caplog.text
