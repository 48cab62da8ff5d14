"""An X (or a proxy before it) that repeats the Authorization header in its answers."""

import html
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pulse_cli.simulated_x import SimulatedX
from tests.small_company import HELP, at


@dataclass(frozen=True)
class EchoAnswer:
    """An answer that repeats the Authorization header of its request."""

    status: str
    body: Callable[[str], Any]
    kind: str = "application/json"
    headers: tuple[str, ...] = ()


def _detail(header: str) -> dict[str, str]:
    return {"title": "Unauthorized", "detail": f"Who is {header}?"}


def _post(header: str) -> dict[str, Any]:
    return {
        "id": "1900000000000000000",
        "text": f"@acme_help {header}",
        "author_id": "55",
        "created_at": at(0).isoformat(),
        "conversation_id": "1900000000000000000",
        "entities": {"mentions": [{"id": HELP, "username": "acme_help"}]},
    }


ECHO_ANSWERS = {
    "401": EchoAnswer("401 Unauthorized", _detail),
    "401 by parameter": EchoAnswer("401 Unauthorized", lambda s: {"errors": [{"message": s}]}),
    "403 in HTML": EchoAnswer("403 Forbidden", lambda s: f"<b>{html.escape(s)}</b>", "text/html"),
    "403 in UTF-16": EchoAnswer(
        "403 Forbidden", lambda s: s.encode("utf-16"), "text/html; charset=utf-16"
    ),
    "429 in plain text": EchoAnswer("429 Too Many Requests", lambda s: s, "text/plain"),
    "429 after a long text": EchoAnswer(
        "429 Too Many Requests", lambda s: "x" * 170 + s, "text/plain"
    ),
    "400 in a URL": EchoAnswer("400 Bad Request", lambda s: {"detail": f"/?a={quote(s, safe='')}"}),
    "402 twice in a URL": EchoAnswer(
        "402 Pay", lambda s: quote(quote(s, safe=""), safe=""), "text/plain"
    ),
    "302 to itself": EchoAnswer("302 Found", lambda s: s, "text/plain", ("Location", "X-Seen")),
    "503 as the reason": EchoAnswer("503 {}", lambda _: b"", "text/plain"),
    "200 in a script": EchoAnswer("200 OK", lambda s: s.replace("/", r"\/"), "text/html"),
    "200 after a long text": EchoAnswer("200 OK", lambda s: "x" * 55 + s, "text/plain"),
    "200 in HTML": EchoAnswer("200 OK", lambda s: f"<pre>{s}</pre>", "text/html"),
    "200 with errors only": EchoAnswer("200 OK", lambda s: {"errors": [_detail(s)]}),
    "200 with neither": EchoAnswer("200 OK", lambda s: {"seen": s}),
    "200 in a list": EchoAnswer("200 OK", lambda s: [s]),
    "200 cut in the middle": EchoAnswer("200 OK", lambda s: json.dumps(_detail(s))[:-2]),
    "200 where a post should be": EchoAnswer(
        "200 OK", lambda s: {"data": [{"id": s}, s, {"id": "1", "text": s}], "meta": {}}
    ),
    "200 where a page should be": EchoAnswer(
        "200 OK", lambda s: {"data": [], "meta": {"next_token": s}}
    ),
    "200 where counts should be": EchoAnswer(
        "200 OK", lambda s: {"data": [{"start": s}], "meta": {}}
    ),
    "200 in a post": EchoAnswer("200 OK", lambda s: {"data": [_post(s)], "meta": {}}),
    "200 in a name": EchoAnswer(
        "200 OK", lambda s: {"data": [{"id": "55", "username": "x", "name": s}], "meta": {}}
    ),
    "500 in JSON within JSON": EchoAnswer(
        "500 Oops", lambda s: {"detail": json.dumps({"sent": s})}
    ),
}


SAMPLE = (
    "401", "403 in HTML", "429 after a long text", "503 as the reason", "200 with errors only",
    "200 where a post should be", "200 in a post", "200 in a name",
)  # fmt: skip
"""Answers that reach different places: a mail, a cursor, the audit log, a conversation, a name."""


class EchoingX:
    """A simulated X that, while `answer` is set, gives that answer instead of its own.

    `seen` counts the Authorization headers it received.
    """

    def __init__(self, sim: SimulatedX) -> None:
        self._sim = sim
        self.answer: EchoAnswer | None = None
        self.seen: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        header = environ.get("HTTP_AUTHORIZATION", "")
        self.seen[header] += 1
        answer = self.answer
        if answer is None:
            return self._sim(environ, start)
        body = answer.body(header)
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = [("content-type", answer.kind), *((name, header) for name in answer.headers)]
        start(answer.status.format(header), headers)
        return [body]
