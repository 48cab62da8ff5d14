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

from pulse.screens.locale import Locale
from pulse.screens.models import FaultMail
from pulse.screens.templates import phrases, words
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
    """The rate limit of an endpoint, from the headers of its last answer."""

    limit: int
    remaining: int
    resets_at: datetime


class RecordingAdapter(requests.adapters.BaseAdapter):
    """A transport to X that records headers: `quotas` by endpoint, and the token's `access`.

    `access` is X's own word: `read`, `read-write`, `read-write-directmessages`; None until X has
    answered. `on_response` is called after each answer, with the endpoint.
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
        """Send a request, record the headers of the answer, and return the answer."""
        endpoint = _endpoint(request.path_url)
        response = self._adapter.send(request, *args, **more)
        quota = _quota(response.headers)
        if quota is not None:
            self.quotas[endpoint] = quota
        self.access = response.headers.get("x-access-level", self.access)
        self._on_response(endpoint)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()


def simulated_x_url() -> str | None:
    """Return the URL of a simulated X from PULSE_X_URL; None if it is not set."""
    return os.environ.get("PULSE_X_URL") or None


def x_adapter(url: str | None) -> BaseUrlAdapter | None:
    """Return a transport to the X at this URL; None, which stands for the real X, without one.

    Raises:
        CommandError: it is not a URL.
    """
    if url is None:
        return None
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CommandError(f"{url!r} is not a URL for X; write for example http://127.0.0.1:5556")
    return BaseUrlAdapter(url)


def describe_x_error(error: XError, username: str) -> str:
    """Return in one line what went wrong with X, and how to fix it."""
    return ": ".join(explain_x_error(error, username))


def explain_x_error(error: XError, username: str) -> tuple[str, str]:
    """Return what went wrong with X, and how to fix it; `username` is the account that was read."""
    locale = Locale("en", "UTC")
    detail = one_line(error.detail)
    if error.kind in FOR_A_PERSON:
        kind: Any = error.kind
        advice = words(FaultMail("", datetime.now(UTC), kind, username, detail), locale)
        return f"{advice['title']} ({detail})", advice["steps"][0]
    wait = "try again in a minute"
    if error.retry_at is not None:
        wait = f"try again after {error.retry_at:%H:%M} UTC"
    return f"{phrases(locale)['fault'](error.kind)} ({detail})", wait


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
