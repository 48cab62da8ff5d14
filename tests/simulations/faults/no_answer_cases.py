"""The table of failures of X: what X sends, and how Pulse must react."""

import gzip
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from tests.simulations.faults.faulty_server import (
    Fault,
    answer,
    closed_port,
    raw,
    reset,
    silence,
    unanswering_port,
)
from tests.small_company import at

PROBLEMS = "https://api.twitter.com/2/problems/"
UNAVAILABLE = ("unavailable", "X did not answer")
LIMITED = ("rate_limited", "X asked Pulse to wait")
NEEDS_PERSON_TEXTS = {
    "usage_cap": (
        "the monthly read limit is used up",
        "The monthly read limit is used up: @acme_help is not being watched",
    ),
    "credits": (
        "X credits have run out",
        "X credits have run out: @acme_help is not being watched",
    ),
    "token": ("the token does not work", "The token for @acme_help does not work"),
    "forbidden": ("X denies access", "X denies access for @acme_help"),
    "account": ("X cannot find the account", "X cannot find the account @acme_help"),
    "request": ("X rejected the request", "X rejected our request for @acme_help"),
}
"""For failures that need a person: the words in the digest and the subject of the mail."""


@dataclass(frozen=True)
class Case:
    """What X does with all requests about one account from minute 2 up to minute 5.

    `tried` are the minutes in which the mentions are requested; the last request succeeds.
    """

    fault: Fault
    detail: str
    kind: str = "unavailable"
    words: str = "X did not answer"
    subject: str | None = None
    tried: tuple[int, ...] = (2, 3, 5)
    wrong_address: Callable[[], AbstractContextManager[str]] | None = None
    silent: bool = False

    @property
    def recovered_at(self) -> int:
        """The minute in which the account is read again."""
        return self.tried[-1]


def needs_person(kind: str, fault: Fault, detail: str) -> Case:
    words, subject = NEEDS_PERSON_TEXTS[kind]
    return Case(fault, detail, kind, words, subject, (2, 17))


def limited(fault: Fault, detail: str, *tried: int) -> Case:
    return Case(fault, detail, *LIMITED, tried=tried or (2, 3, 5))


def until(moment: float | str) -> dict[str, str]:
    """Headers of a rate limit that ends at this minute by X's clock."""
    end = str(int(at(moment).timestamp())) if isinstance(moment, int | float) else moment
    return {"x_rate_limit_limit": "300", "x_rate_limit_remaining": "0", "x_rate_limit_reset": end}


def problem(status: str, title: str, kind: str = "about:blank", **more: str) -> Fault:
    """An error with a problem in JSON, as X writes it."""
    body = {"title": title, "detail": f"{title}.", "type": kind, "status": int(status[:3])}
    content = json.dumps(body).encode()
    return answer(status, content, content_type="application/problem+json; charset=utf-8", **more)


def ok(body: Any, **headers: str) -> Fault:
    """A 200 with this body: bytes are sent as they are, other values as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer(
        "200 OK", content, **{"content_type": "application/json; charset=utf-8", **headers}
    )


def errors(kind: str, detail: str, resource: str = "user") -> dict[str, Any]:
    return {"errors": [{"type": f"{PROBLEMS}{kind}", "detail": detail, "resource_type": resource}]}


HTML = b"<!DOCTYPE html><html><body>Something is technically wrong.</body></html>"
POSTS = json.dumps({"data": [{"id": "1", "text": "x" * 3000}]}).encode()
PACKED = gzip.compress(POSTS)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4096\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n" + POSTS[:16] + b"\r\n"
TOO_MANY = "429 Too Many Requests"

RARE = {
    "429 until a time in milliseconds",
    "429 until an impossible time",
    "429 until after the fault is over",
    "402 with a general problem",
    "400",
    "500",
    "503 with an empty body",
    "a body shorter than announced",
    "a missing chunk",
    "reset at once",
    "closed without an answer",
    "not HTTP",
    "half an answer, then silence",
    "nobody listens",
    "a list",
    "a number",
    "null",
    "a problem with a 200",
    "posts that are not a list",
    "bytes that are not text",
    "gzip cut in the middle",
    "only errors: suspended",
    "only errors: protected",
}
"""Cases that only `make test-all` tries: each of them is much like another case."""

CASES: dict[str, Case] = {
    "429 with its end in the headers": limited(
        problem(TOO_MANY, "Too Many Requests", **until(6)), TOO_MANY, 2, 6
    ),
    "429 without headers": limited(problem(TOO_MANY, "Too Many Requests"), TOO_MANY),
    "429 in plain text": limited(
        answer(TOO_MANY, b"Rate limit exceeded\n", content_type="text/plain", **until(4)),
        "429 Rate limit exceeded",
        2, 4, 6,
    ),
    "429 until a time already past by our clock": limited(
        problem(TOO_MANY, "Too Many Requests", **until(0.5)), TOO_MANY
    ),
    "429 until after the fault is over": limited(
        problem(TOO_MANY, "Too Many Requests", **until(8)), TOO_MANY, 2, 8
    ),
    "429 until next year": limited(
        problem(TOO_MANY, "Too Many Requests", **until(500_000)), TOO_MANY, 2, 17
    ),
    "429 until a time in milliseconds": limited(
        problem(TOO_MANY, "Too Many Requests", **until("1905000000000")), TOO_MANY
    ),
    "429 until an impossible time": limited(
        problem(TOO_MANY, "Too Many Requests", **until("9" * 30)), TOO_MANY
    ),
    "usage cap": needs_person(
        "usage_cap",
        problem(TOO_MANY, "UsageCapExceeded", f"{PROBLEMS}usage-capped", **until(4)),
        "429 UsageCapExceeded",
    ),
    "402 with a problem of its own": needs_person(
        "credits",
        problem("402 Payment Required", "CreditsDepleted", f"{PROBLEMS}credits"),
        "402 CreditsDepleted",
    ),
    "402 with a general problem": needs_person(
        "credits", problem("402 Payment Required", "Payment Required"), "402 Payment Required"
    ),
    "401": needs_person("token", problem("401 Unauthorized", "Unauthorized"), "401 Unauthorized"),
    "403, a token revoked": needs_person(
        "forbidden",
        problem("403 Forbidden", "Client Forbidden", f"{PROBLEMS}client-forbidden"),
        "403 Client Forbidden",
    ),
    "404 of the account": needs_person(
        "account", problem("404 Not Found", "Not Found"), "404 Not Found"
    ),
    "400": needs_person("request", problem("400 Bad Request", "Invalid Request"), "400 Invalid"),
    "500": Case(problem("500 Internal Server Error", "Internal Error"), "500 Internal Error"),
    "502 with a page of HTML": Case(
        answer("502 Bad Gateway", HTML, content_type="text/html"), "502 <!DOCTYPE html>"
    ),
    "503 with an empty body": Case(answer("503 Service Unavailable"), "503 Service Unavailable"),
    "a redirect": Case(
        answer("302 Found", location="/2/users/100/login"), "302 Found"
    ),
    "a body shorter than announced": Case(raw(HEAD, POSTS), "ChunkedEncodingError"),
    "a missing chunk": Case(raw(CHUNKED), "ChunkedEncodingError"),
    "reset in the middle": Case(reset(HEAD, POSTS), "Error"),
    "reset at once": Case(reset(), "ConnectionError"),
    "closed without an answer": Case(raw(), "ConnectionError"),
    "not HTTP": Case(raw(b"220 mail ready\r\n\r\n"), "ConnectionError"),
    "nobody listens": Case(raw(), "ConnectionError", wrong_address=closed_port),
    "no connection in time": Case(
        raw(), "ConnectTimeout", wrong_address=unanswering_port, silent=True
    ),
    "no answer in time": Case(silence(), "ReadTimeout", silent=True),
    "half an answer, then silence": Case(
        silence(HEAD, POSTS), "ConnectionError", silent=True
    ),
    "HTML with a 200": Case(ok(HTML, content_type="text/html"), "not JSON: '<!DOCTYPE"),
    "JSON cut in the middle": Case(ok(POSTS[:-20]), "characters of JSON, cut or changed"),
    "JSON nested too deep": Case(ok(b"[" * 200_000), "200000 characters of JSON, cut or changed"),
    "a list": Case(ok([]), "a JSON list, not an object"),
    "a number": Case(ok(7), "a JSON int, not an object"),
    "null": Case(ok(None), "a JSON NoneType, not an object"),
    "an empty body": Case(ok(b""), "not JSON: ''"),
    "an empty object": Case(ok({}), "an answer without posts"),
    "a problem with a 200": Case(
        ok({"title": "Over capacity", "status": 503}), "an answer without posts: Over capacity"
    ),
    "posts that are not a list": Case(ok({"data": {"id": "1"}}), "not a list of posts"),
    "gzip that is not gzip": Case(ok(POSTS, content_encoding="gzip"), "ContentDecodingError"),
    "gzip cut in the middle": Case(
        ok(PACKED[: len(PACKED) // 2], content_encoding="gzip"), "not JSON: "
    ),
    "bytes that are not text": Case(ok(bytes(range(128, 256))), "not JSON: "),
    "only errors": Case(
        ok({"errors": [{"detail": "Over capacity"}]}), "only errors: Over capacity"
    ),
    "only errors: suspended": needs_person(
        "account", ok(errors("resource-not-found", "User has been suspended: [100].")), "suspended"
    ),
    "only errors: protected": needs_person(
        "forbidden", ok(errors("not-authorized-for-resource", "Not authorized.")), "Not authorized"
    ),
}  # fmt: skip
