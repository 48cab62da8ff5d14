"""X through tweepy, over the wire: what it asks, and how trouble is sorted into kinds."""

import json
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from pulse.adapters.x import X
from pulse.domain.access import Limit, Token
from pulse.domain.trouble import TroubleError
from pulse.domain.walk import Bounds
from pulse_cli.simulated_x import Archive, DropError, SimulatedX, WsgiTransport

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
USER = Token("BEARER-SECRET", "KEY-SECRET", "KEY-SECRET2", "ACCESS-SECRET", "ACCESS-SECRET2")
APP = Token(bearer="BEARER-SECRET")
RESET = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "99"}
BOUNDS = Bounds(start=NOON)
NOT_FOUND = {
    "resource_id": "2",
    "parameter": "ids",
    "resource_type": "tweet",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
}


class Wire(WsgiTransport):
    """Answers each request with what is next on the list; remembers what was asked, and how."""

    def __init__(self, *answers: tuple[int, dict[str, str], Any]) -> None:
        super().__init__(self._answer)
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        self.timeouts.append(how.get("timeout"))
        return super().send(request)

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ)
        status, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(body, DropError):
            if not status:
                raise body
            headers = {**headers, "content-length": "4096"}
        if not isinstance(body, str | DropError):
            body = json.dumps(body)
        start(f"{status} Said", list(headers.items()))
        return _broken(body) if isinstance(body, DropError) else [body.encode()]

    def params(self, number: int = -1) -> dict[str, str]:
        query = parse_qs(self.asked[number]["QUERY_STRING"])
        return {name: values[0] for name, values in query.items()}


def _broken(drop: DropError) -> Iterable[bytes]:
    yield b'{"data":['
    raise drop


def trouble(*answers: tuple[int, dict[str, str], Any]) -> TroubleError:
    """The trouble that comes of these answers."""
    x = X(lambda: USER, Wire(*answers))
    with pytest.raises(TroubleError) as caught:
        x.mentions("100", BOUNDS)
    return caught.value


def problem(status: int, title: str, kind: str = "about:blank", **more: Any) -> tuple[Any, ...]:
    body = {"title": title, "detail": f"{title}.", "type": kind, "status": status, **more}
    return status, {}, body


USAGE = "https://api.twitter.com/2/problems/usage-capped"
CREDITS = "https://api.twitter.com/2/problems/credits"
TYPE = "https://api.twitter.com/2/problems/"
HTML = "<!DOCTYPE html><html><body>Something is technically wrong.</body></html>"

KINDS: dict[str, tuple[tuple[Any, ...], str, str]] = {
    "rate limited": (problem(429, "Too Many Requests"), "rate_limited", "429 Too Many Requests."),
    "rate limited in plain text": (
        (429, RESET, "Rate limit exceeded\n"),
        "rate_limited",
        "429 Rate limit exceeded",
    ),
    "usage cap": (
        problem(429, "UsageCapExceeded", USAGE, period="Monthly"),
        "usage_cap",
        "429 UsageCapExceeded.",
    ),
    "usage cap by its type alone": (problem(429, "Too Much", USAGE), "usage_cap", "429 Too Much."),
    "no credits": (problem(402, "CreditsDepleted", CREDITS), "credits", "402 CreditsDepleted."),
    "no credits, said otherwise": (problem(402, "Payment Required"), "credits", "402 Payment"),
    "token": (problem(401, "Unauthorized"), "token", "401 Unauthorized."),
    "token, in plain text": ((401, {}, "Unauthorized"), "token", "401 Unauthorized"),
    "forbidden": (problem(403, "Client Forbidden"), "forbidden", "403 Client Forbidden."),
    "no such account": (problem(404, "Not Found"), "account", "404 Not Found."),
    "not understood": (
        (400, {}, {"errors": [{"message": "`ids` is odd"}], "detail": "Invalid."}),
        "request",
        "400 `ids` is odd; Invalid.",
    ),
    "down": ((503, {}, {"title": "Service Unavailable", "status": 503}), "unavailable", "503 Serv"),
    "down, a page of HTML": ((502, {}, HTML), "unavailable", "502 <!DOCTYPE html>"),
    "down, without a word": ((500, {}, ""), "unavailable", "500 Said"),
    "an error that is a list": ((500, {}, ["odd"]), "unavailable", '500 ["odd"]'),
    "errors that are no list": ((400, {}, {"errors": "odd", "title": "Bad"}), "request", "400 Bad"),
    "a status nobody knows": ((299, {}, {}), "unavailable", "299"),
    "HTML with a 200": ((200, {}, HTML), "unavailable", "no JSON"),
    "JSON cut in the middle": ((200, {}, '{"data":[{"id":"1"'), "unavailable", "no JSON"),
    "nothing with a 200": ((200, {}, ""), "unavailable", "no JSON"),
    "a list with a 200": ((200, {}, []), "unavailable", "JSON list"),
    "only errors with a 200": (
        (200, {}, {"errors": [{"detail": "Over capacity"}]}),
        "unavailable",
        "only errors: Over capacity",
    ),
    "a suspended account, with a 200": (
        (
            200,
            {},
            {
                "errors": [
                    {
                        "parameter": "id",
                        "detail": "User has been suspended: [100].",
                        "title": "Forbidden",
                        "resource_type": "user",
                        "type": f"{TYPE}resource-not-found",
                    }
                ]
            },
        ),
        "account",
        "User has been suspended",
    ),
    "an account that we may not see, with a 200": (
        (
            200,
            {},
            {
                "errors": [
                    {
                        "detail": "Sorry, you are not authorized to see the user.",
                        "title": "Authorization Error",
                        "resource_type": "user",
                        "type": f"{TYPE}not-authorized-for-resource",
                    }
                ]
            },
        ),
        "forbidden",
        "not authorized",
    ),
    "a time-out": ((0, {}, DropError("timeout")), "unavailable", "ReadTimeout"),
    "no connection": ((0, {}, DropError("connect")), "unavailable", "ConnectionError"),
    "cut off in the middle": (
        (200, {}, DropError("mid-body")),
        "unavailable",
        "ChunkedEncodingError",
    ),
}


@pytest.mark.parametrize(("answer", "kind", "detail"), KINDS.values(), ids=KINDS)
def test_trouble_is_sorted_into_kinds(answer: tuple[Any, ...], kind: str, detail: str) -> None:
    """Given what X (or the way to it) does, then it is of this kind, in X's own words."""
    met = trouble(answer)
    assert met.kind == kind
    assert detail in met.detail
    assert len(met.detail) < 400


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
    met = trouble((said["status"], said["headers"], said["body"]))
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
    wire = Wire((200, good, {"meta": {}}), (429, RESET, "Rate limit exceeded"))
    x = X(lambda: USER, wire)
    x.mentions("100", BOUNDS)
    assert x.limits == {"mentions": Limit(17, datetime.fromtimestamp(60, UTC))}
    with pytest.raises(TroubleError) as caught:
        x.mentions("100", BOUNDS)
    assert x.limits == {"mentions": Limit(0, datetime.fromtimestamp(99, UTC))}
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
    assert trouble((429, headers, "Rate limit exceeded")).retry_at is None


def test_every_call_has_a_time_out() -> None:
    """Whatever is asked, X has some seconds to answer, not for ever."""
    body = {"data": {"id": "7"}, "meta": {}}
    wire = Wire((200, {}, {"meta": {}}))
    x = X(lambda: USER, wire)
    x.mentions("100", BOUNDS)
    x.posts("100", BOUNDS)
    x.search("@a", BOUNDS)
    x.counts("@a", NOON, NOON + timedelta(minutes=1))
    x.users(["7"])
    wire.answers = [(200, {}, body)]
    x.user("anna")
    x.me()
    assert len(wire.timeouts) == 7
    assert all(connect <= 5 and read <= 15 for connect, read in wire.timeouts)


def test_what_is_asked_of_a_timeline() -> None:
    """Given bounds and a page token, then they go out in X's words, a hundred posts a page."""
    wire = Wire((200, {}, {"meta": {}}))
    x = X(lambda: USER, wire)
    x.posts("100", Bounds("5", "9", NOON, NOON + timedelta(hours=1)), "next")
    asked = wire.params()
    assert wire.asked[0]["PATH_INFO"] == "/2/users/100/tweets"
    assert asked.pop("tweet.fields").count(",") > 5
    assert asked == {
        "max_results": "100",
        "since_id": "5",
        "until_id": "9",
        "start_time": "2030-05-14T12:00:00Z",
        "end_time": "2030-05-14T13:00:00Z",
        "pagination_token": "next",
        "exclude": "retweets",
    }
    x.search("@a -is:retweet", Bounds(start=NOON), "next")
    assert wire.params()["next_token"] == "next"
    assert "expansions" not in wire.params()


@pytest.mark.parametrize(("token", "scheme"), [(USER, "OAuth"), (APP, "Bearer")])
def test_who_asks(token: Token, scheme: str) -> None:
    """The user's own token where there is one (its limits, its price), else the app's."""
    wire = Wire((200, {}, {"meta": {}}))
    X(lambda: token, wire).mentions("100", BOUNDS)
    assert wire.asked[0]["HTTP_AUTHORIZATION"].startswith(scheme)


def test_counts_are_the_apps_and_nobody_elses() -> None:
    """Given a user's token with a bearer, then counts go by the bearer; without one, not at all."""
    row = {"start": "2030-05-14T12:00:00.000Z", "end": "2030-05-14T12:01:00.000Z"}
    wire = Wire((200, {}, {"data": [row | {"tweet_count": 2}, row | {"post_count": 3}]}))
    x = X(lambda: USER, wire)
    assert x.counts("@a", NOON, NOON + timedelta(minutes=1)) == {NOON: 3}
    assert wire.asked[0]["HTTP_AUTHORIZATION"].startswith("Bearer")
    alone = Token(None, "k", "s", "a", "s")
    assert X(lambda: alone, wire).counts("@a", NOON, NOON + timedelta(minutes=1)) is None


@pytest.mark.parametrize("body", [{}, {"errors": [{"detail": "Over capacity"}]}, {"title": "No"}])
def test_an_answer_without_what_was_asked_is_trouble(body: Any) -> None:
    """Given a 200 that holds nothing, then nobody takes it for no posts, no counts, no users."""
    x = X(lambda: APP, Wire((200, {}, body)))
    for ask in (
        lambda: x.mentions("100", BOUNDS),
        lambda: x.counts("@a", NOON, NOON + timedelta(minutes=1)),
        lambda: x.users(["7"]),
    ):
        with pytest.raises(TroubleError) as caught:
            ask()
        assert caught.value.kind == "unavailable"


@pytest.mark.parametrize("rows", [[{"start": "x"}], [{"tweet_count": 1}], ["odd"], {"a": 1}, 5])
def test_counts_that_cannot_be_read_are_trouble(rows: Any) -> None:
    """Given rows that are none, then nobody takes them for zeros."""
    x = X(lambda: APP, Wire((200, {}, {"data": rows})))
    with pytest.raises(TroubleError, match="counts that cannot be read"):
        x.counts("@a", NOON, NOON + timedelta(minutes=1))


def archive(folder: Path) -> Archive:
    post = {
        "id": "1001",
        "text": "@NimbusHelp &lt;3",
        "author_id": "7",
        "created_at": "2030-05-14T11:00:00Z",
        "entities": {"mentions": [{"username": "NimbusHelp", "id": "100"}]},
    }
    account = {"id": "100", "username": "NimbusHelp", "role": "support"}
    (folder / "posts.ndjson").write_text(json.dumps(post) + "\n")
    (folder / "users.ndjson").write_text(json.dumps({"id": "7", "username": "anna"}) + "\n")
    (folder / "companies.json").write_text(json.dumps([{"name": "N", "accounts": [account]}]))
    return Archive.load(folder)


@pytest.mark.parametrize(
    ("spoken", "asked_first", "requests_made", "asked_last"),
    [
        ("tweet", "tweet", 1, "tweet"),
        ("tweet", "post", 2, "tweet"),
        ("post", "tweet", 2, "post"),
        ("post", "post", 1, "post"),
        ("mixed", "tweet", 1, "tweet"),
    ],
)
def test_the_words_that_x_understands_are_found(
    tmp_path: Path, spoken: Any, asked_first: Any, requests_made: int, asked_last: str
) -> None:
    """Given an X of one vocabulary, when asked in the other, then asked again in its own."""
    sim = SimulatedX(archive(tmp_path), lambda: NOON, spoken)
    x = X(lambda: USER, WsgiTransport(sim))
    x.vocabulary = asked_first
    page = x.mentions("100", Bounds(start=NOON - timedelta(days=1)))
    assert [(p.id, p.text, p.author_id) for p in page.posts] == [("1001", "@NimbusHelp <3", "7")]
    assert sim.requests.total() == requests_made
    assert x.vocabulary == asked_last
    assert x.reads == 1


def test_words_that_x_understands_no_more_are_trouble_for_a_person() -> None:
    """Given an X that takes neither vocabulary, then it is asked in both, and a person hears."""
    refusal = (400, {}, {"errors": [{"message": "`tweet.fields` is unknown"}], "title": "Invalid"})
    wire = Wire(refusal)
    x = X(lambda: USER, wire)
    with pytest.raises(TroubleError, match=r"tweet\.fields") as caught:
        x.mentions("100", BOUNDS)
    assert caught.value.kind == "request"
    assert ["tweet.fields" in wire.params(n) for n in range(len(wire.asked))] == [True, False]


def test_a_bad_request_about_something_else_is_not_asked_twice() -> None:
    """Given a 400 about an id, then the other vocabulary would not help."""
    wire = Wire((400, {}, {"errors": [{"message": "`id` is odd"}], "title": "Invalid"}))
    with pytest.raises(TroubleError):
        X(lambda: USER, wire).mentions("100", BOUNDS)
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    ("token", "scheme"),
    [(USER, "Bearer"), (APP, "Bearer"), (Token(None, "K", "S", "A", "S2"), "OAuth")],
)
def test_posts_are_asked_for_by_the_app_where_it_may(token: Token, scheme: str) -> None:
    """Given a bearer, then it asks: a user whom the author has blocked would be told of nothing."""
    wire = Wire(
        (200, {}, {"data": [{"id": "1"}], "errors": [NOT_FOUND, {**NOT_FOUND, "resource_id": "9"}]})
    )
    x = X(lambda: token, wire)
    assert x.absent(["1", "2"]) == {"2": "deleted"}
    assert wire.params() == {"ids": "1,2"}
    assert wire.asked[0]["HTTP_AUTHORIZATION"].startswith(scheme)
    assert x.reads == 1


@pytest.mark.parametrize("body", [{}, {"data": None}, {"meta": {}}, {"errors": []}])
def test_an_answer_that_tells_nothing_of_posts_removes_none(body: Any) -> None:
    """Given a 200 without posts and errors, then it is trouble, and not that nothing is gone."""
    with pytest.raises(TroubleError, match="without posts"):
        X(lambda: APP, Wire((200, {}, body))).absent(["1"])


def test_a_token_is_fetched_when_needed_and_again_after_a_401() -> None:
    """Given a token that no longer works, when a new one is stored, then it is taken up."""
    kept = [APP, Token(bearer="NEW-SECRET")]
    fetched: list[Token] = []

    def token() -> Token:
        fetched.append(kept[len(fetched)])
        return fetched[-1]

    wire = Wire((401, {}, "Unauthorized"), (200, {}, {"meta": {}}))
    x = X(token, wire)
    assert not fetched
    with pytest.raises(TroubleError):
        x.mentions("100", BOUNDS)
    x.mentions("100", BOUNDS)
    assert len(fetched) == 2
    assert wire.asked[-1]["HTTP_AUTHORIZATION"] == "Bearer NEW-SECRET"


def test_a_token_that_is_missing_is_trouble_of_that_kind() -> None:
    """Given no secret, then the trouble that says so comes through as it is."""

    def token() -> Token:
        raise TroubleError("token", "no secret is kept at /pulse/x")

    with pytest.raises(TroubleError, match="no secret is kept"):
        X(token, Wire((200, {}, {}))).mentions("100", BOUNDS)


def test_users(tmp_path: Path) -> None:
    """Given ids, then those whom X shows; a handle that nobody has is trouble `account`."""
    x = X(lambda: USER, WsgiTransport(SimulatedX(archive(tmp_path), lambda: NOON)))
    assert [a.username for a in x.users(["7", "8"])] == ["anna"]
    assert x.user("anna").id == "7"
    with pytest.raises(TroubleError) as caught:
        x.user("nobody")
    assert caught.value.kind == "account"


@pytest.mark.parametrize("token", [USER, APP])
def test_no_secret_is_ever_logged_or_said(
    token: Token, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG, in answers and errors of every kind: no part of a token shows anywhere."""
    caplog.set_level(logging.DEBUG)
    sim = SimulatedX(archive(tmp_path), lambda: NOON)
    X(lambda: token, WsgiTransport(sim)).mentions("100", BOUNDS)
    said = ""
    for answer, _, _ in KINDS.values():
        with pytest.raises(TroubleError) as caught:
            X(lambda: token, Wire(answer)).mentions("100", BOUNDS)
        cause: BaseException | None = caught.value
        while cause is not None:
            said += f"{cause!r} {cause}"
            cause = cause.__cause__ or cause.__context__
    assert "SECRET" not in said
    assert "SECRET" not in caplog.text
    assert "oauth_signature" not in caplog.text
