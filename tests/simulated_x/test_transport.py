"""In process and over a socket: tweepy and requests see the same X."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import tweepy

from pulse_cli.simulated_x import Archive, SimulatedX, WsgiTransport, serve

BEARER = {"Authorization": "Bearer b"}


@pytest.fixture
def client(x, make_post):
    """A tweepy client for an account, on the simulated X."""
    x_client = x([make_post(990), make_post(995, author_id="100", entities=None), make_post(999)])
    client = tweepy.Client("app", "k", "s", "sim-100", "secret", return_type=dict)
    client.session.mount("https://api.twitter.com", WsgiTransport(x_client.app))
    return client


def test_tweepy_reads_timelines_search_counts_and_users(client) -> None:
    mentions = client.get_users_mentions(
        100, tweet_fields=["author_id", "created_at"], max_results=5, since_id=990, user_auth=True
    )
    assert [post["id"] for post in mentions["data"]] == ["999"]
    assert client.get_users_tweets(100, exclude=["retweets"])["meta"]["newest_id"] == "995"
    found = client.search_recent_tweets("@nimbushelp -is:retweet", max_results=10, user_auth=True)
    assert found["meta"]["result_count"] == 2
    counts = client.get_recent_tweets_count("@nimbushelp", granularity="day")
    assert counts["meta"] == {"total_tweet_count": 2}
    assert client.get_users(ids=[7, 8])["data"][0]["username"] == "anna"
    assert client.get_users(usernames=["anna"])["data"][0]["id"] == "7"
    assert client.get_user(username="anna")["data"]["id"] == "7"
    assert client.get_me()["data"]["username"] == "NimbusHelp"


def test_tweepy_raises_its_own_errors(client) -> None:
    with pytest.raises(tweepy.BadRequest, match="not between 5 and 100"):
        client.get_users_mentions(100, max_results=1)
    with pytest.raises(tweepy.Forbidden, match="Application-Only is forbidden"):
        client.get_me(user_auth=False)
    client.bearer_token = None
    with pytest.raises(tweepy.Unauthorized):
        client.get_users_mentions(100)
    for _ in range(300):
        client.get_users_mentions(100, user_auth=True)
    with pytest.raises(tweepy.TooManyRequests) as caught:
        client.get_users_mentions(100, user_auth=True)
    assert caught.value.reset_time == 1904991300


def test_a_response_is_as_requests_makes_them(x, make_post) -> None:
    answer = x([make_post(999, text="ы &amp; ü")]).get("/2/users/100/mentions", max_results=5)
    assert answer.ok
    assert answer.reason == "OK"
    assert answer.encoding == "utf-8"
    assert "ы &amp; ü" in answer.text
    assert answer.url == "https://api.twitter.com/2/users/100/mentions?max_results=5"
    assert answer.request.headers["Authorization"] == "Bearer app"
    assert answer.elapsed.total_seconds() < 5


def test_the_same_over_a_socket_from_many_threads(write, make_post, clock) -> None:
    archive = Archive.load(write([make_post(number) for number in range(900, 1001)]))
    app = SimulatedX(archive, clock)
    with serve(app) as server:
        assert server.url.startswith("http://127.0.0.1:")

        def ask(_: int) -> int:
            url = f"{server.url}/2/users/100/mentions?max_results=100"
            return len(requests.get(url, headers=BEARER, timeout=5).json()["data"])

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(40))) == [100] * 40
        headers = requests.get(f"{server.url}/2/users?ids=7", headers=BEARER, timeout=5).headers
        assert headers["date"] == "Tue, 14 May 2030 12:00:00 GMT"
        assert headers["x-rate-limit-limit"] == "300"
    assert app.usage()["posts_served"] == 4000
    with pytest.raises(requests.ConnectionError):
        ask(0)


@pytest.mark.parametrize(
    ("drop", "error"),
    [
        ("connect", requests.exceptions.ConnectionError),
        ("timeout", requests.exceptions.ConnectionError),
        ("mid-body", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_drops_over_a_socket(write, clock, drop, error) -> None:
    faults = [{"from": "2030-05-14T12:00:00Z", "until": "2030-05-14T13:00:00Z", "drop": drop}]
    archive = Archive.load(write([], faults=faults))
    with serve(SimulatedX(archive, clock)) as server, pytest.raises(error):
        requests.get(f"{server.url}/2/users?ids=7", headers=BEARER, timeout=5)
