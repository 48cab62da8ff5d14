"""How faults of X are sorted into kinds; an answer without content is a fault."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pulse.x.access import Limit, Token
from pulse.x.client import XClient
from pulse.x.faults import XError
from pulse_cli.simulated_x import SimulatedX, WsgiTransport
from tests.x.scripted_x import (
    APP,
    BOUNDS,
    KINDS,
    NOON,
    RESET,
    USER,
    ScriptedTransport,
    archive,
    error_from,
)


@pytest.mark.parametrize(("answer", "kind", "detail"), KINDS.values(), ids=KINDS)
def test_faults_are_sorted_into_kinds(answer: tuple[Any, ...], kind: str, detail: str) -> None:
    """What X, or the way to it, does gives a fault of this kind, with X's own words."""
    error = error_from(answer)
    assert error.kind == kind
    assert detail in error.detail
    assert len(error.detail) < 400


POSTS = '{"data":[{"text":"I am Ivan, 5551234","id":"17","author_id":"77777"'


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, POSTS),
        (200, {}, f"\ufeff\n {POSTS}"),
        (200, {}, POSTS.removeprefix('{"data":')),
        (200, {}, {"posts": [{"text": "I am Ivan, 5551234", "author_id": "77777"}]}),
        (203, {}, f"{POSTS}}}]}}"),
    ],
    ids=["cut", "after a byte order mark", "a list", "another key", "from a proxy"],
)
def test_possible_posts_are_not_quoted_in_errors(answer: tuple[Any, ...]) -> None:
    """The error of an unreadable answer quotes nothing of posts that may be in it."""
    error = error_from(answer)
    assert error.kind == "unavailable"
    assert "Ivan" not in error.detail
    assert "77777" not in error.detail
    assert "of JSON" in error.detail or error.detail == "an answer without posts: posts"


RECORDED = {
    "academictwitteR_400_users-208538.json": "request",
    "academictwitteR_401_tweets__search__all-90b063.json": "token",
    "academictwitteR_429_plain_text.json": "rate_limited",
    "code_402_credits_depleted.json": "credits",
    "issue_403_client_not_enrolled.json": "forbidden",
    "issue_429_rate_limit.json": "rate_limited",
}


@pytest.mark.shared
@pytest.mark.parametrize(("name", "kind"), RECORDED.items())
def test_recorded_errors(shared: Path, name: str, kind: str) -> None:
    """An error as X sent it is of this kind, and its retry time is the one X gave."""
    recorded = json.loads((shared / "x-api" / "errors" / name).read_text(encoding="utf-8"))
    error = error_from((recorded["status"], recorded["headers"], recorded["body"]))
    assert error.kind == kind
    reset = recorded["headers"].get("x-rate-limit-reset")
    waits = kind == "rate_limited" and reset
    assert error.retry_at == (datetime.fromtimestamp(int(reset), UTC) if waits else None)


@pytest.mark.shared
def test_all_recorded_errors_are_tried(shared: Path) -> None:
    """Every recording is in the table above."""
    assert {file.name for file in (shared / "x-api" / "errors").iterdir()} == set(RECORDED)


def test_answers_and_errors_carry_the_rate_limit() -> None:
    """The headers of a 200 and of a 429 say how many requests are left, and until when."""
    good = {"x-rate-limit-remaining": "17", "x-rate-limit-reset": "60"}
    wire = ScriptedTransport((200, good, {"meta": {}}), (429, RESET, "Rate limit exceeded"))
    x = XClient(lambda: USER, wire)
    assert x.mentions("100", BOUNDS).limit == Limit(17, datetime.fromtimestamp(60, UTC))
    with pytest.raises(XError) as caught:
        x.mentions("100", BOUNDS)
    assert caught.value.limit == Limit(0, datetime.fromtimestamp(99, UTC))
    assert caught.value.endpoint == "mentions"
    assert caught.value.retry_at == datetime.fromtimestamp(99, UTC)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-rate-limit-reset": "soon"},
        RESET | {"x-rate-limit-reset": "1905000000000"},
        RESET | {"x-rate-limit-reset": "9" * 30},
        RESET | {"x-rate-limit-remaining": "?"},
    ],
)
def test_invalid_headers_are_no_limit(headers: dict[str, str]) -> None:
    """A 429 without a readable reset has no retry time."""
    assert error_from((429, headers, "Rate limit exceeded")).retry_at is None


@pytest.mark.parametrize("body", [{}, {"errors": [{"detail": "Over capacity"}]}, {"title": "No"}])
def test_an_answer_without_data_is_a_fault(body: Any) -> None:
    """A 200 without content does not count as no posts, no counts or no users."""
    x = XClient(lambda: APP, ScriptedTransport((200, {}, body)))
    for ask in (
        lambda: x.mentions("100", BOUNDS),
        lambda: x.counts("@a", NOON, NOON + timedelta(minutes=1)),
        lambda: x.users(["7"]),
    ):
        with pytest.raises(XError) as caught:
            ask()
        assert caught.value.kind == "unavailable"


@pytest.mark.parametrize("rows", [[{"start": "x"}], [{"tweet_count": 1}], ["odd"], {"a": 1}, 5])
def test_unreadable_counts_are_a_fault(rows: Any) -> None:
    """Rows that are not counts are not taken for zeros."""
    x = XClient(lambda: APP, ScriptedTransport((200, {}, {"data": rows})))
    with pytest.raises(XError, match="counts that cannot be read"):
        x.counts("@a", NOON, NOON + timedelta(minutes=1))


@pytest.mark.parametrize("body", [{}, {"data": None}, {"meta": {}}, {"errors": []}])
def test_a_lookup_without_posts_removes_none(body: Any) -> None:
    """A 200 without posts and errors is a fault, and no post counts as absent."""
    found = XClient(lambda: APP, ScriptedTransport((200, {}, body))).absent(["1"])
    assert "without posts" in str(found.error)
    assert (found.absent, found.served) == ({}, 0)


def test_a_token_is_fetched_when_needed_and_again_after_a_401() -> None:
    """After a 401, the next request uses the token that is stored by then."""
    stored = [APP, Token(bearer="NEW-SECRET")]
    fetched: list[Token] = []

    def token() -> Token:
        fetched.append(stored[len(fetched)])
        return fetched[-1]

    wire = ScriptedTransport((401, {}, "Unauthorized"), (200, {}, {"meta": {}}))
    x = XClient(token, wire)
    assert not fetched
    with pytest.raises(XError):
        x.mentions("100", BOUNDS)
    x.mentions("100", BOUNDS)
    assert len(fetched) == 2
    assert wire.requests[-1]["HTTP_AUTHORIZATION"] == "Bearer NEW-SECRET"


def test_a_missing_token_is_a_fault_of_that_kind() -> None:
    """The error raised for a missing token reaches the caller unchanged."""

    def token() -> Token:
        raise XError("token", "no secret is kept at /pulse/x")

    with pytest.raises(XError, match="no secret is kept"):
        XClient(token, ScriptedTransport((200, {}, {}))).mentions("100", BOUNDS)


@pytest.mark.parametrize("token", [USER, APP])
def test_no_secret_is_logged_or_part_of_an_error(
    token: Token, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At level DEBUG, with answers and errors of every kind, no part of a token shows anywhere."""
    caplog.set_level(logging.DEBUG)
    sim = SimulatedX(archive(tmp_path), lambda: NOON)
    XClient(lambda: token, WsgiTransport(sim)).mentions("100", BOUNDS)
    messages = ""
    for answer, _, _ in KINDS.values():
        with pytest.raises(XError) as caught:
            XClient(lambda: token, ScriptedTransport(answer)).mentions("100", BOUNDS)
        cause: BaseException | None = caught.value
        while cause is not None:
            messages += f"{cause!r} {cause}"
            cause = cause.__cause__ or cause.__context__
    assert "SECRET" not in messages
    assert "SECRET" not in caplog.text
    assert "oauth_signature" not in caplog.text
