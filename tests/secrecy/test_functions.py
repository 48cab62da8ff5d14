"""No secret leaves a function: not in logs, output, mails, messages, the table or errors."""

import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger

from pulse.x.session import BaseUrlAdapter
from pulse_cli.laptop.sam import ROOT
from pulse_cli.replay.lambda_service import InvocationError
from tests import ses
from tests.secrecy.canary import BEARER, PARTS, TOKEN, parts_in
from tests.secrecy.echoing_x import ECHO_ANSWERS, SAMPLE, EchoingX
from tests.secrecy.log_capture import CapturedOutput, captured_output
from tests.simulations.faults.faulty_server import Fault, FaultyServer, raw
from tests.small_company import HELP, Posts, SmallCompany, at, settings
from tests.stored import words_in
from tests.tiers import TEST_ALL

STEP = 32
"""Minutes from one fault to the next: longer than the alert window."""


@dataclass
class ObservedCompany:
    """A small company whose output is captured; `sent` is what its functions sent to AWS."""

    company: SmallCompany
    echo: EchoingX
    captured: CapturedOutput
    sent: list[str] = field(default_factory=list)
    lines: set[str] = field(default_factory=set)
    fault: Fault | None = None

    def leaked_parts(self) -> set[str]:
        """Return the parts of tokens that leaked since the last call: to logs, AWS or errors."""
        failures = [failure.error for failure in self.company.world.lambdas.failures]
        self.lines = self.captured.lines()
        text = "\n".join([*self.lines, *self.sent, *failures])
        self.sent.clear()
        return parts_in(text)

    def note(self, params: Any, model: Any, **_: Any) -> None:
        """Record a call to AWS; tokens are put into SSM by a person, not by a function."""
        if model.name == "PutParameter":
            return
        self.sent.append(f"{model.name} {words_in(params)}")
        if model.name == "SendEmail":
            mail = message_from_bytes(params["Content"]["Raw"]["Data"], policy=policy.default)
            self.sent += [part.get_content() for part in mail.walk() if not part.is_multipart()]

    def crash(self, name: str, event: Any) -> None:
        """Run a function, and print its error as Lambda and as Powertools do."""
        with self.company.world.counting_calls() as lambdas:
            try:
                lambdas.invoke(name, event)
            except InvocationError as error:
                traceback.print_exception(error)
                Logger().exception("it died")


@pytest.fixture
def observed(tmp_path: Path) -> Iterator[Callable[..., ObservedCompany]]:
    """Acme's support account has a user token with a bearer, the other account another bearer."""
    with ExitStack() as stack:
        yield lambda posts: stack.enter_context(_observe(tmp_path, posts))


@contextmanager
def _observe(folder: Path, posts: Posts) -> Iterator[ObservedCompany]:
    with (
        SmallCompany(folder, posts, settings(look_back="0")) as small_company,
        captured_output() as captured,
    ):
        here = ObservedCompany(small_company, EchoingX(small_company.sim), captured)
        with FaultyServer(here.echo, lambda _: here.fault) as server:
            secrets = small_company.world.app.tokens
            secrets.put("acme_help", TOKEN)
            secrets.put("acme", BEARER)
            boto3.DEFAULT_SESSION.events.register("before-parameter-build", here.note)
            small_company.use_transport(BaseUrlAdapter(server.url))
            yield here


def test_a_good_day(observed: Callable[..., ObservedCompany]) -> None:
    """With the most verbose logs, no function of the template reveals a part of a token."""
    posts = Posts()
    posts.mention(0.5, "7")
    posts.reply(3, posts.mention(2, "8"))
    here = observed(posts)
    here.company.run_minutes(0, 1, 4, 15, 16, 61, 240, 241)
    here.company.digest(242, 0)
    for name in here.company.world.stack.functions:
        event = json.loads((ROOT / "infra" / "events" / f"{name}.json").read_text("utf-8"))
        with here.company.world.counting_calls() as lambdas:
            lambdas.invoke(name, event)
    assert here.leaked_parts() == set()
    assert here.company.failures == []
    # the libraries did log, and every part that is ever sent was sent
    assert {
        "urllib3.connectionpool",
        "tweepy.client",
        "oauthlib.oauth1.rfc5849",
    } <= here.captured.names
    assert "botocore.parsers" in here.captured.names
    assert any('"_aws"' in line for line in here.lines)
    assert parts_in("".join(here.echo.seen)) == {"bearer", "consumer_key", "access_token"}


def test_x_sends_the_token_back(observed: Callable[..., ObservedCompany]) -> None:
    """Answers that repeat the header reveal no part of a token, neither now nor later."""
    answers = {name: answer for name, answer in ECHO_ANSWERS.items() if TEST_ALL or name in SAMPLE}
    posts = Posts()
    for number, _ in enumerate(answers, start=1):
        posts.mention(number * STEP - 15.5, str(1000 + number))
    here = observed(posts)
    here.company.run_minutes(0)
    leaks = {}
    for number, (name, answer) in enumerate(answers.items(), start=1):
        here.company.run_minutes(number * STEP - 4)
        before = sum(here.echo.seen.values())
        here.echo.answer = answer
        here.company.run_minutes(number * STEP)
        assert sum(here.echo.seen.values()) >= before + 5  # two accounts, and the customer's name
        here.echo.answer = None
        leaks[name] = here.leaked_parts()
    here.company.run_minutes(number * STEP + 16)
    here.company.digest(number * STEP + 17, 0)
    leaks["later"] = here.leaked_parts()
    assert {name: parts for name, parts in leaks.items() if parts} == {}
    assert here.company.failures == []


def test_addresses_of_returned_mail_are_not_logged(
    observed: Callable[..., ObservedCompany],
) -> None:
    """SES events leave no address in a log, not even truncated ones or those of unknown mails."""
    posts = Posts()
    posts.mention(0.5, "7")
    here = observed(posts)
    here.company.run_minutes(0, 1, 16)
    mail, now = here.company.world.mails()[-1], here.company.world.now()
    here.captured.lines()
    code = f"smtp; 550 5.1.1 <{mail.destinations[0]}>: Recipient address rejected"
    notice = ses.bounce(mail.id, mail.destinations[0], now)
    notice["bounce"]["bouncedRecipients"][0]["diagnosticCode"] = code
    early = ses.bounce("unknown", mail.destinations[0], now)
    cut = {name: part for name, part in notice.items() if name != "mail"}
    for message in (early, cut, json.dumps(notice)[:-2], notice):
        here.crash("feedback", ses.event(message))
    lines = here.captured.lines()
    assert any('"blocked":1' in line.replace(" ", "") for line in lines)
    assert [line for line in lines if "@acme.example" in line] == []


BROKEN_HEADERS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    + f"Authorization Bearer {PARTS['bearer']}\r\n x: 1\r\n".encode()
    + b"content-length: 2\r\nconnection: close\r\n\r\n{}"
)


def test_malformed_headers(observed: Callable[..., ObservedCompany]) -> None:
    """A malformed header that repeats the token, of which urllib3 warns, is not printed."""
    here = observed(Posts())
    here.fault = raw(BROKEN_HEADERS)
    here.company.run_minutes(0)
    assert here.leaked_parts() == set()
    assert any("urllib3.connectionpool" in name for name in here.captured.names)


INVALID_SECRETS = {
    "cut": json.dumps(PARTS)[:-1],
    "text": PARTS["bearer"],
    "JSON text": json.dumps(PARTS["bearer"]),
    "a list": json.dumps(list(PARTS.values())),
    "another's": json.dumps({PARTS["bearer"]: "x"}),
    "half": json.dumps({name: part for name, part in PARTS.items() if "access" in name}),
    "with a line too much": json.dumps(PARTS | {"bearer": PARTS["bearer"] + "\n"}),
    "not ASCII": json.dumps(PARTS | {"consumer_secret": PARTS["consumer_secret"] + "\u2013"}),
    "deep": "[" * 3000 + PARTS["bearer"],
}


def test_an_invalid_secret(observed: Callable[..., ObservedCompany]) -> None:
    """The owner gets a mail about an invalid secret; its text is revealed nowhere."""
    here, ssm = observed(Posts()), boto3.client("ssm")
    path = f"{here.company.world.stack.outputs['TokensPath']}/acme_help"
    leaks = {}
    for number, (name, text) in enumerate(INVALID_SECRETS.items()):
        ssm.put_parameter(Name=path, Value=text, Type="SecureString", Overwrite=True)
        here.company.world.lambdas.app = here.company.world.lambdas.make_app()
        here.company.run_minutes(number * STEP)
        leaks[name] = here.leaked_parts()
    ssm.delete_parameter(Name=path)
    here.company.run_minutes(number * STEP + 17)
    leaks["none"] = here.leaked_parts()
    assert {name: parts for name, parts in leaks.items() if parts} == {}
    assert here.company.failures == []
    assert "is not a token" in here.company.mails[0].text


def test_functions_that_crash(observed: Callable[..., ObservedCompany]) -> None:
    """If functions crash after any call, no traceback reveals a part of a token."""
    posts = Posts()
    posts.mention(0.5, "7")
    here = observed(posts)
    here.company.run_minutes(0, 1)
    world = here.company.world
    task = {"company": "acme", "account_id": HELP, "kind": "poll", "minute": at(16).isoformat()}
    events: dict[str, Any] = {name: {} for name in world.stack.functions}
    events["poll"] = {"Records": [{"body": json.dumps(task)}]}

    def crash(call: str, moment: str) -> None:
        read_x = world.lambdas.running[-1][0] != "poll" or call == "dynamodb.TransactWriteItems"
        if moment == "after" and read_x:
            raise RuntimeError(f"crash after {call}")

    world.on_call = crash  # type: ignore[method-assign]
    world.move_clock_to(at(16))
    for name, event in events.items():
        here.crash(name, event)
    assert len(here.company.failures) == len(events)
    assert here.leaked_parts() == set()
    assert any("Traceback" in line for line in here.lines)
