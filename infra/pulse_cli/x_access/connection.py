"""Connects the command to X: records its rate-limit headers and explains its errors."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from pulse.screens.advice import advise, fault_label
from pulse.screens.locale import Locale
from pulse.screens.models import FaultMail
from pulse.x.faults import FOR_A_PERSON, XError
from pulse.x.session import BaseUrlAdapter
from pulse_cli.errors import CommandError
from pulse_cli.terminal import one_line

__all__ = [
    "Quota",
    "RecordingAdapter",
    "describe_x_error",
    "explain_x_error",
    "simulated_x_url",
    "x_adapter",
]

_ENDPOINTS = (
    ("mentions", re.compile(r"/2/users/[0-9]+/mentions")),
    ("posts", re.compile(r"/2/users/[0-9]+/tweets")),
    ("search", re.compile(r"/2/tweets/search/recent")),
    ("counts", re.compile(r"/2/tweets/counts/recent")),
    ("users", re.compile(r"/2/users.*")),
)


@dataclass(frozen=True, slots=True)
class Quota:
    """What the headers of an endpoint's last answer told of its rate limit."""

    limit: int
    remaining: int
    resets_at: datetime


class RecordingAdapter(requests.adapters.BaseAdapter):
    """A way to X that notes the headers: `quotas` by endpoint, and what the token may do.

    `access` is X's own word: `read`, `read-write`, `read-write-directmessages`. `hear` is told
    of each answer, by endpoint.
    """

    def __init__(
        self,
        adapter: requests.adapters.BaseAdapter | None,
        on_response: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self._adapter = adapter or requests.adapters.HTTPAdapter()
        self._on_response = on_response
        self.quotas: dict[str, Quota] = {}
        self.access: str | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Send a request on its way, and note what comes with the answer."""
        endpoint = _endpoint(request.path_url)
        response = self._adapter.send(request, *args, **more)
        quota = _quota(response.headers)
        if quota is not None:
            self.quotas[endpoint] = quota
        self.access = response.headers.get("x-access-level", self.access)
        self._on_response(endpoint)
        return response

    def close(self) -> None:
        """Let go of the connections."""
        self._adapter.close()


def simulated_x_url() -> str | None:
    """Return where a simulated X answers, if the environment says so (PULSE_X_URL)."""
    return os.environ.get("PULSE_X_URL") or None


def x_adapter(url: str | None) -> BaseUrlAdapter | None:
    """Return the transport to X at that address; None for the real one, at its own."""
    if url is None:
        return None
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CommandError(f"{url!r} is not a URL for X; write for example http://127.0.0.1:5556")
    return BaseUrlAdapter(url)


def describe_x_error(error: XError, username: str) -> str:
    """Return what went wrong with X, in one line with the mend."""
    return ": ".join(explain_x_error(error, username))


def explain_x_error(error: XError, username: str) -> tuple[str, str]:
    """Return what went wrong with X, and the mend."""
    locale = Locale("en", "UTC")
    detail = one_line(error.detail)
    if error.kind in FOR_A_PERSON:
        kind: Any = error.kind
        advice = advise(FaultMail("", datetime.now(UTC), kind, username, detail), locale)
        return f"{advice.title} ({detail})", advice.steps[0]
    wait = "try again in a minute"
    if error.retry_at is not None:
        wait = f"try again after {error.retry_at:%H:%M} UTC"
    return f"{fault_label(error.kind, locale)} ({detail})", wait


def _endpoint(path_url: str) -> str:
    path = path_url.partition("?")[0]
    return next((name for name, route in _ENDPOINTS if route.fullmatch(path)), "other")


def _quota(headers: Mapping[str, str]) -> Quota | None:
    try:
        return Quota(
            int(headers["x-rate-limit-limit"]),
            int(headers["x-rate-limit-remaining"]),
            datetime.fromtimestamp(int(headers["x-rate-limit-reset"]), UTC),
        )
    except (KeyError, ValueError):
        return None
