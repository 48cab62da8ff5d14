"""What holds a token does not tell of it: in no form of itself, no answer, no error."""

import json
import pprint
import re
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from rich.pretty import pretty_repr

from pulse.x.access import PageRequest, Token
from pulse.x.client import XClient
from pulse.x.credentials import TokenStore
from pulse.x.faults import XError
from pulse.x.session import BaseUrlAdapter, redactor_of
from pulse_cli.simulated_x import SimulatedX
from tests.secrecy.canary import BEARER, PARTS, TOKEN, parts_in
from tests.secrecy.echoing_x import ECHO_ANSWERS, EchoingX
from tests.secrecy.log_capture import captured_output
from tests.simulations.faults.faulty_server import FaultyServer
from tests.small_company import HELP, Posts, at

from .test_functions import NO_TOKENS

DAY = timedelta(days=1)
ASKED: dict[str, Callable[[XClient], Any]] = {
    "mentions": lambda x: x.mentions(HELP, PageRequest(start=at(0) - DAY)),
    "posts": lambda x: x.posts(HELP, PageRequest(start=at(0) - DAY)),
    "search": lambda x: x.search("@acme_help", PageRequest(start=at(0) - DAY)),
    "counts": lambda x: x.counts("@acme_help", at(0) - DAY, at(0)),
    "users": lambda x: x.users(["55"]),
    "user": lambda x: x.user("acme_help"),
    "me": lambda x: x.me(),
}


def full_traceback(problem: BaseException | None) -> str:
    """All that a traceback may show of an error: its text, causes, notes, and our own variables."""
    if problem is None:
        return ""
    shown = traceback.TracebackException.from_exception(problem, capture_locals=True)
    ours = [str(f.locals) for f in shown.stack if f.filename.endswith("x/credentials.py")]
    plain = "".join(traceback.format_exception(problem))
    return "\n".join(
        [
            plain,
            repr(problem),
            *ours,
            full_traceback(problem.__cause__),
            full_traceback(problem.__context__),
        ]
    )


def test_a_token_shows_in_no_form_of_itself() -> None:
    """Given a token, then whoever prints it, its neighbours or its wrappers prints no part."""
    holders = [TOKEN, BEARER, {"token": TOKEN}, [TOKEN], XClient(lambda: TOKEN)]
    forms = [
        str,
        repr,
        pprint.pformat,
        pretty_repr,
        lambda x: json.dumps(x, default=str),
        "{!r}".format,
    ]
    assert parts_in("".join(form(holder) for form in forms for holder in holders)) == set()


@pytest.mark.parametrize("text", NO_TOKENS.values(), ids=NO_TOKENS)
def test_what_is_no_token_is_refused_without_a_word_of_it(text: str) -> None:
    """Given a secret that is no token, then the error has the place, nowhere the text."""
    ssm = boto3.client("ssm", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(ssm) as stub:
        stub.add_response("get_parameter", {"Parameter": {"Value": text}})
        with pytest.raises(XError, match="/t/help is not a token") as caught:
            TokenStore(ssm, "/t").token("help")
    assert parts_in(full_traceback(caught.value)) == set()


def test_parts_that_make_no_token_are_not_quoted() -> None:
    """Given parts that are no token together, or no text, then the error does not quote them."""
    given: list[dict[str, Any]] = [
        {"consumer_key": PARTS["consumer_key"]},
        {**PARTS, "bearer": f"{PARTS['bearer']} "},
        {**PARTS, "bearer": PARTS["bearer"].encode()},
        {**PARTS, "access_token": ""},
        {},
    ]
    for parts in given:
        with pytest.raises(ValueError, match="token") as caught:
            Token(**parts)
        assert parts_in("".join(traceback.format_exception(caught.value))) == set()


def test_ssm_that_quotes_what_it_refuses() -> None:
    """Given an SSM that says the value back, then the error has its words without the token."""
    ssm = boto3.client("ssm", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    value = json.dumps(PARTS)
    said = f"1 validation error detected: Value '{value}' at 'value' failed"
    with Stubber(ssm) as stub:
        stub.add_client_error("put_parameter", "ValidationException", said)
        with pytest.raises(ClientError, match="at 'value' failed") as caught:
            TokenStore(ssm, "/t").put("help", TOKEN)
    assert parts_in("".join(traceback.format_exception(caught.value))) == set()
    assert parts_in(repr(caught.value.response)) == set()


class Broken(requests.adapters.BaseAdapter):
    """A way to X that breaks, and says what it was to send."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> Any:
        raise requests.ConnectionError(f"not sent: {request.headers}", request=request)

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("token", [TOKEN, BEARER], ids=["user", "app"])
def test_a_way_to_x_that_says_what_it_was_to_send(token: Token) -> None:
    """Given an error with the request in its words, then the trouble names its kind alone."""
    with pytest.raises(XError, match="ConnectionError") as caught:
        XClient(lambda: token, Broken()).users(["55"])
    assert parts_in("".join(traceback.format_exception(caught.value))) == set()


def test_one_part_within_another_leaves_no_rest() -> None:
    """Given a token whose parts begin alike, then each is hidden to its end."""
    token = Token(None, "abcdefgh", "abcdefghijkl", "abcdefghijklmnop", "s")
    assert (
        redactor_of(token)("abcdefgh, abcdefghijkl, abcdefghijklmnop")
        == "[hidden], [hidden], [hidden]"
    )
    assert redactor_of(token)("shorter ones stand in words") == "shorter ones stand in words"


@pytest.mark.parametrize(
    "said", ["ab%2Bcd%2Fef%3D", "ab+cd/ef=", r"ab+cd\/ef=", "ab%252Bcd%252Fef%253D"]
)
def test_a_signature_is_hidden_however_it_is_said_back(said: str) -> None:
    """Given the signature of a request, then it is hidden as it was sent, and as it was meant."""
    veil = redactor_of(TOKEN, 'OAuth oauth_nonce="1", oauth_signature="ab%2Bcd%2Fef%3D"')
    assert veil(f"not <{said}>") == "not <[hidden]>"


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EchoingX, str]]:
    """An X that says back what it was sent, and where it answers."""
    archive = Posts().archive(tmp_path_factory.mktemp("x") / "archive")
    echo = EchoingX(SimulatedX(archive, clock=lambda: at(1)))
    with FaultyServer(echo, lambda _: None) as server:
        yield echo, server.url


@pytest.mark.parametrize("token", [TOKEN, BEARER], ids=["user", "app"])
@pytest.mark.parametrize("name", ECHO_ANSWERS)
def test_what_x_says_back_is_hidden(echo: tuple[EchoingX, str], name: str, token: Token) -> None:
    """Given any answer with the header in it, then neither result, error nor log has a part."""
    x_server, url = echo
    x_server.seen.clear()
    x_server.answer = ECHO_ANSWERS[name]
    way = BaseUrlAdapter(url)
    results = []
    with captured_output() as heard:
        for ask in ASKED.values():
            try:
                results.append(repr(ask(XClient(lambda: token, way))))
            except XError as trouble:
                results.append("".join(traceback.format_exception(trouble)) + repr(trouble.detail))
    way.close()
    assert len(results) == len(ASKED)
    text = "\n".join([*results, *heard.lines()])
    assert parts_in(text) == set()
    signed = re.findall(r'oauth_signature="([^"]+)"', "".join(x_server.seen))
    assert [one for one in signed if one in text or unquote(one) in text] == []
    assert bool(signed) == token.is_user
    assert "bearer" in parts_in("".join(x_server.seen))
