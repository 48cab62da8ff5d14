"""An X that gives the answers a test lists, and records the requests."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from pulse.x.access import PageRequest, Token
from pulse.x.client import XClient
from pulse.x.faults import XError
from pulse_cli.simulated_x import Archive, DropError, WsgiTransport

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
USER = Token("BEARER-SECRET", "KEY-SECRET", "KEY-SECRET2", "ACCESS-SECRET", "ACCESS-SECRET2")
APP = Token(bearer="BEARER-SECRET")
RESET = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "99"}
BOUNDS = PageRequest(start=NOON)


class ScriptedTransport(WsgiTransport):
    """Gives each request the next answer of the list; records requests and time-outs."""

    def __init__(self, *answers: tuple[int, dict[str, str], Any]) -> None:
        super().__init__(self._answer)
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        self.timeouts.append(how.get("timeout"))
        return super().send(request)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.requests.append(environ)
        status, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(body, DropError):
            if not status:
                raise body
            headers = {**headers, "content-length": "4096"}
        if not isinstance(body, str | DropError):
            body = json.dumps(body)
        start(f"{status} Said", list(headers.items()))
        return _broken(body) if isinstance(body, DropError) else [body.encode()]

    def params(self, number: int = -1) -> dict[str, str]:
        query = parse_qs(self.requests[number]["QUERY_STRING"])
        return {name: values[0] for name, values in query.items()}


def _broken(drop: DropError) -> Iterable[bytes]:
    yield b'{"data":['
    raise drop


def error_from(*answers: tuple[int, dict[str, str], Any]) -> XError:
    """Return the error that these answers lead to."""
    x = XClient(lambda: USER, ScriptedTransport(*answers))
    with pytest.raises(XError) as caught:
        x.mentions("100", BOUNDS)
    return caught.value


def problem(status: int, title: str, kind: str = "about:blank", **more: Any) -> tuple[Any, ...]:
    body = {"title": title, "detail": f"{title}.", "type": kind, "status": status, **more}
    return status, {}, body


USAGE = "https://api.twitter.com/2/problems/usage-capped"
CREDITS = "https://api.twitter.com/2/problems/credits"
TYPE = "https://api.twitter.com/2/problems/"
HTML = "<!DOCTYPE html><html><body>Something is technically wrong.</body></html>"
KINDS: dict[str, tuple[tuple[Any, ...], str, str]] = {
    "rate limited": (problem(429, "Too Many Requests"), "rate_limited", "429 Too Many Requests."),
    "rate limited in plain text": (
        (429, RESET, "Rate limit exceeded\n"),
        "rate_limited",
        "429 Rate limit exceeded",
    ),
    "usage cap": (
        problem(429, "UsageCapExceeded", USAGE, period="Monthly"),
        "usage_cap",
        "429 UsageCapExceeded.",
    ),
    "usage cap by its type alone": (problem(429, "Too Much", USAGE), "usage_cap", "429 Too Much."),
    "usage cap by its title alone": (
        problem(429, "UsageCapExceeded"),
        "usage_cap",
        "429 UsageCapExceeded.",
    ),
    "no credits": (problem(402, "CreditsDepleted", CREDITS), "credits", "402 CreditsDepleted."),
    "no credits, worded differently": (problem(402, "Payment Required"), "credits", "402 Payment"),
    "token": (problem(401, "Unauthorized"), "token", "401 Unauthorized."),
    "token, in plain text": ((401, {}, "Unauthorized"), "token", "401 Unauthorized"),
    "forbidden": (problem(403, "Client Forbidden"), "forbidden", "403 Client Forbidden."),
    "no such account": (problem(404, "Not Found"), "account", "404 Not Found."),
    "not understood": (
        (400, {}, {"errors": [{"message": "`ids` is odd"}], "detail": "Invalid."}),
        "request",
        "400 `ids` is odd; Invalid.",
    ),
    "down": ((503, {}, {"title": "Service Unavailable", "status": 503}), "unavailable", "503 Serv"),
    "down, a page of HTML": ((502, {}, HTML), "unavailable", "502 <!DOCTYPE html>"),
    "down, with an empty body": ((500, {}, ""), "unavailable", "500 Said"),
    "an error that is a list": ((500, {}, ["odd"]), "unavailable", '500 ["odd"]'),
    "errors that are no list": ((400, {}, {"errors": "odd", "title": "Bad"}), "request", "400 Bad"),
    "an unknown status": ((299, {}, {}), "unavailable", "299"),
    "HTML with a 200": ((200, {}, HTML), "unavailable", "not JSON"),
    "JSON cut in the middle": (
        (200, {}, '{"data":[{"id":"1"'),
        "unavailable",
        "not JSON: '18 characters of JSON, cut or changed'",
    ),
    "nothing with a 200": ((200, {}, ""), "unavailable", "not JSON"),
    "a list with a 200": ((200, {}, []), "unavailable", "JSON list"),
    "only errors with a 200": (
        (200, {}, {"errors": [{"detail": "Over capacity"}]}),
        "unavailable",
        "only errors: Over capacity",
    ),
    "a suspended account, with a 200": (
        (
            200,
            {},
            {
                "errors": [
                    {
                        "parameter": "id",
                        "detail": "User has been suspended: [100].",
                        "title": "Forbidden",
                        "resource_type": "user",
                        "type": f"{TYPE}resource-not-found",
                    }
                ]
            },
        ),
        "account",
        "User has been suspended",
    ),
    "an account that Pulse may not see, with a 200": (
        (
            200,
            {},
            {
                "errors": [
                    {
                        "detail": "Sorry, you are not authorized to see the user.",
                        "title": "Authorization Error",
                        "resource_type": "user",
                        "type": f"{TYPE}not-authorized-for-resource",
                    }
                ]
            },
        ),
        "forbidden",
        "not authorized",
    ),
    "a time-out": ((0, {}, DropError("timeout")), "unavailable", "ReadTimeout"),
    "no connection": ((0, {}, DropError("connect")), "unavailable", "ConnectionError"),
    "cut off in the middle": (
        (200, {}, DropError("mid-body")),
        "unavailable",
        "ChunkedEncodingError",
    ),
}


def archive(folder: Path) -> Archive:
    post = {
        "id": "1001",
        "text": "@NimbusHelp &lt;3",
        "author_id": "7",
        "created_at": "2030-05-14T11:00:00Z",
        "entities": {"mentions": [{"username": "NimbusHelp", "id": "100"}]},
    }
    account = {"id": "100", "username": "NimbusHelp", "role": "support"}
    (folder / "posts.ndjson").write_text(json.dumps(post) + "\n")
    (folder / "users.ndjson").write_text(json.dumps({"id": "7", "username": "anna"}) + "\n")
    (folder / "companies.json").write_text(json.dumps([{"name": "N", "accounts": [account]}]))
    return Archive.load(folder)
