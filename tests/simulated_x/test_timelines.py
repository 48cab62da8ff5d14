"""Timelines by X's rules: order, pages, bounds, reach, and when posts become visible."""

from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MENTIONS = "/2/users/100/mentions"
POSTS = "/2/users/100/tweets"


def ids(*numbers: int) -> list[str]:
    return [str(number) for number in numbers]


def test_newest_first_by_id_as_a_number(x, make_post) -> None:
    client = x([make_post(999), make_post(1000), make_post(998)])
    assert client.ids(MENTIONS) == ids(1000, 999, 998)


def test_what_meta_says(x, make_post) -> None:
    meta = x([make_post(999), make_post(1000)]).get(MENTIONS).json()["meta"]
    assert meta == {"result_count": 2, "newest_id": "1000", "oldest_id": "999"}


def test_an_empty_timeline_is_meta_only(x) -> None:
    assert x([]).get(MENTIONS).json() == {"meta": {"result_count": 0}}


def test_a_mention_names_the_account_by_id_and_is_by_somebody_else(x, make_post) -> None:
    by_name = {"mentions": [{"start": 0, "end": 1, "username": "NimbusHelp", "id": "55"}]}
    client = x([make_post(998, entities=by_name), make_post(999, author_id="100"), make_post(1000)])
    assert client.ids(MENTIONS) == ids(1000)
    assert client.ids(POSTS) == ids(999)


@pytest.mark.parametrize(
    ("bounds", "numbers"),
    [
        ({"since_id": 998}, [1000, 999]),
        ({"until_id": 998}, [997, 996]),
        ({"since_id": 996, "until_id": 999}, [998, 997]),
        ({"start_time": "2030-05-14T11:58:00Z"}, [1000, 999, 998]),
        ({"end_time": "2030-05-14T11:58:00.000Z"}, [997, 996]),
        ({"start_time": "2030-05-14T11:57:01Z", "end_time": "2030-05-14T11:59:00Z"}, [998]),
        ({"since_id": 997, "start_time": "2030-05-14T12:00:00Z"}, [1000, 999, 998]),
        ({"until_id": 997, "end_time": "2030-05-14T12:00:00Z"}, [996]),
    ],
)
def test_bounds(x, make_post, bounds, numbers) -> None:
    """Ids exclude themselves, times are [start, end), and an id takes precedence over a time."""
    client = x([make_post(number) for number in range(996, 1001)])
    assert client.ids(MENTIONS, **bounds) == ids(*numbers)


def test_since_id_may_be_inclusive(x, make_post) -> None:
    client = x([make_post(number) for number in (998, 999, 1000)], since_id_inclusive=True)
    assert client.ids(MENTIONS, since_id=999) == ids(1000, 999)


def test_times_are_right_also_where_ids_are_not_in_their_order(x, make_post) -> None:
    late, early = make_post(999)["created_at"], make_post(900)["created_at"]
    client = x([make_post(998, created_at=late), make_post(999, created_at=early), make_post(1000)])
    assert client.ids(MENTIONS, start_time="2030-05-14T11:00:00Z") == ids(1000, 998)


def read_pages(client, path: str, **parameters: object) -> list[list[str]]:
    pages, token = [], {}
    while True:
        body = client.get(path, **parameters, **token).json()
        pages.append([post["id"] for post in body.get("data", [])])
        if "next_token" not in body["meta"]:
            return pages
        token = {"pagination_token": body["meta"]["next_token"]}


def test_pages_to_the_bottom(x, make_post) -> None:
    client = x([make_post(number) for number in range(989, 1001)])
    pages = read_pages(client, MENTIONS, max_results=5)
    assert [len(page) for page in pages] == [5, 5, 2]
    assert [*chain(*pages)] == ids(*range(1000, 988, -1))


def test_a_page_has_ten_posts_by_default(x, make_post) -> None:
    client = x([make_post(number) for number in range(900, 1001)])
    assert len(client.ids(MENTIONS)) == 10
    assert len(client.ids(MENTIONS, max_results=100)) == 100


@pytest.mark.parametrize("size", [4, 101, "many", "5,6", ""])
def test_page_sizes_out_of_bounds_are_refused(x, size) -> None:
    message = f"The `max_results` query parameter value [{size}] is not between 5 and 100"
    assert x([]).problem(MENTIONS, max_results=size) == message
    assert "between 10 and 100" in x([]).problem(
        "/2/tweets/search/recent", query="a", max_results=9
    )


def test_pages_stay_in_step_while_posts_arrive(x, make_post, clock) -> None:
    client = x([make_post(number) for number in range(990, 1003)])
    first = client.get(MENTIONS, max_results=5).json()
    clock.advance(minutes=2)
    token = first["meta"]["next_token"]
    assert client.ids(MENTIONS, max_results=5, pagination_token=token) == ids(*range(995, 990, -1))


def test_tokens_expire_and_belong_to_their_list(x, make_post, clock) -> None:
    client = x([make_post(number) for number in range(980, 1001)])
    token = client.get(MENTIONS).json()["meta"]["next_token"]
    assert "no token of this list" in client.problem(
        "/2/users/101/mentions", pagination_token=token
    )
    assert "no token" in client.problem(MENTIONS, pagination_token="garbage")
    assert "no token" in client.problem(MENTIONS, pagination_token="ы")
    clock.advance(hours=1)
    assert len(client.ids(MENTIONS, pagination_token=token)) == 10
    clock.advance(seconds=1)
    assert "expired" in client.problem(MENTIONS, pagination_token=token)


def test_only_the_newest_800_mentions_can_be_read(x, make_post) -> None:
    client = x([make_post(number) for number in range(100, 1000)])
    pages = read_pages(client, MENTIONS, max_results=100)
    assert [*chain(*pages)] == ids(*range(999, 199, -1))
    beyond = client.get(MENTIONS, until_id=200)
    assert (beyond.status_code, beyond.json()) == (200, {"meta": {"result_count": 0}})
    assert client.ids(MENTIONS, end_time=make_post(150)["created_at"]) == []


def test_only_the_newest_3200_own_posts_can_be_read_and_800_without_replies(x, make_post) -> None:
    when = make_post(1000)["created_at"]
    client = x([make_post(n, author_id="100", created_at=when) for n in range(1, 3301)])
    assert client.ids(POSTS, until_id=102, max_results=100) == ids(101)
    assert client.ids(POSTS, until_id=2502, exclude="replies") == ids(2501)


def test_excluded_posts_are_taken_out_of_full_pages(x, make_post) -> None:
    def own(number: int, kind: str | None) -> dict:
        references = [{"type": kind, "id": "1"}] if kind else None
        return make_post(number, author_id="100", referenced_tweets=references)

    client = x(
        [own(n, "retweeted") for n in range(994, 1000)]
        + [own(993, "replied_to"), own(992, None), own(991, "quoted")]
    )
    pages = read_pages(client, POSTS, max_results=5, exclude="retweets,replies")
    assert pages == [[], ids(992, 991)]
    assert client.ids(POSTS, exclude="replies")[-2:] == ids(992, 991)
    assert "is not one of [replies,retweets]" in client.problem(POSTS, exclude="quotes")


def test_a_post_exists_from_visible_at(x, make_post, clock) -> None:
    soon = (clock.now + timedelta(minutes=5)).isoformat()
    client = x([make_post(999, visible_at=soon), make_post(1000)])
    assert client.ids(MENTIONS) == ids(1000)
    assert client.ids("/2/tweets/search/recent", query="@nimbushelp") == ids(1000)
    clock.advance(minutes=5)
    assert client.ids(MENTIONS) == ids(1000, 999)
    assert client.ids(MENTIONS, since_id=1000) == []


def test_visible_at_before_publication_counts_as_publication(x, make_post) -> None:
    client = x([make_post(1001, visible_at="2030-05-14T11:00:00Z")])
    assert client.ids(MENTIONS) == []


def test_the_clock_may_go_back(x, make_post, clock) -> None:
    client = x([make_post(999), make_post(1000)])
    assert client.ids(MENTIONS) == ids(1000, 999)
    clock.advance(seconds=-1)
    assert client.ids(MENTIONS) == ids(999)


def test_of_an_edited_post_only_the_newest_version_is_shown(x, make_post, clock) -> None:
    unnamed = {"mentions": [{"start": 0, "end": 1, "username": "x", "id": "9"}]}
    versions = ["998", "1005", "1010"]
    client = x(
        [
            make_post(998, edit_history_tweet_ids=versions, text="first"),
            make_post(1000),
            make_post(1005, edit_history_tweet_ids=versions, text="second"),
            make_post(1010, edit_history_tweet_ids=versions, entities=unnamed),
        ]
    )
    assert client.ids(MENTIONS) == ids(1000, 998)
    assert client.get(MENTIONS).json()["data"][1]["edit_history_tweet_ids"] == ["998"]
    clock.advance(minutes=5)
    assert client.ids(MENTIONS) == ids(1005, 1000)
    assert client.get(MENTIONS).json()["data"][0]["edit_history_tweet_ids"] == ["998", "1005"]
    clock.advance(minutes=5)
    assert client.ids(MENTIONS) == ids(1000)


def test_a_version_shown_after_the_next_one_is_never_shown(x, make_post, clock) -> None:
    client = x(
        [
            make_post(998, visible_at="2030-05-14T13:00:00Z"),
            make_post(999, edit_history_tweet_ids=["998", "999"]),
        ]
    )
    assert client.ids(MENTIONS) == ids(999)
    clock.advance(hours=2)
    assert client.ids(MENTIONS) == ids(999)


def test_an_unknown_user_is_an_error_in_a_200(x) -> None:
    answer = x([]).get("/2/users/12345/mentions")
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert error["detail"] == "Could not find user with id: [12345]."
    assert "does not match" in x([]).problem("/2/users/anna/mentions")


def test_what_was_published_before_since_does_not_exist(x, make_post, clock) -> None:
    posts = [
        make_post(999),
        make_post(1000, referenced_tweets=[{"type": "replied_to", "id": "999"}]),
    ]
    client = x(posts, since=clock.now)
    body = client.get(MENTIONS, expansions="referenced_tweets.id").json()
    assert [post["id"] for post in body["data"]] == ids(1000)
    assert body["errors"][0]["value"] == "999"
    assert "includes" not in body


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    posts=st.lists(
        st.tuples(st.integers(1, 60), st.integers(-30, 30), st.integers(0, 20)),
        max_size=40,
        unique_by=lambda made: made[0],
    ),
    moments=st.lists(st.integers(-40, 60), min_size=1, max_size=5),
    size=st.integers(5, 12),
    since=st.integers(0, 60),
)
def test_walking_pages_gives_what_a_plain_reading_of_the_rules_gives(
    x, make_post, clock, posts, moments, size, since
) -> None:
    noon = clock.now
    client = x(
        [
            make_post(
                number,
                created_at=(noon + timedelta(minutes=at)).isoformat(),
                visible_at=(noon + timedelta(minutes=at + late)).isoformat(),
            )
            for number, at, late in posts
        ]
    )
    for moment in moments:
        clock.now = noon + timedelta(minutes=moment)
        seen = sorted((n for n, at, late in posts if at + late <= moment and n > since))
        pages = read_pages(client, MENTIONS, max_results=size, since_id=since)
        assert [*chain(*pages)] == ids(*reversed(seen))
    clock.now = noon
