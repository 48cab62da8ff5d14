"""Batch compliance at X: ids of posts go up, and down comes which of them must go.

The jobs are asked for as the app. The ids and the results lie on another host, at addresses
that are signed for the purpose: no token goes there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import urlsplit

import requests

from pulse.kernel.posts import RemovalReason
from pulse.privacy.compliance import ComplianceJob
from pulse.x.access import Token
from pulse.x.client import HOST, Session
from pulse.x.faults import XError

_JOBS = "/2/compliance/jobs"
_KIND = "tweets"
_UNDER_WAY = ("created", "in_progress")
_TIMEOUT = (3.05, 60)
_MOST_BYTES = 64 * 2**20
_CHUNK = 2**16
_KEEPS = "scrub_geo"
"""The place of a post is to go; we keep none."""
_WHYS: dict[str, RemovalReason] = {why: why for why in get_args(RemovalReason)}


@dataclass(slots=True)
class ComplianceResults:
    """What a job told: why posts must go, by id; and how many lines could not be read."""

    gone: dict[str, RemovalReason] = field(default_factory=dict)
    unreadable: int = 0


class ComplianceApi:
    """The jobs of one app. Every method raises `TroubleError`."""

    def __init__(self, bearer: str, transport: requests.adapters.BaseAdapter | None = None) -> None:
        self._bearer = bearer
        self._api = Session(Token(bearer=bearer), lambda *_: None)
        self._storage = requests.Session()
        self._storage.trust_env = False  # whose credentials it would find are for nobody there
        if transport is not None:
            self._api.mount("https://", transport)
            self._storage.mount("https://", transport)

    def under_way(self) -> list[ComplianceJob]:
        """The app's jobs that are not over; only one may be."""
        body = self._ask("GET", _JOBS, params={"type": _KIND})
        jobs = [_job(raw) for raw in body.get("data", [])]
        return [job for job in jobs if job.status in _UNDER_WAY]

    def create(self, name: str) -> ComplianceJob:
        """Make a job; X refuses while one is under way."""
        body = self._ask("POST", _JOBS, json={"type": _KIND, "name": name})
        return _job(body.get("data"))

    def job(self, job_id: str) -> ComplianceJob | None:
        """The job, or None when X knows it no more."""
        data = self._ask("GET", f"{_JOBS}/{job_id}").get("data")
        return None if data is None else _job(data)

    def upload(self, job: ComplianceJob, ids: bytes) -> None:
        """Give the ids, one a line."""
        headers = {"Content-Type": "text/plain"}
        self._store("PUT", job.upload_url, data=ids, headers=headers).close()

    def results(self, job: ComplianceJob) -> ComplianceResults:
        """What came of it; ids of which nothing is told are well."""
        results = ComplianceResults()
        with self._store("GET", job.download_url, stream=True) as response:
            for line in _lines(response):
                _read(line, results)
        return results

    def _ask(self, method: str, route: str, **more: Any) -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {self._bearer}"}
        response = self._api.request(method, f"{HOST}{route}", headers=bearer, **more)
        try:
            body = response.json()
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise XError("unavailable", "an answer about compliance jobs that is not JSON")
        return body

    def _store(self, method: str, url: str, **more: Any) -> requests.Response:
        """Reach the host where ids and results lie; what it refuses may pass."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username:
            raise XError("unavailable", "X gave no https address for the ids of a job")
        try:
            response = self._storage.request(
                method, url, timeout=_TIMEOUT, allow_redirects=False, **more
            )
        except requests.RequestException as problem:  # its words hold the signature
            raise XError("unavailable", f"{parts.hostname}: {type(problem).__name__}") from None
        if response.status_code != requests.codes.ok:
            response.close()
            raise XError("unavailable", f"{parts.hostname}: {response.status_code}")
        return response


def _lines(response: requests.Response) -> Iterator[bytes]:
    """The lines, none held longer than it takes, and not without end."""
    read, left = 0, b""
    try:
        for chunk in response.iter_content(_CHUNK):
            read += len(chunk)
            if read > _MOST_BYTES:
                raise XError("unavailable", f"results of more than {_MOST_BYTES} bytes")
            *whole, left = (left + chunk).split(b"\n")
            yield from whole
    except requests.RequestException as problem:
        raise XError("unavailable", f"results: {type(problem).__name__}") from None
    yield left


def _read(line: bytes, results: ComplianceResults) -> None:
    if not line.strip():
        return
    try:
        told = json.loads(line)
        post_id, reason = told["id"], told["reason"]
    except (ValueError, TypeError, KeyError, RecursionError):
        post_id = reason = None
    if not isinstance(post_id, str) or not isinstance(reason, str):
        results.unreadable += 1
    elif reason != _KEEPS:
        results.gone[post_id] = _WHYS.get(reason, "other")


def _job(raw: Any) -> ComplianceJob:
    try:
        words = [raw[name] for name in ("id", "status", "upload_url", "download_url")]
        upload_until, download_until = (
            datetime.fromisoformat(raw[name]).astimezone(UTC)
            for name in ("upload_expires_at", "download_expires_at")
        )
    except (KeyError, TypeError, ValueError):
        raise XError("unavailable", "a compliance job that cannot be read") from None
    if not all(isinstance(word, str) for word in words):
        raise XError("unavailable", "a compliance job that cannot be read")
    job_id, status, upload, download = words
    name = raw.get("name")
    name = name if isinstance(name, str) else None
    return ComplianceJob(job_id, name, status, upload, download, upload_until, download_until)
