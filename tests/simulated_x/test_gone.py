"""What was deleted, protected or merely lost: timelines, look-ups, batch compliance jobs."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from pulse.x.session import BaseUrlAdapter
from pulse_cli.simulated_x import Archive, SimulatedX, serve
from tests.simulated_x.conftest import NOON, XClient

MENTIONS = "/2/users/100/mentions"
JOBS = "/2/compliance/jobs"
SOON = NOON + timedelta(minutes=10)


def gone(make_post, number: int, why: str = "deleted", at: datetime = SOON, **more: Any) -> Any:
    return make_post(number, gone_at=at.isoformat(), gone_why=why, **more)


def looked_up(asker: XClient, *ids: str) -> tuple[list[str], dict[str, str]]:
    """The ids of the posts that are served, and of those that are not, with the title."""
    body = asker.get("/2/tweets", ids=",".join(ids)).json()
    errors = {error["resource_id"]: error["title"] for error in body.get("errors", [])}
    return [post["id"] for post in body.get("data", [])], errors


@pytest.mark.parametrize(
    ("why", "title"),
    [
        ("deleted", "Not Found Error"),
        ("suspended", "Not Found Error"),
        ("deactivated", "Not Found Error"),
        ("protected", "Authorization Error"),
        ("lost", None),
    ],
)
def test_from_then_on_it_is_in_no_list(x, make_post, clock, why, title) -> None:
    """Given a post that goes, then lists have it until then; what is lost is had by its id."""
    asker = x([make_post(998), gone(make_post, 999, why)])
    search = {"path": "/2/tweets/search/recent", "query": "@NimbusHelp"}
    clock.advance(minutes=9)
    assert asker.ids(MENTIONS) == asker.ids(**search) == ["999", "998"]
    assert looked_up(asker, "998", "999") == (["998", "999"], {})
    clock.advance(minutes=1)
    assert asker.ids(MENTIONS) == asker.ids(**search) == ["998"]
    assert looked_up(asker, "999", "998") == (
        (["999", "998"], {}) if title is None else (["998"], {"999": title})
    )


def test_look_ups_count_as_reads(x, make_post, clock) -> None:
    """Given ids asked for twice a day, then what is found is served, the second time free."""
    asker = x([make_post(998), gone(make_post, 999, at=NOON)])
    for _ in range(2):
        looked_up(asker, "998", "999", "12345")
    figures = asker.app.usage()
    assert figures["posts_served"] == 2
    assert figures["rereads_within_day"] == 1
    assert figures["requests"]["by_endpoint"] == {"lookup": 2}


def test_an_edited_post_goes_with_all_its_versions(x, make_post) -> None:
    first = make_post(997, edit_history_tweet_ids=["997"])
    second = gone(make_post, 998, at=NOON, edit_history_tweet_ids=["997", "998"])
    asker = x([first, second, make_post(999)])
    assert asker.ids(MENTIONS) == ["999"]
    assert looked_up(asker, "997", "998", "999")[0] == ["999"]


def test_what_is_gone_does_not_come_along_with_others(x, make_post) -> None:
    """Given a reply to a deleted post, then the post is not among what comes along, and named."""
    reply = make_post(999, referenced_tweets=[{"type": "replied_to", "id": "998"}])
    body = (
        x([gone(make_post, 998, at=NOON), reply])
        .get(MENTIONS, expansions="referenced_tweets.id")
        .json()
    )
    assert "includes" not in body
    assert body["errors"][0]["resource_id"] == "998"


def test_the_clock_stops_where_a_post_goes(x, make_post, clock) -> None:
    app = x([make_post(998), gone(make_post, 999)]).app
    assert app.next_change(NOON) == app.last_removal == SOON
    assert app.has_removals(NOON, SOON)
    assert not app.has_removals(SOON, SOON + timedelta(days=1))
    assert x([make_post(998)]).app.last_removal is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gone_at": "yesterday"}, "gone_at: 'yesterday' is not an ISO time"),
        (
            {"gone_at": NOON.isoformat(), "gone_why": "bored"},
            "gone_why 'bored' is not one of deleted",
        ),
    ],
)
def test_a_post_that_goes_wrongly_lies_aside(write, make_post, more, said) -> None:
    archive = Archive.load(write([make_post(999, **more)]))
    [(_, reason)] = archive.quarantined
    assert said in reason


def upload(asker: XClient, job: Any, *ids: str, **more: Any) -> int:
    headers = {"Content-Type": "text/plain", **more}
    text = "".join(f"{one}\n" for one in ids)
    return asker.session.put(job["upload_url"], data=text, headers=headers).status_code


def results(asker: XClient, job: Any, **headers: str) -> list[dict[str, str]]:
    answer = asker.session.get(job["download_url"], headers=headers)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def status(asker: XClient, job: Any) -> str:
    return str(asker.get(f"{JOBS}/{job['id']}").json()["data"]["status"])


def test_a_job_from_its_making_to_its_results(x, make_post, clock) -> None:
    """Given ids of posts, then minutes later a line tells of each that is gone, and of no other."""
    whys = ("deleted", "protected", "suspended", "deactivated", "lost")
    posts = [gone(make_post, 990 + n, why, NOON) for n, why in enumerate(whys)]
    asker = x([*posts, make_post(999)])
    job = asker.post(JOBS, {"type": "tweets", "name": "pulse"}).json()["data"]
    assert (status(asker, job), job["name"]) == ("created", "pulse")
    assert asker.session.get(job["download_url"]).status_code == 404
    assert upload(asker, job, *(str(990 + n) for n in range(10)), "4711", "no id") == 200
    assert status(asker, job) == "in_progress"
    assert asker.session.get(job["download_url"]).status_code == 404
    clock.advance(minutes=4)
    assert status(asker, job) == "complete"
    found = results(asker, job)
    assert {line["id"]: line["reason"] for line in found} == {
        str(990 + n): why for n, why in enumerate(whys) if why != "lost"
    }
    assert {line["action"] for line in found} == {"delete"}
    assert asker.app.usage()["posts_served"] == 0


def test_one_job_of_a_kind_at_a_time_for_each_app(x, clock) -> None:
    """Given a job under way, then a second is refused, until the first is over; others may."""
    asker = x([])
    job = asker.post(JOBS, {"type": "tweets"}).json()["data"]
    assert asker.post(JOBS, {"type": "tweets"}).status_code == 400
    assert asker.post(JOBS, {"type": "users"}).status_code == 200
    [listed] = asker.get(JOBS, type="tweets", status="created").json()["data"]
    assert listed["id"] == job["id"]
    assert asker.get(JOBS, type="tweets", token="other").json() == {"meta": {"result_count": 0}}
    assert "errors" in asker.get(f"{JOBS}/{job['id']}", token="other").json()
    upload(asker, job, "1")
    clock.advance(minutes=4)
    assert asker.post(JOBS, {"type": "tweets"}).status_code == 200


def test_what_runs_out(x, clock) -> None:
    """Given nothing uploaded for 15 minutes, then the job is void; results last a week."""
    asker = x([])
    job = asker.post(JOBS, {"type": "tweets"}).json()["data"]
    clock.advance(minutes=15)
    assert (status(asker, job), upload(asker, job, "1")) == ("expired", 400)
    second = asker.post(JOBS, {"type": "tweets"}).json()["data"]
    upload(asker, second, "1")
    clock.advance(days=6, hours=23)
    assert results(asker, second) == []
    clock.advance(hours=1)
    assert asker.session.get(second["download_url"]).status_code == 400
    assert "data" not in asker.get(JOBS, type="tweets").json()


def test_the_storage_wants_its_signature_plain_text_and_no_token(x) -> None:
    asker = x([])
    job = asker.post(JOBS, {"type": "tweets"}).json()["data"]
    unsigned = {**job, "upload_url": job["upload_url"].partition("?")[0]}
    assert upload(asker, unsigned, "1") == 403
    assert upload(asker, job, "1", **{"Content-Type": "application/json"}) == 403
    assert upload(asker, job, "1", Authorization="Bearer app") == 400
    assert upload(asker, job, "1") == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "`type` is not one of"),
        (["tweets"], "`type` is not one of"),
        ({"type": "likes"}, "`type` is not one of"),
        ({"type": "tweets", "name": "n" * 65}, "`name` is longer"),
    ],
)
def test_a_job_that_is_none(x, body, said) -> None:
    answer = x([]).post(JOBS, body)
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]["message"]


def test_jobs_are_for_apps_and_listed_by_kind(x) -> None:
    asker = x([])
    for path in (JOBS, f"{JOBS}/1"):
        assert asker.get(path, user="sim-7", type="tweets").status_code in (400, 403)
    assert asker.get(JOBS).status_code == 400
    assert asker.get(JOBS, type="tweets", status="expired").status_code == 400


def test_over_http_as_in_process(write, make_post, clock) -> None:
    """Given the simulated X on a port, then the way to X leads to its storage as well."""
    app = SimulatedX(Archive.load(write([gone(make_post, 999, at=NOON)])), clock)
    asker = XClient(app, clock)
    with serve(app) as server:
        asker.session.mount("https://", BaseUrlAdapter(server.url))
        job = asker.post(JOBS, {"type": "tweets"}).json()["data"]
        assert upload(asker, job, "998", "999") == 200
        clock.advance(minutes=4)
        assert [line["id"] for line in results(asker, job)] == ["999"]
