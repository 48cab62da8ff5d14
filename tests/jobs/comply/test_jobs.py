"""What goes on X after its first day: found by compliance jobs, at no read."""

import pytest

from pulse.audit.entries import LogEntry
from pulse.conversations.facts import Position
from tests.jobs.removals import billed, everything, gone, removed
from tests.jobs.town import HELP, NEWS, Build, Posts, alone, at

from .days import HOUR, THREE_DAYS, check, jobs


def test_deleted_after_three_days_gone_within_seven_hours(posts: Posts, town: Build) -> None:
    """Given a mention deleted three days on, then the job finds it, at no read, and says so."""
    post = posts.mention(1, "7", text="@acme_help my number is 12345", **gone(THREE_DAYS))
    stays = posts.mention(2, "8")
    here = town(alone()).go(0, 3)
    check(here, 10, THREE_DAYS - 10)
    assert here.stored == {post, stays}
    check(here, THREE_DAYS, THREE_DAYS + 7 * HOUR)
    assert here.stored == {stays}
    assert "12345" not in everything(here)
    assert removed(here) == [(1, "deleted")]
    assert billed(here) == here.sim.figures()["posts_served"] == 2
    digest = here.digest(THREE_DAYS + 7 * HOUR, THREE_DAYS)
    assert "1 post was removed from Pulse because it was deleted or protected on X" in digest.text
    assert here.failures == []


def test_a_job_in_its_steps(posts: Posts, town: Build) -> None:
    """Given kept posts, then ids go up, X is waited for, and six hours later it begins again."""
    posts.mention(1, "7")
    here = town(alone()).go(0, 2)
    assert check(here, 10, 30) == ["uploaded", "done", "not due"]
    assert check(here, 40, 360) == ["not due"] * 33
    assert check(here, 370, 390) == ["uploaded", "done", "not due"]
    assert here.sim.requests["storage", "200"] == 4
    assert jobs(here) == 6


def test_with_nothing_kept_no_job_is_made(posts: Posts, town: Build) -> None:
    here = town(alone()).go(0)
    assert check(here, 10, 380) == [
        "nothing is kept",
        *["not due"] * 35,
        "nothing is kept",
        "not due",
    ]
    assert here.sim.requests["storage", "200"] == 0


WHYS = ("deleted", "protected", "suspended", "deactivated", "lost")


@pytest.mark.parametrize("why", WHYS)
def test_why_it_is_gone(posts: Posts, town: Build, why: str) -> None:
    """Given a post that goes by each way, then it goes here; of an account, the name as well."""
    post = posts.mention(1, "7", **gone(THREE_DAYS, why))
    here = town(alone()).go(0, 2, 16, 17)
    assert here.world.app.db.author_cache.find(["7"])
    check(here, THREE_DAYS, THREE_DAYS + 10)
    assert here.stored == ({post} if why == "lost" else set())
    assert removed(here) == ([] if why == "lost" else [(1, why)])
    known = here.world.app.db.author_cache.find(["7"])
    assert bool(known) == (why in ("deleted", "lost"))


def test_all_kinds_of_posts_are_asked_for(posts: Posts, town: Build) -> None:
    """Given open, answered, closed, edited, own posts and what lies aside, then all of it goes."""
    late = gone(THREE_DAYS)
    answered = posts.mention(1, "7", text="@acme_help secret A", **late)
    posts.reply(3, answered)
    closed = posts.mention(1, "8", text="@acme_help secret B", **late)
    first = posts.mention(2, "9", text="@acme_help secret C", **late)
    posts.edit(5, first, "@acme_help secret D")
    posts.news(4)
    posts.lines[-1] |= {"text": "secret E", **late}
    odd = posts.mention(6, "10", **late)
    posts.mention(7, "11")
    here = town().go(0, 4, 8)
    position = Position("p", "spam", frozenset({closed}), "anna", at(9))
    here.add(closed, position, customer="8")
    for raw in ({"id": odd, "author_id": "10", "text": "secret F"}, {"id": [odd]}, None, "odd"):
        row = LogEntry("aside", at(8), {"account": "acme_help", "reason": "odd", "raw": raw})
        here.world.app.db.audit_log.append("acme", [row])
    assert all(f"secret {letter}" in everything(here) for letter in "ABCDEF")
    check(here, THREE_DAYS, THREE_DAYS + 10)
    assert "secret" not in everything(here)
    assert len(here.states()) == 1
    assert sum(count for count, _ in removed(here)) == 5
    assert len(here.journal("aside")) == 4
    assert here.sim.figures()["rereads_across_days"] == 0


def test_what_our_own_account_answered_stays_answered(posts: Posts, town: Build) -> None:
    """Given our account suspended, then our answers stay; one that we deleted opens the wait."""
    first, second = posts.mention(1, "7"), posts.mention(1, "8")
    posts.reply(3, first, **gone(THREE_DAYS, "suspended"))
    posts.reply(4, second, **gone(THREE_DAYS))
    here = town(alone()).go(0, 5)
    check(here, THREE_DAYS, THREE_DAYS + 10)
    states = here.states()
    assert (states[first].status, states[second].status) == ("answered", "open")


def test_two_companies_of_one_app_are_one_job(posts: Posts, town: Build) -> None:
    """Given companies that share an app, then their ids go up together, and each loses its own."""
    first = posts.mention(1, "7", to=[HELP], **gone(THREE_DAYS))
    second = posts.mention(2, "8", to=[NEWS], **gone(THREE_DAYS))
    stays = posts.mention(3, "9", to=[NEWS])
    one, two = alone()["companies"][0], alone()["companies"][0]
    two |= {
        "name": "zenith",
        "accounts": [{"id": NEWS, "username": "acme", "role": "support", "token": "acme_help"}],
    }
    here = town({"companies": [one, two]}).go(0, 4)
    assert here.stored == {first, second, stays}
    assert check(here, THREE_DAYS, THREE_DAYS + 20) == ["uploaded", "done", "not due"]
    assert here.stored == {stays}
    for company in ("acme", "zenith"):
        rows = here.world.app.db.audit_log.read(company, at(THREE_DAYS), at(THREE_DAYS + 20))
        assert [row.what["posts"] for row in rows] == [1]
