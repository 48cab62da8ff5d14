"""Batch compliance jobs of X: ids of posts are uploaded, and X says which must be deleted.

Jobs are created and asked for as the app. Ids and results are on another host, at signed
addresses: no token is sent there.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import urlsplit

import requests

from pulse.kernel.posts import RemovalReason
from pulse.x.access import Token
from pulse.x.faults import XError
from pulse.x.session import HOST, Session

_JOBS = "/2/compliance/jobs"
_KIND = "tweets"
_UNDER_WAY = ("created", "in_progress")
_TIMEOUT = (3.05, 60)
"""Seconds to connect and to read."""
_MOST_BYTES = 64 * 2**20
_CHUNK = 2**16
_NOT_OURS = "scrub_geo"
"""X asks to delete where a post was written; Pulse stores no places."""
_REASONS: dict[str, RemovalReason] = {why: why for why in get_args(RemovalReason)}


@dataclass(frozen=True, slots=True)
class ComplianceJob:
    """A job as X describes it: `created`, `in_progress`, `complete`, `failed` or `expired`."""

    id: str
    name: str | None
    status: str
    upload_url: str
    download_url: str
    upload_expires_at: datetime
    download_expires_at: datetime

    def status_at(self, now: datetime) -> str:
        """Return its status; `expired` also when the next step is no longer possible.

        X goes on to call a job `created` when its ids can no longer be uploaded, and `complete`
        when its results can no longer be downloaded.
        """
        created = self.status == "created"
        end = self.upload_expires_at if created else self.download_expires_at
        return "expired" if now >= end and self.status != "failed" else self.status


@dataclass(slots=True)
class ComplianceResults:
    """The findings of a job: why posts must be deleted, by id; and unreadable lines."""

    gone: dict[str, RemovalReason] = field(default_factory=dict)
    unreadable: int = 0


class ComplianceApi:
    """The compliance jobs of one app. Every method raises XError."""

    def __init__(self, bearer: str, transport: requests.adapters.BaseAdapter | None = None) -> None:
        self._bearer = bearer
        self._api = Session(Token(bearer=bearer))
        self._storage = requests.Session()
        # Else requests would send along what it finds in ~/.netrc, or in proxy settings.
        self._storage.trust_env = False
        if transport is not None:
            self._api.mount("https://", transport)
            self._storage.mount("https://", transport)

    def under_way(self) -> list[ComplianceJob]:
        """Return the app's unfinished jobs; X allows one at a time."""
        body = self._request("GET", _JOBS, params={"type": _KIND})
        jobs = [_job(raw) for raw in body.get("data", [])]
        return [job for job in jobs if job.status in _UNDER_WAY]

    def create(self, name: str) -> ComplianceJob:
        """Create a job; X refuses while one is under way."""
        body = self._request("POST", _JOBS, json={"type": _KIND, "name": name})
        return _job(body.get("data"))

    def job(self, job_id: str) -> ComplianceJob | None:
        """Return the job, or None when X no longer knows it."""
        data = self._request("GET", f"{_JOBS}/{job_id}").get("data")
        return None if data is None else _job(data)

    def upload(self, job: ComplianceJob, ids: bytes) -> None:
        """Upload the ids, one a line."""
        headers = {"Content-Type": "text/plain"}
        self._transfer("PUT", job.upload_url, data=ids, headers=headers).close()

    def results(self, job: ComplianceJob) -> ComplianceResults:
        """Download what the job found; posts that it does not name may stay."""
        results = ComplianceResults()
        with self._transfer("GET", job.download_url, stream=True) as response:
            for line in _lines(response):
                _read(line, results)
        return results

    def _request(self, method: str, route: str, **more: Any) -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {self._bearer}"}
        answer = self._api.request(method, f"{HOST}{route}", headers=bearer, **more)
        return self._api.object_in(answer)

    def _transfer(self, method: str, url: str, **more: Any) -> requests.Response:
        """Send a request to the host of ids and results; whatever it refuses is tried again."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username:
            raise XError("unavailable", "X gave no https address for the ids of a job")
        try:
            response = self._storage.request(
                method, url, timeout=_TIMEOUT, allow_redirects=False, **more
            )
        except requests.RequestException as problem:  # its text may hold the signed address
            raise XError("unavailable", f"{parts.hostname}: {type(problem).__name__}") from None
        if response.status_code != requests.codes.ok:
            response.close()
            raise XError("unavailable", f"{parts.hostname}: {response.status_code}")
        return response


def _lines(response: requests.Response) -> Iterator[bytes]:
    """Yield the lines of results, which may be large, without holding more than one chunk."""
    read, rest = 0, b""
    try:
        for chunk in response.iter_content(_CHUNK):
            read += len(chunk)
            if read > _MOST_BYTES:
                raise XError("unavailable", f"results of more than {_MOST_BYTES} bytes")
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
    except requests.RequestException as problem:
        raise XError("unavailable", f"results: {type(problem).__name__}") from None
    yield rest


def _read(line: bytes, results: ComplianceResults) -> None:
    if not line.strip():
        return
    try:
        found = json.loads(line)
        post_id, reason = found["id"], found["reason"]
    except (ValueError, TypeError, KeyError, RecursionError):
        post_id = reason = None
    # A line that cannot be read is counted and reported, but must not hold up the other deletions.
    if not isinstance(post_id, str) or not isinstance(reason, str):
        results.unreadable += 1
    elif reason != _NOT_OURS:
        results.gone[post_id] = _REASONS.get(reason, "other")


def _job(raw: Any) -> ComplianceJob:
    try:
        texts = [raw[name] for name in ("id", "status", "upload_url", "download_url")]
        times = [
            datetime.fromisoformat(raw[name]).astimezone(UTC)
            for name in ("upload_expires_at", "download_expires_at")
        ]
    except (KeyError, TypeError, ValueError):
        raise XError("unavailable", "a compliance job that cannot be read") from None
    if not all(isinstance(text, str) for text in texts):
        raise XError("unavailable", "a compliance job that cannot be read")
    job_id, status, upload_url, download_url = texts
    name = raw["name"] if isinstance(raw.get("name"), str) else None
    return ComplianceJob(job_id, name, status, upload_url, download_url, *times)
