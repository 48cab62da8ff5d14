"""Objects that hold a token do not reveal it: not when printed, in results or in errors."""

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

from .test_functions import INVALID_SECRETS

DAY = timedelta(days=1)
REQUESTS: dict[str, Callable[[XClient], Any]] = {
    "mentions": lambda x: x.mentions(HELP, PageRequest(start=at(0) - DAY)),
    "posts": lambda x: x.posts(HELP, PageRequest(start=at(0) - DAY)),
    "search": lambda x: x.search("@acme_help", PageRequest(start=at(0) - DAY)),
    "counts": lambda x: x.counts("@acme_help", at(0) - DAY, at(0)),
    "users": lambda x: x.users(["55"]),
    "user": lambda x: x.user("acme_help"),
    "me": lambda x: x.me(),
}


def full_traceback(error: BaseException | None) -> str:
    """Return all that a traceback may show: the text, causes, notes and our own variables."""
    if error is None:
        return ""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [str(f.locals) for f in shown.stack if f.filename.endswith("x/credentials.py")]
    plain = "".join(traceback.format_exception(error))
    return "\n".join(
        [
            plain,
            repr(error),
            *ours,
            full_traceback(error.__cause__),
            full_traceback(error.__context__),
        ]
    )


def test_printing_a_token_shows_no_part_of_it() -> None:
    """Printing a token, a container of it or its client shows no part of it."""
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


@pytest.mark.parametrize("text", INVALID_SECRETS.values(), ids=INVALID_SECRETS)
def test_an_invalid_secret_is_refused_and_not_quoted(text: str) -> None:
    """The error for a secret that is no token has its path and nowhere its text."""
    ssm = boto3.client("ssm", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(ssm) as stub:
        stub.add_response("get_parameter", {"Parameter": {"Value": text}})
        with pytest.raises(XError, match="/t/help is not a token") as caught:
            TokenStore(ssm, "/t").token("help")
    assert parts_in(full_traceback(caught.value)) == set()


def test_parts_that_make_no_token_are_not_quoted() -> None:
    """The error for parts that make no token together, or are no text, does not quote them."""
    cases: list[dict[str, Any]] = [
        {"consumer_key": PARTS["consumer_key"]},
        {**PARTS, "bearer": f"{PARTS['bearer']} "},
        {**PARTS, "bearer": PARTS["bearer"].encode()},
        {**PARTS, "access_token": ""},
        {},
    ]
    for parts in cases:
        with pytest.raises(ValueError, match="token") as caught:
            Token(**parts)
        assert parts_in("".join(traceback.format_exception(caught.value))) == set()


def test_ssm_that_quotes_what_it_refuses() -> None:
    """If an error of SSM quotes the value, the text is passed on without the token."""
    ssm = boto3.client("ssm", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    value = json.dumps(PARTS)
    message = f"1 validation error detected: Value '{value}' at 'value' failed"
    with Stubber(ssm) as stub:
        stub.add_client_error("put_parameter", "ValidationException", message)
        with pytest.raises(ClientError, match="at 'value' failed") as caught:
            TokenStore(ssm, "/t").put("help", TOKEN)
    assert parts_in("".join(traceback.format_exception(caught.value))) == set()
    assert parts_in(repr(caught.value.response)) == set()


class FailingAdapter(requests.adapters.BaseAdapter):
    """An adapter that fails with the request in its error."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> Any:
        raise requests.ConnectionError(f"not sent: {request.headers}", request=request)

    def close(self) -> None:
        """Do nothing: no connection is open."""


@pytest.mark.parametrize("token", [TOKEN, BEARER], ids=["user", "app"])
def test_a_connection_error_that_quotes_the_request(token: Token) -> None:
    """If a connection error quotes the request, our error names only its class."""
    with pytest.raises(XError, match="ConnectionError") as caught:
        XClient(lambda: token, FailingAdapter()).users(["55"])
    assert parts_in("".join(traceback.format_exception(caught.value))) == set()


def test_one_part_within_another_leaves_no_rest() -> None:
    """If parts of a token begin alike, each is hidden to its end."""
    token = Token(None, "abcdefgh", "abcdefghijkl", "abcdefghijklmnop", "s")
    assert (
        redactor_of(token)("abcdefgh, abcdefghijkl, abcdefghijklmnop")
        == "[hidden], [hidden], [hidden]"
    )
    assert redactor_of(token)("shorter ones stand in words") == "shorter ones stand in words"


@pytest.mark.parametrize(
    "echoed", ["ab%2Bcd%2Fef%3D", "ab+cd/ef=", r"ab+cd\/ef=", "ab%252Bcd%252Fef%253D"]
)
def test_a_signature_is_hidden_in_every_encoding(echoed: str) -> None:
    """The signature of a request is hidden as it was sent, and in other encodings."""
    redact = redactor_of(TOKEN, 'OAuth oauth_nonce="1", oauth_signature="ab%2Bcd%2Fef%3D"')
    assert redact(f"not <{echoed}>") == "not <[hidden]>"


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EchoingX, str]]:
    """An X that sends back what it received, and its URL."""
    archive = Posts().archive(tmp_path_factory.mktemp("x") / "archive")
    echo = EchoingX(SimulatedX(archive, clock=lambda: at(1)))
    with FaultyServer(echo, lambda _: None) as server:
        yield echo, server.url


@pytest.mark.parametrize("token", [TOKEN, BEARER], ids=["user", "app"])
@pytest.mark.parametrize("name", ECHO_ANSWERS)
def test_what_x_echoes_is_hidden(echo: tuple[EchoingX, str], name: str, token: Token) -> None:
    """If an answer repeats the header, no result, error or log has a part of it."""
    x_server, url = echo
    x_server.seen.clear()
    x_server.answer = ECHO_ANSWERS[name]
    adapter = BaseUrlAdapter(url)
    results = []
    with captured_output() as captured:
        for ask in REQUESTS.values():
            try:
                results.append(repr(ask(XClient(lambda: token, adapter))))
            except XError as error:
                results.append("".join(traceback.format_exception(error)) + repr(error.detail))
    adapter.close()
    assert len(results) == len(REQUESTS)
    text = "\n".join([*results, *captured.lines()])
    assert parts_in(text) == set()
    signed = re.findall(r'oauth_signature="([^"]+)"', "".join(x_server.seen))
    assert [one for one in signed if one in text or unquote(one) in text] == []
    assert bool(signed) == token.is_user
    assert "bearer" in parts_in("".join(x_server.seen))
