"""Compliance jobs over HTTP: tokens go to X only; ids and results have their own addresses."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from pulse.x.compliance import ComplianceApi, ComplianceJob
from pulse.x.faults import XError
from pulse_cli.simulated_x import DropError, WsgiTransport

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
SIGNED = "https://storage.example/up?X-Goog-Signature=SIGNATURE-SECRET"
RAW = {
    "id": "14",
    "name": "pulse",
    "type": "tweets",
    "status": "created",
    "upload_url": SIGNED,
    "download_url": SIGNED.replace("up", "down"),
    "created_at": "2030-05-14T12:00:00.000Z",
    "upload_expires_at": "2030-05-14T12:15:00.000Z",
    "download_expires_at": "2030-05-21T12:00:00.000Z",
}
ENDS = NOON + timedelta(minutes=15), NOON + timedelta(days=7)
JOB = ComplianceJob("14", "pulse", "created", SIGNED, RAW["download_url"], *ENDS)
STATUSES = ("created", "in_progress", "complete", "failed", "expired")


class Wire(WsgiTransport):
    """Gives every request the same answer; records the requests."""

    def __init__(self, status: int = 200, body: Any = b"", drop: str | None = None) -> None:
        super().__init__(self._answer)
        self._status, self._drop = status, drop
        self._body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        self.timeouts.append(how.get("timeout"))
        body = request.body or b""
        sent = body if isinstance(body, bytes) else str(body).encode()
        self.requests.append((f"{request.method} {request.url}", dict(request.headers), sent))
        return super().send(request)

    def _answer(self, _: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if self._drop:
            raise DropError(self._drop)
        start(f"{self._status} Said", [("location", "https://evil.example/")])
        return [self._body]


def make_api(**how: Any) -> tuple[ComplianceApi, Wire]:
    wire = Wire(**how)
    return ComplianceApi("BEARER-SECRET", wire), wire


def test_jobs_are_requested_as_the_app() -> None:
    """Jobs of posts are created and read with the bearer token, and each request has a time-out."""
    x, wire = make_api(body={"data": RAW})
    assert x.create("pulse") == x.job("14") == JOB
    (created, headers, body), (fetched, _, _) = wire.requests
    assert created == "POST https://api.twitter.com/2/compliance/jobs"
    assert fetched == "GET https://api.twitter.com/2/compliance/jobs/14"
    assert headers["Authorization"] == "Bearer BEARER-SECRET"
    assert json.loads(body) == {"type": "tweets", "name": "pulse"}
    assert all(wire.timeouts)


def test_only_unfinished_jobs_are_under_way() -> None:
    rows = [{**RAW, "id": str(n), "status": s} for n, s in enumerate(STATUSES)]
    x, _ = make_api(body={"data": rows})
    assert [job.status for job in x.under_way()] == ["created", "in_progress"]
    nothing, _ = make_api(body={"meta": {"result_count": 0}})
    assert nothing.under_way() == []


def test_no_token_goes_to_the_storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Uploads and downloads carry neither the bearer token nor a password from a netrc file."""
    (tmp_path / "netrc").write_text("machine storage.example login me password NETRC-SECRET\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    x, wire = make_api()
    x.upload(JOB, b"1\n2\n")
    x.results(JOB)
    (put, headers, body), (get, get_headers, _) = wire.requests
    assert put == f"PUT {SIGNED}"
    assert get == f"GET {JOB.download_url}"
    assert (body, headers["Content-Type"]) == (b"1\n2\n", "text/plain")
    for sent in (headers, get_headers):
        assert "Authorization" not in sent
        assert "SECRET" not in str(sent)
    assert all(wire.timeouts)


def result_lines(*reasons: str) -> bytes:
    rows = [{"id": str(n), "action": "delete", "reason": why} for n, why in enumerate(reasons)]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


LINES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "nothing": (b"", {}, 0),
    "each reason": (
        result_lines(
            "deleted", "deactivated", "protected", "suspended", "bounced", "scrub_geo", "new"
        ),
        {
            "0": "deleted",
            "1": "deactivated",
            "2": "protected",
            "3": "suspended",
            "4": "bounced",
            "6": "other",
        },
        0,
    ),
    "no newline at the end": (b'{"id": "1", "reason": "deleted"}', {"1": "deleted"}, 0),
    "lines that cannot be read": (
        b'{"id": "1", "reason": "deleted"}\nodd\n\n[]\n{"id": 2, "reason": "deleted"}\n'
        b'{"id": "3"}\n"x"\n\xff\xfe\n' + b"[" * 2000 + b'\n{"id": "4", "reason": "deleted"}\n',
        {"1": "deleted", "4": "deleted"},
        7,
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_results_are_read_line_by_line(case: str) -> None:
    """Results list the posts to remove and count the lines that could not be read."""
    body, removals, unreadable = LINES[case]
    x, _ = make_api(body=body)
    results = x.results(JOB)
    assert (results.gone, results.unreadable) == (removals, unreadable)


def test_results_that_are_too_long_raise_an_error() -> None:
    """Results are not read beyond a limit."""
    x, _ = make_api(body=(b"x" * 10**6 + b"\n") * 70)
    with pytest.raises(XError, match="more than 67108864 bytes"):
        x.results(JOB)


ADDRESSES = [
    "http://storage.example/up",
    "file:///etc/passwd",
    "https:///up",
    "https://me:pw@storage.example/up",
    "//storage.example/up",
    "",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_only_https_addresses_are_reached(url: str) -> None:
    """Nothing is sent to an address without https or a host, or with a password in it."""
    x, wire = make_api()
    job = ComplianceJob("14", None, "created", url, url, NOON, NOON)
    for act in (lambda: x.upload(job, b"1\n"), lambda: x.results(job)):
        with pytest.raises(XError, match="no https address"):
            act()
    assert wire.requests == []


@pytest.mark.parametrize(
    "how", [{"status": 302}, {"status": 403}, {"status": 500}, {"drop": "connect"}]
)
def test_a_refusal_of_the_storage_is_temporary_and_its_error_has_no_signature(how: Any) -> None:
    """When the storage redirects or refuses, the fault is `unavailable`, without the signature."""
    x, wire = make_api(**how)
    for act in (lambda: x.upload(JOB, b"1\n"), lambda: x.results(JOB)):
        with pytest.raises(XError) as caught:
            act()
        assert caught.value.kind == "unavailable"
        assert "SECRET" not in f"{caught.value}{caught.value.__cause__}"
        assert "storage.example" in str(caught.value)
    assert all("storage.example" in url for url, _, _ in wire.requests)


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"status": 403, "body": {"title": "Forbidden"}}, "forbidden"),
        ({"status": 401, "body": {"title": "no BEARER-SECRET"}}, "token"),
        ({"status": 429}, "rate_limited"),
        ({"status": 503}, "unavailable"),
        ({"drop": "timeout"}, "unavailable"),
        ({"body": b"<html>"}, "unavailable"),
        ({"body": []}, "unavailable"),
        ({"body": {"data": "odd"}}, "unavailable"),
        ({"body": {"data": {"id": "14"}}}, "unavailable"),
        ({"body": {"data": {**RAW, "upload_url": 5}}}, "unavailable"),
        ({"body": {"data": {**RAW, "upload_expires_at": "soon"}}}, "unavailable"),
        ({"body": {"data": {**RAW, "download_expires_at": None}}}, "unavailable"),
    ],
)
def test_faults_of_jobs_are_sorted_into_kinds(how: Any, kind: str) -> None:
    x, _ = make_api(**how)
    for act in (lambda: x.create("pulse"), lambda: x.job("14")):
        with pytest.raises(XError) as caught:
            act()
        assert caught.value.kind == kind
        assert "SECRET" not in str(caught.value)


def test_a_job_that_x_no_longer_knows() -> None:
    x, _ = make_api(body={"errors": [{"title": "Not Found Error"}]})
    assert x.job("14") is None
