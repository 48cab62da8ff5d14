"""The simulated X against recorded answers of X: it serves the same."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from pulse_cli.simulated_x import Archive, SimulatedX

pytestmark = pytest.mark.shared

TIMELINES = [
    "mentions/users__1145936974064177152__mentions-d24b15.json",
    "user_tweets/users__17880989__tweets-d24b15.json",
    "user_tweets/users__2758518175__tweets-d24b15.json",
]
BARE = [
    "mentions/test_client_get_users_mentions.0.json",
    "mentions/test_asyncclient_get_users_mentions.0.json",
    "user_tweets/test_client_get_users_tweets.0.json",
    "search_recent/test_client_search_recent_tweets.0.json",
]


@pytest.fixture
def recorded(shared):
    def recorded(name: str) -> dict[str, Any]:
        return json.loads((shared / "x-api" / name).read_text())

    return recorded


@pytest.mark.parametrize("name", TIMELINES)
def test_a_recorded_timeline_comes_out_the_same(
    recorded, write, clock, x_client_class, name
) -> None:
    """The recordings are older than edit histories, so these are left out of the comparison."""
    recording = recorded(name)
    url, body = urlsplit(recording["url"]), recording["body"]
    account = url.path.split("/")[3]
    company = {"name": "A", "accounts": [{"id": account, "username": "a", "role": "support"}]}
    posts = [*body["data"], *body["includes"].get("tweets", [])]
    archive = Archive.load(write(posts, companies=[company], users=body["includes"]["users"]))
    assert archive.quarantined == []
    query = dict(parse_qsl(url.query))
    clock.now = datetime.fromisoformat(query["end_time"])
    client = x_client_class(SimulatedX(archive, clock), clock)
    answer = client.get(url.path, **query)
    served = answer.json()
    for post in [*served["data"], *served["includes"].get("tweets", [])]:
        assert post.pop("edit_history_tweet_ids") == [post["id"]]
    assert served["data"] == body["data"]
    assert served["meta"] == body["meta"]
    for kind, things in body["includes"].items():
        assert by_id(served["includes"][kind]) == by_id(things)
    assert served["includes"].keys() == body["includes"].keys()
    assert recording["headers"].keys() <= set(answer.headers)


def by_id(things: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {thing["id"]: thing for thing in things}


@pytest.mark.parametrize("name", BARE)
def test_answers_without_fields_have_the_recorded_shape(
    recorded, x, make_post, clock, name
) -> None:
    recording = recorded(name)
    mentions = {"mentions": [{"start": 0, "end": 1, "username": "Twitter", "id": "100"}]}
    when = (clock.now - timedelta(days=1)).isoformat()
    posts = [
        make_post(
            int(post["id"]),
            text=post["text"],
            created_at=when,
            author_id="100" if "user_tweets" in name else "7",
            entities=mentions,
        )
        for post in recording["body"]["data"]
    ]
    older = [{**post, "id": str(number)} for number, post in enumerate(posts * 10, start=1)]
    path = urlsplit(recording["request"]["uri"]).path.replace("783214", "100")
    query = {"query": "@twitter"} if "search" in name else {}
    answer = x([*posts, *older]).get(path, max_results=10, **query)
    served, body = answer.json(), recording["body"]
    # A recorded page may be short; ours is full.
    count = len(body["data"])
    for post in served["data"]:
        post["edit_history_tweet_ids"] = [post["id"]]
    assert served["data"][:count] == body["data"]
    assert served.keys() == body.keys()
    assert served["meta"].keys() == body["meta"].keys()
    assert {k: type(v) for k, v in served["meta"].items()} == {
        k: type(v) for k, v in body["meta"].items()
    }
    assert recording["headers"].keys() <= set(answer.headers)
    assert answer.headers["content-type"] == recording["headers"]["content-type"][0]


def test_partial_errors_are_as_recorded(recorded, x) -> None:
    client = x([])
    recording = recorded("partial_errors/users__by-ed3b03.json")["body"]
    served = client.get("/2/users/by", usernames="anna,adljfhjsd").json()
    assert served["errors"] == recording["errors"]
    assert served["data"][0].keys() == recording["data"][0].keys()
    recording = recorded("partial_errors/users__1405327120163872777__tweets-d24b15.json")["body"]
    assert client.get("/2/users/1405327120163872777/tweets").json() == recording


def test_errors_are_as_recorded(recorded, x) -> None:
    client = x([])
    invalid = recorded("errors/academictwitteR_400_users-208538.json")
    served = client.get("/2/users", ids="NA,NA,NA")
    assert (served.status_code, served.json()) == (invalid["status"], invalid["body"])
    unauthorized = recorded("errors/academictwitteR_401_tweets__search__all-90b063.json")
    assert client.get("/2/users", token=None).json() == unauthorized["body"]
    for _ in range(900):
        served = client.get("/2/users/me", user="sim-100")
    served = client.get("/2/users/me", user="sim-100")
    too_many = recorded("errors/issue_429_rate_limit.json")
    assert (served.status_code, served.json()) == (too_many["status"], too_many["body"])


def test_users_are_as_recorded(recorded, x) -> None:
    for name, path in (
        ("users/test_client_get_me.0.json", "/2/users/me"),
        ("users/test_client_get_user.0.json", "/2/users/by/username/anna"),
    ):
        body = recorded(name)["body"]
        served = x([]).get(path, user="sim-100").json()
        assert served.keys() == body.keys()
        assert served["data"].keys() == body["data"].keys()
