"""Recent search and recent counts: the query language, seven days, buckets."""

import pytest

SEARCH = "/2/tweets/search/recent"
COUNTS = "/2/tweets/counts/recent"


@pytest.fixture
def client(x, make_post):
    """Five posts with something to find in each."""

    def reference(kind: str, to: str) -> dict:
        return {"referenced_tweets": [{"type": kind, "id": to}], "conversation_id": "991"}

    both = [
        {"start": 0, "end": 11, "username": "nimbushelp", "id": "100"},
        {"start": 12, "end": 18, "username": "boris", "id": "8"},
    ]
    return x(
        [
            make_post(991, text="The router is &quot;down&quot; again"),
            make_post(992, author_id="8", text="same here", **reference("replied_to", "991")),
            make_post(993, text="RT @NimbusHelp: all well", **reference("retweeted", "5")),
            make_post(
                994,
                author_id="100",
                text="@anna is the router up?",
                in_reply_to_user_id="7",
                entities={"mentions": [{"start": 0, "end": 5, "username": "renamed", "id": "7"}]},
                **reference("replied_to", "991"),
            ),
            make_post(995, text="@nimbushelp @boris Роутер упал", entities={"mentions": both}),
        ]
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("@NimbusHelp", "995 993 992 991"),
        ("@nimbushelp -is:retweet", "995 992 991"),
        ("@anna", "994"),
        ("@renamed", "994"),
        ("@boris", "995"),
        ("from:anna", "995 993 991"),
        ("from:8", "992"),
        ("from:@Boris", "992"),
        ("from:nobody", ""),
        ("to:anna", "994"),
        ("conversation_id:991", "994 993 992 991"),
        ("conversation_id:991 is:reply", "994 992"),
        ("conversation_id:991 -is:reply", "993 991"),
        ("router", "994 991"),
        ("Router down", "991"),
        ("route", ""),
        ('"router is"', "991"),
        ('"is the router"', "994"),
        ("роутер", "995"),
        ("router OR роутер", "995 994 991"),
        ("@boris OR from:boris", "995 992"),
        ("(@boris OR from:boris) here", "992"),
        ("router -(down OR @boris)", "994"),
        ("@NimbusHelp OR @nimbushelp", "995 993 992 991"),
        ("from:anna router OR same", "992 991"),
    ],
)
def test_queries(client, query, found) -> None:
    """Names match in any case, by the mention and by the user behind it; AND binds before OR."""
    assert client.ids(SEARCH, query=query) == found.split()


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "is:retweet",
        "-router",
        "router OR -down",
        "has:media router",
        "lang:ru",
        "is:verified router",
        "(router",
        "router)",
        "router OR",
        "OR router",
        '"router',
        '""',
        "from: router",
        "()",
        "a" * 4097,
    ],
)
def test_queries_that_are_refused(client, query) -> None:
    assert client.problem(SEARCH, query=query)
    assert client.problem(COUNTS, query=query)


def test_a_missing_query_is_refused(client) -> None:
    assert client.problem(SEARCH) == "The `query` query parameter can not be empty"


def test_search_reaches_back_seven_days(x, make_post, clock) -> None:
    def days_ago(number: int, days: int, minutes: int = 0) -> dict:
        return make_post(number, created_at=f"2030-05-{14 - days:02}T12:{minutes:02}:00Z")

    client = x([days_ago(1, 8), days_ago(2, 7), days_ago(3, 7, 1), days_ago(4, 1)])
    assert client.ids(SEARCH, query="@NimbusHelp") == ["4", "3", "2"]
    clock.advance(seconds=1)
    assert client.ids(SEARCH, query="@NimbusHelp") == ["4", "3"]
    assert client.ids("/2/users/100/mentions") == ["4", "3", "2", "1"]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"start_time": "2030-05-07T11:59:59Z"}, "must be on or after 2030-05-07T12:00:00.000Z"),
        ({"end_time": "2030-05-07T11:59:59Z"}, "must be on or after"),
        ({"end_time": "2030-05-14T11:59:51Z"}, "must be a minimum of 10 seconds prior to the"),
        ({"start_time": "2030-05-14T12:00:00Z"}, "must be a minimum of 10 seconds prior to the"),
        ({"start_time": "2030-05-14T11:00:00Z", "end_time": "2030-05-14T11:00:00Z"}, "before the"),
        ({"since_id": "5", "start_time": "2030-05-14T11:00:00Z"}, "Invalid use of 'since_id'"),
        ({"until_id": "5", "end_time": "2030-05-14T11:00:00Z"}, "Invalid use of 'since_id'"),
        ({"start_time": "yesterday"}, "is not a date-time"),
        ({"since_id": "abc"}, "does not match ^[0-9]{1,19}$"),
        ({"since_id": "999"}, "Please use a 'since_id' that is larger than 999"),
    ],
)
def test_bounds_that_are_refused(x, make_post, bounds, message) -> None:
    old = make_post(999, created_at="2030-05-01T00:00:00Z")
    client = x([old, make_post(1000)])
    assert message in client.problem(SEARCH, query="a", **bounds)
    assert message in client.problem(COUNTS, query="a", **bounds)


def test_search_goes_past_the_wall_of_800(x, make_post) -> None:
    when = make_post(900)["created_at"]
    client = x([make_post(number, created_at=when) for number in range(1, 1001)])
    assert client.ids("/2/users/100/mentions", until_id=201) == []
    beyond = client.ids(SEARCH, query="@NimbusHelp", until_id=201, since_id=150, max_results=100)
    assert beyond == [str(number) for number in range(200, 150, -1)]


def test_pages_of_search_take_either_name_of_the_token(x, make_post) -> None:
    client = x([make_post(number) for number in range(985, 1000)])
    first = client.get(SEARCH, query="@nimbushelp", max_results=10).json()
    token = first["meta"]["next_token"]
    rest = [str(number) for number in range(989, 984, -1)]
    assert client.ids(SEARCH, query="@nimbushelp", next_token=token) == rest
    assert client.ids(SEARCH, query="@nimbushelp", pagination_token=token) == rest
    assert "no token of this list" in client.problem(SEARCH, query="@nimbus", next_token=token)


def test_counts_per_minute_between_two_times(x, make_post) -> None:
    bounds = {"start_time": "2030-05-14T11:56:30Z", "end_time": "2030-05-14T11:59:00Z"}
    client = x([make_post(n) for n in (996, 997, 998, 999)] + [make_post(5, author_id="100")])
    body = client.get(COUNTS, query="@NimbusHelp", granularity="minute", **bounds).json()
    assert body == {
        "data": [
            {
                "start": "2030-05-14T11:56:30.000Z",
                "end": "2030-05-14T11:57:00.000Z",
                "tweet_count": 0,
            },
            {
                "start": "2030-05-14T11:57:00.000Z",
                "end": "2030-05-14T11:58:00.000Z",
                "tweet_count": 1,
            },
            {
                "start": "2030-05-14T11:58:00.000Z",
                "end": "2030-05-14T11:59:00.000Z",
                "tweet_count": 1,
            },
        ],
        "meta": {"total_tweet_count": 2},
    }


@pytest.mark.parametrize(("granularity", "rows"), [("hour", 168), ("day", 8), ("minute", 10080)])
def test_counts_are_of_seven_days_in_whole_steps(x, make_post, granularity, rows) -> None:
    client = x([make_post(999), make_post(1000)])
    body = client.get(COUNTS, query="@nimbushelp", granularity=granularity).json()
    assert len(body["data"]) == rows
    assert body["data"][0]["start"] == "2030-05-07T12:00:00.000Z"
    assert body["data"][-1]["end"] == "2030-05-14T12:00:00.000Z"
    assert body["data"][-1]["tweet_count"] == 1
    assert client.get(COUNTS, query="@nimbushelp").json()["meta"] == {"total_tweet_count": 1}


def test_counts_take_an_app_token_only(x) -> None:
    answer = x([]).get(COUNTS, query="a", user="sim-100")
    assert answer.status_code == 403
    assert answer.json()["type"] == "https://api.twitter.com/2/problems/unsupported-authentication"
    assert x([], user_counts=True).get(COUNTS, query="a", user="sim-100").status_code == 200
