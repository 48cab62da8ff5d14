"""Posts that are deleted, protected or merely lost: timelines, look-ups, compliance jobs."""

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


def removed_post(
    make_post, number: int, why: str = "deleted", at: datetime = SOON, **more: Any
) -> Any:
    return make_post(number, gone_at=at.isoformat(), gone_why=why, **more)


def look_up(client: XClient, *ids: str) -> tuple[list[str], dict[str, str]]:
    """The ids of the posts that are served, and of those that are not, with the title."""
    body = client.get("/2/tweets", ids=",".join(ids)).json()
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
def test_a_removed_post_is_in_no_list(x, make_post, clock, why, title) -> None:
    """Lists contain a post until it is removed; a lost post can still be looked up by its id."""
    client = x([make_post(998), removed_post(make_post, 999, why)])
    search = {"path": "/2/tweets/search/recent", "query": "@NimbusHelp"}
    clock.advance(minutes=9)
    assert client.ids(MENTIONS) == client.ids(**search) == ["999", "998"]
    assert look_up(client, "998", "999") == (["998", "999"], {})
    clock.advance(minutes=1)
    assert client.ids(MENTIONS) == client.ids(**search) == ["998"]
    assert look_up(client, "999", "998") == (
        (["999", "998"], {}) if title is None else (["998"], {"999": title})
    )


def test_look_ups_count_as_reads(x, make_post, clock) -> None:
    """A post that is looked up twice in a day is served twice, and the second is a reread."""
    client = x([make_post(998), removed_post(make_post, 999, at=NOON)])
    for _ in range(2):
        look_up(client, "998", "999", "12345")
    figures = client.app.usage()
    assert figures["posts_served"] == 2
    assert figures["rereads_within_day"] == 1
    assert figures["requests"]["by_endpoint"] == {"lookup": 2}


def test_an_edited_post_is_removed_with_all_its_versions(x, make_post) -> None:
    first = make_post(997, edit_history_tweet_ids=["997"])
    second = removed_post(make_post, 998, at=NOON, edit_history_tweet_ids=["997", "998"])
    client = x([first, second, make_post(999)])
    assert client.ids(MENTIONS) == ["999"]
    assert look_up(client, "997", "998", "999")[0] == ["999"]


def test_a_removed_post_is_not_included_with_others(x, make_post) -> None:
    """A deleted post is not included with a reply to it; an error names it instead."""
    reply = make_post(999, referenced_tweets=[{"type": "replied_to", "id": "998"}])
    body = (
        x([removed_post(make_post, 998, at=NOON), reply])
        .get(MENTIONS, expansions="referenced_tweets.id")
        .json()
    )
    assert "includes" not in body
    assert body["errors"][0]["resource_id"] == "998"


def test_a_removal_is_a_change_of_answers(x, make_post, clock) -> None:
    app = x([make_post(998), removed_post(make_post, 999)]).app
    assert app.next_change(NOON) == app.last_removal == SOON
    assert app.has_removals(NOON, SOON)
    assert not app.has_removals(SOON, SOON + timedelta(days=1))
    assert x([make_post(998)]).app.last_removal is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"gone_at": "yesterday"}, "gone_at: 'yesterday' is not an ISO time"),
        (
            {"gone_at": NOON.isoformat(), "gone_why": "bored"},
            "gone_why 'bored' is not one of deleted",
        ),
    ],
)
def test_a_post_with_an_invalid_removal_is_quarantined(write, make_post, more, message) -> None:
    archive = Archive.load(write([make_post(999, **more)]))
    [(_, reason)] = archive.quarantined
    assert message in reason


def upload(client: XClient, job: Any, *ids: str, **more: Any) -> int:
    headers = {"Content-Type": "text/plain", **more}
    text = "".join(f"{one}\n" for one in ids)
    return client.session.put(job["upload_url"], data=text, headers=headers).status_code


def results(client: XClient, job: Any, **headers: str) -> list[dict[str, str]]:
    answer = client.session.get(job["download_url"], headers=headers)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def status(client: XClient, job: Any) -> str:
    return str(client.get(f"{JOBS}/{job['id']}").json()["data"]["status"])


def test_a_job_from_its_creation_to_its_results(x, make_post, clock) -> None:
    """The results have a line for each uploaded id whose post is removed, and for no other."""
    whys = ("deleted", "protected", "suspended", "deactivated", "lost")
    posts = [removed_post(make_post, 990 + n, why, NOON) for n, why in enumerate(whys)]
    client = x([*posts, make_post(999)])
    job = client.post(JOBS, {"type": "tweets", "name": "pulse"}).json()["data"]
    assert (status(client, job), job["name"]) == ("created", "pulse")
    assert client.session.get(job["download_url"]).status_code == 404
    assert upload(client, job, *(str(990 + n) for n in range(10)), "4711", "no id") == 200
    assert status(client, job) == "in_progress"
    assert client.session.get(job["download_url"]).status_code == 404
    clock.advance(minutes=4)
    assert status(client, job) == "complete"
    found = results(client, job)
    assert {line["id"]: line["reason"] for line in found} == {
        str(990 + n): why for n, why in enumerate(whys) if why != "lost"
    }
    assert {line["action"] for line in found} == {"delete"}
    assert client.app.usage()["posts_served"] == 0


def test_one_job_of_a_kind_at_a_time_for_each_app(x, clock) -> None:
    """A second job of a kind is rejected until the first is complete; other apps do not see it."""
    client = x([])
    job = client.post(JOBS, {"type": "tweets"}).json()["data"]
    assert client.post(JOBS, {"type": "tweets"}).status_code == 400
    assert client.post(JOBS, {"type": "users"}).status_code == 200
    [listed] = client.get(JOBS, type="tweets", status="created").json()["data"]
    assert listed["id"] == job["id"]
    assert client.get(JOBS, type="tweets", token="other").json() == {"meta": {"result_count": 0}}
    assert "errors" in client.get(f"{JOBS}/{job['id']}", token="other").json()
    upload(client, job, "1")
    clock.advance(minutes=4)
    assert client.post(JOBS, {"type": "tweets"}).status_code == 200


def test_jobs_and_their_results_expire(x, clock) -> None:
    """A job without an upload expires after 15 minutes; results are available for a week."""
    client = x([])
    job = client.post(JOBS, {"type": "tweets"}).json()["data"]
    clock.advance(minutes=15)
    assert (status(client, job), upload(client, job, "1")) == ("expired", 400)
    second = client.post(JOBS, {"type": "tweets"}).json()["data"]
    upload(client, second, "1")
    clock.advance(days=6, hours=23)
    assert results(client, second) == []
    clock.advance(hours=1)
    assert client.session.get(second["download_url"]).status_code == 400
    assert "data" not in client.get(JOBS, type="tweets").json()


def test_the_storage_requires_a_signature_plain_text_and_no_token(x) -> None:
    client = x([])
    job = client.post(JOBS, {"type": "tweets"}).json()["data"]
    unsigned = {**job, "upload_url": job["upload_url"].partition("?")[0]}
    assert upload(client, unsigned, "1") == 403
    assert upload(client, job, "1", **{"Content-Type": "application/json"}) == 403
    assert upload(client, job, "1", Authorization="Bearer app") == 400
    assert upload(client, job, "1") == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "`type` is not one of"),
        (["tweets"], "`type` is not one of"),
        ({"type": "likes"}, "`type` is not one of"),
        ({"type": "tweets", "name": "n" * 65}, "`name` is longer"),
    ],
)
def test_invalid_jobs_are_rejected(x, body, message) -> None:
    answer = x([]).post(JOBS, body)
    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]["message"]


def test_jobs_are_for_apps_and_listed_by_kind(x) -> None:
    client = x([])
    for path in (JOBS, f"{JOBS}/1"):
        assert client.get(path, user="sim-7", type="tweets").status_code in (400, 403)
    assert client.get(JOBS).status_code == 400
    assert client.get(JOBS, type="tweets", status="expired").status_code == 400


def test_over_http_as_in_process(write, make_post, clock) -> None:
    """If the simulated X is served on a port, its adapter reaches the job storage there too."""
    app = SimulatedX(Archive.load(write([removed_post(make_post, 999, at=NOON)])), clock)
    client = XClient(app, clock)
    with serve(app) as server:
        client.session.mount("https://", BaseUrlAdapter(server.url))
        job = client.post(JOBS, {"type": "tweets"}).json()["data"]
        assert upload(client, job, "998", "999") == 200
        clock.advance(minutes=4)
        assert [line["id"] for line in results(client, job)] == ["999"]
