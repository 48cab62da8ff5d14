"""X, or a proxy before it, that says back what it was sent, in every way there is."""

import html
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pulse_cli.simulated_x import SimulatedX
from tests.jobs.town import HELP, at


@dataclass(frozen=True)
class Way:
    """What is answered to a request with this Authorization header."""

    status: str
    body: Callable[[str], Any]
    kind: str = "application/json"
    headers: tuple[str, ...] = ()


def _detail(said: str) -> dict[str, str]:
    return {"title": "Unauthorized", "detail": f"Who is {said}?"}


def _post(said: str) -> dict[str, Any]:
    return {
        "id": "1900000000000000000",
        "text": f"@acme_help {said}",
        "author_id": "55",
        "created_at": at(0).isoformat(),
        "conversation_id": "1900000000000000000",
        "entities": {"mentions": [{"id": HELP, "username": "acme_help"}]},
    }


WAYS = {
    "401": Way("401 Unauthorized", _detail),
    "401 by parameter": Way("401 Unauthorized", lambda s: {"errors": [{"message": s}]}),
    "403 in HTML": Way("403 Forbidden", lambda s: f"<b>{html.escape(s)}</b>", "text/html"),
    "403 in UTF-16": Way(
        "403 Forbidden", lambda s: s.encode("utf-16"), "text/html; charset=utf-16"
    ),
    "429 in plain text": Way("429 Too Many Requests", lambda s: s, "text/plain"),
    "429 with a long way to it": Way(
        "429 Too Many Requests", lambda s: "x" * 170 + s, "text/plain"
    ),
    "400 in a URL": Way("400 Bad Request", lambda s: {"detail": f"/?a={quote(s, safe='')}"}),
    "402 twice in a URL": Way("402 Pay", lambda s: quote(quote(s, safe=""), safe=""), "text/plain"),
    "302 to itself": Way("302 Found", lambda s: s, "text/plain", ("Location", "X-Seen")),
    "503 as the reason": Way("503 {}", lambda _: b"", "text/plain"),
    "200 in a script": Way("200 OK", lambda s: s.replace("/", r"\/"), "text/html"),
    "200 with a long way to it": Way("200 OK", lambda s: "x" * 55 + s, "text/plain"),
    "200 in HTML": Way("200 OK", lambda s: f"<pre>{s}</pre>", "text/html"),
    "200 with errors only": Way("200 OK", lambda s: {"errors": [_detail(s)]}),
    "200 with neither": Way("200 OK", lambda s: {"seen": s}),
    "200 in a list": Way("200 OK", lambda s: [s]),
    "200 cut in the middle": Way("200 OK", lambda s: json.dumps(_detail(s))[:-2]),
    "200 where a post should be": Way(
        "200 OK", lambda s: {"data": [{"id": s}, s, {"id": "1", "text": s}], "meta": {}}
    ),
    "200 where a page should be": Way("200 OK", lambda s: {"data": [], "meta": {"next_token": s}}),
    "200 where counts should be": Way("200 OK", lambda s: {"data": [{"start": s}], "meta": {}}),
    "200 in a post": Way("200 OK", lambda s: {"data": [_post(s)], "meta": {}}),
    "200 in a name": Way(
        "200 OK", lambda s: {"data": [{"id": "55", "username": "x", "name": s}], "meta": {}}
    ),
    "500 in JSON within JSON": Way("500 Oops", lambda s: {"detail": json.dumps({"sent": s})}),
}


APART = (
    "401", "403 in HTML", "429 with a long way to it", "503 as the reason", "200 with errors only",
    "200 where a post should be", "200 in a post", "200 in a name",
)  # fmt: skip
"""Those that come to different ends: a mail, the cursor, the journal, a conversation, a name."""


class Echo:
    """Stands before the simulated X: while `way` is set, it answers so. `seen` is what it saw."""

    def __init__(self, sim: SimulatedX) -> None:
        self._sim = sim
        self.way: Way | None = None
        self.seen: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        said = environ.get("HTTP_AUTHORIZATION", "")
        self.seen[said] += 1
        way = self.way
        if way is None:
            return self._sim(environ, start)
        body = way.body(said)
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = [("content-type", way.kind), *((name, said) for name in way.headers)]
        start(way.status.format(said), headers)
        return [body]
