"""Counts of what was served, and when answers may change."""

from datetime import UTC, datetime, timedelta

from pulse_cli.simulated_x import Archive, SimulatedX

MENTIONS = "/2/users/100/mentions"
NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)


def at(**later: float) -> datetime:
    return NOON + timedelta(**later)


def test_rereads_are_distinguished_by_utc_day(x, make_post, clock) -> None:
    client = x([make_post(998), make_post(999)])
    client.get(MENTIONS)
    client.get(MENTIONS, since_id=998)
    clock.advance(days=1)
    client.get(MENTIONS)
    client.get(MENTIONS)
    figures = client.app.usage()
    assert figures["posts_served"] == 7
    assert figures["distinct_posts"] == 2
    assert figures["rereads_within_day"] == 3
    assert figures["rereads_across_days"] == 2
    assert client.app.reads["998"] == {NOON.date(), at(days=1).date()}


def test_requests_users_and_includes(x, make_post) -> None:
    client = x(
        [make_post(998), make_post(999, referenced_tweets=[{"type": "quoted", "id": "998"}])]
    )
    client.get(MENTIONS, expansions="author_id,referenced_tweets.id")
    client.get(MENTIONS, max_results=1)
    client.get("/2/users", ids="7,8,9")
    client.get("/2/users/me", user="sim-100")
    client.get("/2/tweets/counts/recent", query="@nimbushelp")
    client.get("/2/nowhere")
    client.get(MENTIONS, token=None)
    assert client.app.usage() == {
        "requests": {
            "total": 7,
            "by_endpoint": {"counts": 1, "mentions": 3, "other": 1, "users": 2},
            "by_status": {"200": 4, "400": 1, "401": 1, "404": 1},
        },
        "posts_served": 2,
        "distinct_posts": 2,
        "rereads_within_day": 0,
        "rereads_across_days": 0,
        "includes_served": 1,
        "users_served": 4,
    }


def test_answers_change_when_posts_come_or_are_edited_and_when_faults_begin_or_end(
    x, make_post
) -> None:
    app = x(
        [
            make_post(1001),
            make_post(1002, visible_at=at(minutes=30).isoformat()),
            make_post(1003, edit_history_tweet_ids=["1001", "1003"]),
        ],
        faults=[{"from": at(hours=2).isoformat(), "until": at(hours=3).isoformat(), "status": 500}],
    ).app
    moments = []
    moment = NOON
    while moment := app.next_change(moment):
        moments.append(moment - NOON)
    minutes = [1, 3, 30, 120, 180]
    assert moments == [timedelta(minutes=minute) for minute in minutes]


def test_a_fault_without_an_end_does_not_change_at_the_end_of_time(x) -> None:
    app = x([], faults=[{"from": at(hours=1).isoformat(), "status": 500}]).app
    assert app.next_change(NOON) == at(hours=1)
    assert app.next_change(at(hours=1)) is None
    assert app.has_fault(at(days=900))


def test_an_edit_that_no_longer_names_the_company_changes_its_answers_too(
    write, make_post, clock
) -> None:
    posts = [make_post(999), make_post(1005, edit_history_tweet_ids=["999", "1005"], entities=None)]
    app = SimulatedX(Archive.load(write(posts)).for_company("Nimbus"), clock)
    assert app.next_change(NOON) == at(minutes=5)


def test_late_posts_are_found_by_when_they_are_shown(x, make_post) -> None:
    app = x([make_post(1001), make_post(1002, visible_at=at(minutes=30).isoformat())]).app
    assert not app.has_late_posts(NOON, at(minutes=29))
    assert app.has_late_posts(at(minutes=29), at(minutes=30))
    assert not app.has_late_posts(at(minutes=30), at(minutes=31))


def test_when_a_fault_is_in_force(x) -> None:
    app = x(
        [], faults=[{"from": NOON.isoformat(), "until": at(hours=1).isoformat(), "body": ""}]
    ).app
    assert [app.has_fault(at(hours=hour)) for hour in (-0.1, 0, 0.9, 1)] == [
        False,
        True,
        True,
        False,
    ]
