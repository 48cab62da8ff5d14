"""What is asked of X, with which token, and in which vocabulary."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pulse.x.access import Limit, PageRequest, Token
from pulse.x.client import XClient
from pulse.x.faults import XError
from pulse_cli.simulated_x import SimulatedX, WsgiTransport
from tests.x.scripted_x import APP, BOUNDS, NOON, RESET, USER, ScriptedTransport, archive

NOT_FOUND = {
    "resource_id": "2",
    "parameter": "ids",
    "resource_type": "tweet",
    "type": "https://api.twitter.com/2/problems/resource-not-found",
}


def test_every_call_has_a_time_out() -> None:
    """No request waits longer than 5 seconds to connect, or 15 seconds for an answer."""
    body = {"data": {"id": "7"}, "meta": {}}
    wire = ScriptedTransport((200, {}, {"meta": {}}))
    x = XClient(lambda: USER, wire)
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
    """Bounds and page token are sent under X's names, and a page has up to 100 posts."""
    wire = ScriptedTransport((200, {}, {"meta": {}}))
    x = XClient(lambda: USER, wire)
    x.posts("100", PageRequest("5", "9", NOON, NOON + timedelta(hours=1), "next"))
    params = wire.params()
    assert wire.requests[0]["PATH_INFO"] == "/2/users/100/tweets"
    assert params.pop("tweet.fields").count(",") > 5
    assert params == {
        "max_results": "100",
        "since_id": "5",
        "until_id": "9",
        "start_time": "2030-05-14T12:00:00Z",
        "end_time": "2030-05-14T13:00:00Z",
        "pagination_token": "next",
        "exclude": "retweets",
    }
    x.search("@a -is:retweet", PageRequest(start=NOON, token="next"))
    assert wire.params()["next_token"] == "next"
    assert "expansions" not in wire.params()


@pytest.mark.parametrize(("token", "scheme"), [(USER, "OAuth"), (APP, "Bearer")])
def test_which_token_is_used(token: Token, scheme: str) -> None:
    """The user's own token is used where there is one (its limits, its price), else the app's."""
    wire = ScriptedTransport((200, {}, {"meta": {}}))
    XClient(lambda: token, wire).mentions("100", BOUNDS)
    assert wire.requests[0]["HTTP_AUTHORIZATION"].startswith(scheme)


def test_a_signature_goes_to_no_other_address() -> None:
    """A redirect is not followed; it is a fault."""
    wire = ScriptedTransport((307, {"location": "/2/elsewhere"}, ""), (200, {}, {"meta": {}}))
    with pytest.raises(XError) as caught:
        XClient(lambda: USER, wire).mentions("100", BOUNDS)
    assert caught.value.kind == "unavailable"
    assert len(wire.requests) == 1


def test_counts_are_requested_as_the_app_only() -> None:
    """Counts are requested with the bearer token; without one, there are none."""
    row = {"start": "2030-05-14T12:00:00.000Z", "end": "2030-05-14T12:01:00.000Z"}
    wire = ScriptedTransport(
        (200, {}, {"data": [row | {"tweet_count": 2}, row | {"post_count": 3}]})
    )
    x = XClient(lambda: USER, wire)
    assert x.counts("@a", NOON, NOON + timedelta(minutes=1)).by_minute == {NOON: 3}
    assert wire.requests[0]["HTTP_AUTHORIZATION"].startswith("Bearer")
    alone = Token(None, "k", "s", "a", "s")
    assert XClient(lambda: alone, wire).counts("@a", NOON, NOON + timedelta(minutes=1)) is None


@pytest.mark.parametrize(
    ("understood", "first", "requests_made", "last"),
    [
        ("tweet", "tweet", 1, "tweet"),
        ("tweet", "post", 2, "tweet"),
        ("post", "tweet", 2, "post"),
        ("post", "post", 1, "post"),
        ("mixed", "tweet", 1, "tweet"),
    ],
)
def test_the_vocabulary_that_x_understands_is_found(
    tmp_path: Path, understood: Any, first: Any, requests_made: int, last: str
) -> None:
    """When X does not understand the first vocabulary, the request is repeated in the other."""
    sim = SimulatedX(archive(tmp_path), lambda: NOON, understood)
    x = XClient(lambda: USER, WsgiTransport(sim))
    page = x.mentions("100", PageRequest(start=NOON - timedelta(days=1), vocabulary=first))
    assert [(p.id, p.text, p.author_id) for p in page.posts] == [("1001", "@NimbusHelp <3", "7")]
    assert sim.requests.total() == requests_made
    assert page.vocabulary == last
    assert page.served == 1


def test_a_request_that_fails_in_both_vocabularies_is_a_fault() -> None:
    """When X accepts neither vocabulary, the fault is `request`, which a person must fix."""
    refusal = (400, {}, {"errors": [{"message": "`tweet.fields` is unknown"}], "title": "Invalid"})
    wire = ScriptedTransport(refusal)
    x = XClient(lambda: USER, wire)
    with pytest.raises(XError, match=r"tweet\.fields") as caught:
        x.mentions("100", BOUNDS)
    assert caught.value.kind == "request"
    assert ["tweet.fields" in wire.params(n) for n in range(len(wire.requests))] == [True, False]


def test_a_bad_request_about_something_else_is_not_repeated() -> None:
    """A 400 about an id is not tried again in the other vocabulary."""
    wire = ScriptedTransport(
        (400, {}, {"errors": [{"message": "`id` is odd"}], "title": "Invalid"})
    )
    with pytest.raises(XError):
        XClient(lambda: USER, wire).mentions("100", BOUNDS)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("token", "scheme"),
    [(USER, "Bearer"), (APP, "Bearer"), (Token(None, "K", "S", "A", "S2"), "OAuth")],
)
def test_posts_are_looked_up_as_the_app_if_possible(token: Token, scheme: str) -> None:
    """Look-ups use the bearer token if there is one.

    To a user whom the author has blocked, X would not show posts that exist.
    """
    wire = ScriptedTransport(
        (200, {}, {"data": [{"id": "1"}], "errors": [NOT_FOUND, {**NOT_FOUND, "resource_id": "9"}]})
    )
    x = XClient(lambda: token, wire)
    found = x.absent(["1", "2"])
    assert found.absent == {"2": "deleted"}
    assert found.error is None
    assert wire.params() == {"ids": "1,2"}
    assert wire.requests[0]["HTTP_AUTHORIZATION"].startswith(scheme)
    assert (found.requested, found.served) == (2, 1)


def test_a_look_up_that_fails_in_the_middle_returns_what_was_served() -> None:
    """When X fails at the second hundred ids, the first is answered and counted as billed."""
    ids = [str(number) for number in range(1, 251)]
    served = [{"id": number} for number in ids[:100] if number != "2"]
    wire = ScriptedTransport((200, RESET, {"data": served, "errors": [NOT_FOUND]}), (503, {}, ""))
    found = XClient(lambda: USER, wire).absent(ids)
    assert [wire.params(n)["ids"].split(",") for n in range(2)] == [ids[:100], ids[100:200]]
    assert len(wire.requests) == 2
    assert (found.absent, found.requested, found.served) == ({"2": "deleted"}, 200, 99)
    assert found.error.kind == "unavailable"
    assert found.limit == Limit(0, datetime.fromtimestamp(99, UTC))


def test_users_are_requested_a_hundred_at_a_time() -> None:
    """When there are more ids than X takes at once, all of them are requested and returned."""
    ids = [str(number) for number in range(1, 131)]
    answers = [(200, {}, {"data": [{"id": i} for i in some]}) for some in (ids[:100], ids[100:])]
    wire = ScriptedTransport(*answers)
    found = XClient(lambda: USER, wire).users(ids)
    assert [author.id for author in found] == ids
    assert [wire.params(n)["ids"].count(",") + 1 for n in range(len(wire.requests))] == [100, 30]


def test_users(tmp_path: Path) -> None:
    """By id, the users that X shows are returned; an unknown handle is an `account` fault."""
    x = XClient(lambda: USER, WsgiTransport(SimulatedX(archive(tmp_path), lambda: NOON)))
    assert [a.username for a in x.users(["7", "8"])] == ["anna"]
    assert x.user("anna").id == "7"
    with pytest.raises(XError) as caught:
        x.user("nobody")
    assert caught.value.kind == "account"
