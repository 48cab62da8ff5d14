"""Stands between Pulse and the simulated X: replaces or changes single answers."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from pulse_cli.simulated_x import SimulatedX
from tests.small_company import at

_STORAGE = "/compliance/"
"""Part of the paths whose answers are not JSON."""


class XInterceptor:
    """Stands before the simulated X: `instead` may answer for it, `change` may edit its JSON."""

    def __init__(
        self,
        sim: SimulatedX,
        instead: Callable[[dict[str, Any]], tuple[str, bytes] | None] = lambda _: None,
        change: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] = lambda _, body: body,
    ) -> None:
        self._sim = sim
        self._instead = instead
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._instead(environ)
        if answer is not None:
            status, body = answer
            start(status, [("content-type", "application/json")])
            return [body]
        begun: list[Any] = []
        content = b"".join(self._sim(environ, lambda *args: begun.append(args)))
        if begun[0][0].startswith("200") and not environ["PATH_INFO"].startswith(_STORAGE):
            content = json.dumps(self._change(environ, json.loads(content))).encode()
        headers = [(n, v) for n, v in begun[0][1] if n.lower() != "content-length"]
        start(begun[0][0], headers)
        return [content]


def fault(begin: float, end: float | None = None, **what: Any) -> dict[str, Any]:
    until = {} if end is None else {"until": at(end).isoformat()}
    return {"from": at(begin).isoformat(), **until, **what}


def with_invalid_posts(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Put things that are not posts among the mentions of an answer."""
    if "/mentions" in environ["PATH_INFO"] and body.get("data"):
        odd = [{"id": "12", "text": 5}, "odd", {"id": "13", "author_id": "7", "text": "no time"}]
        return {**body, "data": [odd[0], *body["data"], *odd[1:]]}
    return body
