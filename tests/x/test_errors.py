"""How trouble with X is sorted into kinds; what is no answer is trouble."""

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
def test_trouble_is_sorted_into_kinds(answer: tuple[Any, ...], kind: str, detail: str) -> None:
    """Given what X (or the way to it) does, then it is of this kind, in X's own words."""
    met = error_from(answer)
    assert met.kind == kind
    assert detail in met.detail
    assert len(met.detail) < 400


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
    ids=["cut", "after a mark", "a list", "under another name", "by way of a proxy"],
)
def test_possible_posts_are_not_quoted_in_errors(answer: tuple[Any, ...]) -> None:
    """Given posts in an answer that is none, then nothing of them stands in the trouble."""
    met = error_from(answer)
    assert met.kind == "unavailable"
    assert "Ivan" not in met.detail
    assert "77777" not in met.detail
    assert "of JSON" in met.detail or met.detail == "an answer without posts: posts"


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
    """Given an error as X sent it, then it is of this kind, and waits as X says."""
    said = json.loads((shared / "x-api" / "errors" / name).read_text(encoding="utf-8"))
    met = error_from((said["status"], said["headers"], said["body"]))
    assert met.kind == kind
    reset = said["headers"].get("x-rate-limit-reset")
    waits = kind == "rate_limited" and reset
    assert met.retry_at == (datetime.fromtimestamp(int(reset), UTC) if waits else None)


@pytest.mark.shared
def test_all_recorded_errors_are_tried(shared: Path) -> None:
    """Given another recording, then it is to be put into the table above."""
    assert {file.name for file in (shared / "x-api" / "errors").iterdir()} == set(RECORDED)


def test_a_limit_is_kept_from_every_answer_also_from_errors() -> None:
    """Given headers with a 200 and with a 429, then both tell what is left, and until when."""
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
def test_headers_that_say_nothing_are_no_limit(headers: dict[str, str]) -> None:
    """Given a 429 without a reset that can be read, then waiting is ours to decide."""
    assert error_from((429, headers, "Rate limit exceeded")).retry_at is None


@pytest.mark.parametrize("body", [{}, {"errors": [{"detail": "Over capacity"}]}, {"title": "No"}])
def test_an_answer_without_what_was_asked_is_trouble(body: Any) -> None:
    """Given a 200 that holds nothing, then nobody takes it for no posts, no counts, no users."""
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
def test_counts_that_cannot_be_read_are_trouble(rows: Any) -> None:
    """Given rows that are none, then nobody takes them for zeros."""
    x = XClient(lambda: APP, ScriptedTransport((200, {}, {"data": rows})))
    with pytest.raises(XError, match="counts that cannot be read"):
        x.counts("@a", NOON, NOON + timedelta(minutes=1))


@pytest.mark.parametrize("body", [{}, {"data": None}, {"meta": {}}, {"errors": []}])
def test_an_answer_that_tells_nothing_of_posts_removes_none(body: Any) -> None:
    """Given a 200 without posts and errors, then it is trouble, and not that nothing is gone."""
    found = XClient(lambda: APP, ScriptedTransport((200, {}, body))).absent(["1"])
    assert "without posts" in str(found.error)
    assert (found.absent, found.served) == ({}, 0)


def test_a_token_is_fetched_when_needed_and_again_after_a_401() -> None:
    """Given a token that no longer works, when a new one is stored, then it is taken up."""
    kept = [APP, Token(bearer="NEW-SECRET")]
    fetched: list[Token] = []

    def token() -> Token:
        fetched.append(kept[len(fetched)])
        return fetched[-1]

    wire = ScriptedTransport((401, {}, "Unauthorized"), (200, {}, {"meta": {}}))
    x = XClient(token, wire)
    assert not fetched
    with pytest.raises(XError):
        x.mentions("100", BOUNDS)
    x.mentions("100", BOUNDS)
    assert len(fetched) == 2
    assert wire.asked[-1]["HTTP_AUTHORIZATION"] == "Bearer NEW-SECRET"


def test_a_token_that_is_missing_is_trouble_of_that_kind() -> None:
    """Given no secret, then the trouble that says so comes through as it is."""

    def token() -> Token:
        raise XError("token", "no secret is kept at /pulse/x")

    with pytest.raises(XError, match="no secret is kept"):
        XClient(token, ScriptedTransport((200, {}, {}))).mentions("100", BOUNDS)


@pytest.mark.parametrize("token", [USER, APP])
def test_no_secret_is_ever_logged_or_said(
    token: Token, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG, in answers and errors of every kind: no part of a token shows anywhere."""
    caplog.set_level(logging.DEBUG)
    sim = SimulatedX(archive(tmp_path), lambda: NOON)
    XClient(lambda: token, WsgiTransport(sim)).mentions("100", BOUNDS)
    said = ""
    for answer, _, _ in KINDS.values():
        with pytest.raises(XError) as caught:
            XClient(lambda: token, ScriptedTransport(answer)).mentions("100", BOUNDS)
        cause: BaseException | None = caught.value
        while cause is not None:
            said += f"{cause!r} {cause}"
            cause = cause.__cause__ or cause.__context__
    assert "SECRET" not in said
    assert "SECRET" not in caplog.text
    assert "oauth_signature" not in caplog.text
