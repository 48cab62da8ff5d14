"""How X rejects requests: authentication, rate limits, and faults from the archive."""

from email.utils import parsedate_to_datetime

import pytest
import requests

MENTIONS = "/2/users/100/mentions"


def test_nobody_is_answered_without_a_token(x) -> None:
    client = x([])
    answer = client.get(MENTIONS, token=None)
    assert answer.status_code == 401
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "about:blank",
        "status": 401,
        "detail": "Unauthorized",
    }
    assert "x-rate-limit-limit" not in answer.headers
    for value in ("Bearer ", "Bearer None", "Basic abc", 'OAuth oauth_consumer_key="k"', "OAuth"):
        url = f"https://api.twitter.com{MENTIONS}"
        assert client.session.get(url, headers={"Authorization": value}).status_code == 401


@pytest.mark.parametrize(
    "path", ["/", "/2/tweets/1", "/2/users/100/likes", "/2/users/100/mentions/", "/1.1/x.json"]
)
def test_anything_else_is_not_found(x, path) -> None:
    answer = x([]).get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["title"] == "Not Found"


def test_only_reading_is_simulated(x) -> None:
    assert x([]).session.post("https://api.twitter.com/2/users", data="x").status_code == 404


@pytest.mark.parametrize(
    ("path", "user", "app"),
    [
        (MENTIONS, 300, 450),
        ("/2/users/100/tweets", 900, 10_000),
        ("/2/tweets/search/recent?query=a", 300, 450),
        ("/2/tweets/counts/recent?query=a", 300, 300),
        ("/2/users?ids=7", 900, 300),
    ],
)
def test_limits_of_each_endpoint(x, path, user, app) -> None:
    client = x([])
    assert client.get(path, user="sim-100").headers["x-rate-limit-limit"] == str(user)
    assert client.get(path).headers["x-rate-limit-limit"] == str(app)


def test_a_window_runs_out_and_begins_anew(x, clock) -> None:
    client = x([])
    reset = str(int(clock.now.timestamp()) + 900)
    for left in range(299, -1, -1):
        answer = client.get(MENTIONS, user="sim-100")
        assert answer.status_code == 200
        assert answer.headers["x-rate-limit-remaining"] == str(left)
        assert answer.headers["x-rate-limit-reset"] == reset
        clock.advance(seconds=2.9)
    refused = client.get(MENTIONS, user="sim-100")
    assert refused.status_code == 429
    assert refused.headers["x-rate-limit-remaining"] == "0"
    assert refused.headers["x-rate-limit-reset"] == reset
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert refused.json() == {
        "title": "Too Many Requests",
        "type": "about:blank",
        "status": 429,
        "detail": "Too Many Requests",
    }
    assert client.get(MENTIONS, user="sim-101").status_code == 200
    assert client.get("/2/users/100/tweets", user="sim-100").status_code == 200
    clock.advance(seconds=30)
    assert client.get(MENTIONS, user="sim-100").headers["x-rate-limit-remaining"] == "299"


def test_refused_requests_count_against_the_limit(x) -> None:
    client = x([])
    assert client.get(MENTIONS, max_results=1).headers["x-rate-limit-remaining"] == "449"
    assert client.get(MENTIONS).headers["x-rate-limit-remaining"] == "448"


def test_headers_of_an_answer(x, clock) -> None:
    headers = x([]).get(MENTIONS).headers
    assert parsedate_to_datetime(headers["date"]) == clock.now
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["api-version"] == "2.159"
    assert x([], "post").get(MENTIONS).headers["api-version"] == "2.167"


def fault(**more: object) -> dict[str, object]:
    return {"from": "2030-05-14T12:10:00Z", "until": "2030-05-14T12:20:00Z", **more}


def statuses(client, path: str = MENTIONS, times: int = 4) -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


def test_a_fault_holds_from_until_excluded(x, clock) -> None:
    client = x([], faults=[fault(endpoint="mentions", status=503)])
    assert statuses(client, times=1) == [200]
    clock.advance(minutes=10)
    assert statuses(client, times=1) == [503]
    assert statuses(client, "/2/users/100/tweets", times=1) == [200]
    assert client.get(MENTIONS).json()["title"] == "Service Unavailable"
    clock.advance(minutes=10)
    assert statuses(client, times=1) == [200]


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("mentions", MENTIONS),
        ("posts", "/2/users/100/tweets"),
        ("search", "/2/tweets/search/recent?query=a"),
        ("counts", "/2/tweets/counts/recent?query=a"),
        ("users", "/2/users/me"),
        ("users", "/2/users/by/username/anna"),
        ("*", "/2/users?ids=7"),
    ],
)
def test_a_fault_of_each_endpoint(x, clock, endpoint, path) -> None:
    client = x([], faults=[fault(endpoint=endpoint, status=500)])
    clock.advance(minutes=10)
    assert statuses(client, path, times=2) == [500, 500]


def test_every_nth_request(x, clock) -> None:
    client = x([], faults=[fault(every=3, status=503), fault(every=2, status=502)])
    clock.advance(minutes=10)
    assert statuses(client, times=7) == [200, 502, 503, 502, 200, 503, 200]


def test_status_headers_and_body_as_written(x, clock) -> None:
    faults = [
        fault(
            status=429,
            headers={"x-rate-limit-reset": 1905000000, "Content-Type": "text/plain"},
            body="Rate limit exceeded\n",
        )
    ]
    client = x([], faults=faults)
    clock.advance(minutes=10)
    answer = client.get(MENTIONS)
    assert (answer.status_code, answer.text) == (429, "Rate limit exceeded\n")
    assert answer.headers["x-rate-limit-reset"] == "1905000000"
    assert answer.headers["content-type"] == "text/plain"
    assert "x-rate-limit-limit" not in answer.headers


def test_a_body_may_be_json_even_a_list_and_the_status_200(x, clock) -> None:
    client = x([], faults=[fault(body=[{"a": "ы"}])])
    clock.advance(minutes=10)
    assert client.get(MENTIONS).json() == [{"a": "ы"}]
    assert client.get(MENTIONS).headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("drop", "error"),
    [
        ("connect", requests.exceptions.ConnectionError),
        ("timeout", requests.exceptions.ReadTimeout),
        ("mid-body", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_drops_raise_what_requests_would_raise(x, clock, drop, error) -> None:
    client = x([], faults=[fault(drop=drop, every=2)])
    clock.advance(minutes=10)
    assert client.get(MENTIONS).status_code == 200
    with pytest.raises(error) as caught:
        client.get(MENTIONS)
    assert type(caught.value) is error
    assert client.app.requests == {("mentions", "200"): 1, ("mentions", drop): 1}


def test_a_fault_costs_no_reads_and_no_limit(x, make_post, clock) -> None:
    client = x(
        [make_post(999)], faults=[fault(drop="mid-body", every=2), fault(status=500, every=3)]
    )
    clock.advance(minutes=10)
    assert client.get(MENTIONS).headers["x-rate-limit-remaining"] == "449"
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(MENTIONS)
    assert client.get(MENTIONS).status_code == 500
    assert client.app.usage()["posts_served"] == 1
