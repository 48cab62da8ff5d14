"""Injected faults: what goes wrong, and when, as an archive's faults.json says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from pulse_cli.simulated_x.timestamps import read_time

ENDPOINTS = (
    "mentions",
    "posts",
    "search",
    "counts",
    "users",
    "lookup",
    "compliance",
    "storage",
    "*",
)
FROM_EVER = datetime.min.replace(tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)
LEAST_STATUS, MOST_STATUS = 200, 599
DROPS = ("connect", "mid-body", "timeout")


class DropError(ConnectionError):
    """The connection must break here; `how` is one of `connect`, `mid-body`, `timeout`."""

    def __init__(self, how: str) -> None:
        super().__init__(f"dropped by a fault: {how}")
        self.how = how


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """Every `every`-th request to `endpoint` in [start, end) gets this answer or is dropped.

    `endpoint` is `*` for all. `drop` is None for an answer.
    """

    start: datetime
    end: datetime
    endpoint: str = "*"
    every: int = 1
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    drop: str | None = None

    @property
    def edges(self) -> tuple[datetime, ...]:
        """When the fault begins and ends; an open end is left out."""
        return tuple(edge for edge in (self.start, self.end) if edge not in (FROM_EVER, FOR_EVER))

    def applies_to(self, endpoint: str, now: datetime) -> bool:
        """Return whether a request to this endpoint at this instant is one to count."""
        return self.start <= now < self.end and self.endpoint in ("*", endpoint)


class FaultInjector:
    """The faults of an archive, with a count of the requests that each has seen."""

    def __init__(self, faults: tuple[InjectedFault, ...]) -> None:
        self._faults = faults
        self._seen = [0] * len(faults)

    def count_request(self, endpoint: str, now: datetime) -> InjectedFault | None:
        """Count a request; return the first fault that it gets, None if it gets none."""
        hit = None
        for index, fault in enumerate(self._faults):
            if fault.applies_to(endpoint, now):
                self._seen[index] += 1
                if self._seen[index] % fault.every == 0 and hit is None:
                    hit = fault
        return hit

    def is_active(self, at: datetime) -> bool:
        """Return whether a fault is in force at this instant, for whichever requests."""
        return any(fault.start <= at < fault.end for fault in self._faults)


def read_fault(raw: object) -> InjectedFault:
    """Return the fault in one entry of faults.json.

    Raises:
        ValueError: the entry is not a fault; the message is the reason.
    """
    if not isinstance(raw, dict):
        raise ValueError("the fault is not an object")
    start = _time(raw, "from") or FROM_EVER
    end = _time(raw, "until") or FOR_EVER
    if start >= end:
        raise ValueError("the fault ends before it begins; swap from and until")
    endpoint = raw.get("endpoint", "*")
    if endpoint not in ENDPOINTS:
        raise ValueError(f"endpoint {endpoint!r} is not one of {', '.join(ENDPOINTS)}")
    every = raw.get("every") or 1
    if not isinstance(every, int) or every < 1:
        raise ValueError(f"every {every!r} is not a whole number above 0")
    drop = raw.get("drop")
    if drop is not None and drop not in DROPS:
        raise ValueError(f"drop {drop!r} is not one of {', '.join(DROPS)}")
    if drop is None and raw.get("status") is None and "body" not in raw:
        raise ValueError("the fault does nothing; give it a status, a body or a drop")
    status = raw.get("status") or HTTPStatus.OK
    if not isinstance(status, int) or not LEAST_STATUS <= status <= MOST_STATUS:
        raise ValueError(f"status {status!r} is not an HTTP status")
    headers, body = _read_answer(raw, status)
    return InjectedFault(start, end, endpoint, every, int(status), headers, body, drop)


def _read_answer(raw: Mapping[str, Any], status: int) -> tuple[dict[str, str], str]:
    headers = raw.get("headers") or {}
    if not isinstance(headers, dict):
        raise ValueError("headers is not an object")
    headers = {str(name).lower(): str(value) for name, value in headers.items()}
    body = raw.get("body")
    if body is None and status >= HTTPStatus.BAD_REQUEST:
        title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Fault"
        body = {"title": title, "type": "about:blank", "status": status, "detail": title}
    if body is not None and not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False)
        headers.setdefault("content-type", "application/json; charset=utf-8")
    headers.setdefault("content-type", "text/plain;charset=utf-8")
    return headers, body or ""


def _time(raw: Mapping[str, Any], name: str) -> datetime | None:
    if raw.get(name) is None:
        return None
    try:
        return read_time(raw[name])
    except ValueError as error:
        raise ValueError(f"{name}: {error}; write it as 2030-05-14T09:00:00Z") from None
