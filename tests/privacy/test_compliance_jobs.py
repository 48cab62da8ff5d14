"""Posts removed from X after their first day are found by compliance jobs, without a read."""

import pytest

from pulse.audit.entries import LogEntry
from pulse.conversations.facts import Position
from tests.privacy.comply_days import HOUR, THREE_DAYS, compliance_requests, run_comply
from tests.privacy.deleted_posts import billed, deleted_at, removed, table_text
from tests.small_company import HELP, NEWS, Build, Posts, at, one_account_settings


def test_a_post_deleted_after_three_days_is_removed_within_seven_hours(
    posts: Posts, small_company: Build
) -> None:
    """The compliance job finds the post without a billed read, and the digest reports it."""
    post = posts.mention(1, "7", text="@acme_help my number is 12345", **deleted_at(THREE_DAYS))
    stays = posts.mention(2, "8")
    here = small_company(one_account_settings()).run_minutes(0, 3)
    run_comply(here, 10, THREE_DAYS - 10)
    assert here.stored == {post, stays}
    run_comply(here, THREE_DAYS, THREE_DAYS + 7 * HOUR)
    assert here.stored == {stays}
    assert "12345" not in table_text(here)
    assert removed(here) == [(1, "deleted")]
    assert billed(here) == here.sim.usage()["posts_served"] == 2
    digest = here.digest(THREE_DAYS + 7 * HOUR, THREE_DAYS)
    assert "1 post was removed from Pulse because it was deleted or protected on X" in digest.text
    assert here.failures == []


def test_the_steps_of_a_job(posts: Posts, small_company: Build) -> None:
    """Ids are uploaded, results are fetched, and six hours later the next job begins."""
    posts.mention(1, "7")
    here = small_company(one_account_settings()).run_minutes(0, 2)
    assert run_comply(here, 10, 30) == ["uploaded", "done", "not due"]
    assert run_comply(here, 40, 360) == ["not due"] * 33
    assert run_comply(here, 370, 390) == ["uploaded", "done", "not due"]
    assert here.sim.requests["storage", "200"] == 4
    assert compliance_requests(here) == 6


def test_with_nothing_stored_no_job_is_created(posts: Posts, small_company: Build) -> None:
    here = small_company(one_account_settings()).run_minutes(0)
    assert run_comply(here, 10, 380) == [
        "nothing is kept",
        *["not due"] * 35,
        "nothing is kept",
        "not due",
    ]
    assert here.sim.requests["storage", "200"] == 0


REASONS = ("deleted", "protected", "suspended", "deactivated", "lost")


@pytest.mark.parametrize("why", REASONS)
def test_a_post_is_removed_for_each_reason(posts: Posts, small_company: Build, why: str) -> None:
    """If the reason is about the account, the name is removed too; a lost post stays."""
    post = posts.mention(1, "7", **deleted_at(THREE_DAYS, why))
    here = small_company(one_account_settings()).run_minutes(0, 2, 16, 17)
    assert here.world.app.db.author_cache.find(["7"])
    run_comply(here, THREE_DAYS, THREE_DAYS + 10)
    assert here.stored == ({post} if why == "lost" else set())
    assert removed(here) == ([] if why == "lost" else [(1, why)])
    known = here.world.app.db.author_cache.find(["7"])
    assert bool(known) == (why in ("deleted", "lost"))


def test_all_kinds_of_posts_are_checked(posts: Posts, small_company: Build) -> None:
    """Open, answered, closed, edited, own and quarantined posts are all removed once deleted."""
    late = deleted_at(THREE_DAYS)
    answered = posts.mention(1, "7", text="@acme_help secret A", **late)
    posts.reply(3, answered)
    closed = posts.mention(1, "8", text="@acme_help secret B", **late)
    first = posts.mention(2, "9", text="@acme_help secret C", **late)
    posts.edit(5, first, "@acme_help secret D")
    posts.news(4)
    posts.lines[-1] |= {"text": "secret E", **late}
    odd = posts.mention(6, "10", **late)
    posts.mention(7, "11")
    here = small_company().run_minutes(0, 4, 8)
    position = Position("p", "spam", frozenset({closed}), "anna", at(9))
    here.add_facts(closed, position, customer="8")
    absurd = {"id": "9" * 5_000}
    raws = ({"id": odd, "author_id": "10", "text": "secret F"}, {"id": [odd]}, absurd, None, "odd")
    for raw in raws:
        entry = LogEntry("aside", at(8), {"account": "acme_help", "reason": "odd", "raw": raw})
        here.world.app.db.audit_log.append("acme", [entry])
    assert all(f"secret {letter}" in table_text(here) for letter in "ABCDEF")
    run_comply(here, THREE_DAYS, THREE_DAYS + 10)
    assert "secret" not in table_text(here)
    assert len(here.states()) == 1
    assert sum(count for count, _ in removed(here)) == 5
    assert len(here.log_entries("aside")) == len(raws)
    assert here.sim.usage()["rereads_across_days"] == 0


def test_replies_of_our_suspended_account_still_count(posts: Posts, small_company: Build) -> None:
    """A reply stays when our account is suspended; one that we deleted reopens the wait."""
    first, second = posts.mention(1, "7"), posts.mention(1, "8")
    posts.reply(3, first, **deleted_at(THREE_DAYS, "suspended"))
    posts.reply(4, second, **deleted_at(THREE_DAYS))
    here = small_company(one_account_settings()).run_minutes(0, 5)
    run_comply(here, THREE_DAYS, THREE_DAYS + 10)
    states = here.states()
    assert (states[first].status, states[second].status) == ("answered", "open")


def test_two_companies_of_one_app_share_a_job(posts: Posts, small_company: Build) -> None:
    """Their ids are uploaded together, and each company's deleted post is removed."""
    first = posts.mention(1, "7", to=[HELP], **deleted_at(THREE_DAYS))
    second = posts.mention(2, "8", to=[NEWS], **deleted_at(THREE_DAYS))
    stays = posts.mention(3, "9", to=[NEWS])
    one, two = one_account_settings()["companies"][0], one_account_settings()["companies"][0]
    two |= {
        "name": "zenith",
        "accounts": [{"id": NEWS, "username": "acme", "role": "support", "token": "acme_help"}],
    }
    here = small_company({"companies": [one, two]}).run_minutes(0, 4)
    assert here.stored == {first, second, stays}
    assert run_comply(here, THREE_DAYS, THREE_DAYS + 20) == ["uploaded", "done", "not due"]
    assert here.stored == {stays}
    for company in ("acme", "zenith"):
        rows = here.world.app.db.audit_log.read(company, at(THREE_DAYS), at(THREE_DAYS + 20))
        assert [row.what["posts"] for row in rows] == [1]
