"""A run without time or pages for all of it: what was not read is not called read."""

import pytest

from tests.listening.one_run import run_poll
from tests.small_company import HELP, Build, Posts, at, one_account_settings
from tests.x_interceptor import fault

MIDNIGHT = 15 * 60


def test_trouble_lasts_until_x_was_asked(posts: Posts, small_company: Build) -> None:
    """Given own posts that cannot be read, and a poll without time for them, then it lasts."""
    here = small_company(
        one_account_settings(), faults=[fault(1, 600, endpoint="posts", status=503)]
    ).run_minutes(0, 1)
    assert run_poll(here, 10, 1)["lasting"] == ["posts"]
    assert here.log_entries("trouble") == []


def test_a_poll_without_time_counts_as_not_watching(posts: Posts, small_company: Build) -> None:
    """Given a poll that has no time for a page, then the account was not watched by it."""
    here = small_company(one_account_settings()).run_minutes(0)
    assert run_poll(here, 5, 0)["watched"] == 0
    assert here.cursor().last_ok == at(0)


def test_a_backlog_of_mentions_leaves_own_posts_their_turn(
    posts: Posts, small_company: Build
) -> None:
    """Given more mentions than three runs read, then an answer is read meanwhile."""
    asked = posts.mention(0.5)
    for n in range(350):
        posts.mention(1 + n / 900, str(n + 1000))
    posts.reply(2, asked)
    here = small_company(one_account_settings()).run_minutes(0)
    for minute in (2, 3, 4):
        assert run_poll(here, minute, 1)["under_way"] == ["mentions"]
    assert here.sim.requests["posts", "200"] == 2 + 1  # the first poll and sweep, and this


@pytest.mark.parametrize("late", [False, True])
def test_a_daily_sweep_without_time_is_caught_up(
    posts: Posts, small_company: Build, late: bool
) -> None:
    """Given an answer that X hid for hours, and a sweep out of time, then a later one finds it.

    Also when it is tried again past midnight.
    """
    asked = posts.mention(60)
    posts.reply(63, asked, seen=60 * 8)
    posts.news(64, account=HELP)
    posts.news(60 * 9, account=HELP)
    here = small_company(one_account_settings()).run_minutes(0, 62, 65, 60 * 9 + 1)
    assert run_poll(here, MIDNIGHT - 10, 1, "day")["troubles"] == []
    assert here.cursor().swept == at(0)
    if late:
        run_poll(here, MIDNIGHT + 5, 99, "day", of=MIDNIGHT - 4)
    else:
        here.run_minutes(MIDNIGHT - 9)
    assert here.states()[asked].status == "answered"
    assert here.sim.usage()["rereads_across_days"] == 0


def test_yesterday_is_read_again_before_a_sweep_that_goes_on_is_through(
    posts: Posts, small_company: Build
) -> None:
    """Given a sweep broken off after midnight, when it goes on, then what came late is found."""
    hidden = posts.mention(MIDNIGHT - 25.3, "7", seen=MIDNIGHT + 3)
    posts.mention(MIDNIGHT - 24, "8")
    for n in range(150):
        posts.mention(MIDNIGHT + 1 + n / 30, str(n + 1000))
    here = small_company(one_account_settings(), start=MIDNIGHT - 61).run_minutes(
        MIDNIGHT - 61, MIDNIGHT - 10, MIDNIGHT + 7
    )
    assert run_poll(here, MIDNIGHT + 15, 1, "sweep")["under_way"] == ["sweep/mentions"]
    here.run_minutes(MIDNIGHT + 30)
    assert hidden in here.stored
    assert here.cursor().swept == at(MIDNIGHT + 30)


@pytest.mark.parametrize("counts", [True, False])
def test_an_interrupted_rereading_continues_and_ends(
    posts: Posts, small_company: Build, counts: bool
) -> None:
    """Given late posts of yesterday, more than a run reads, then it ends in the next."""
    for n in range(150):
        posts.mention(MIDNIGHT - 20 + n / 300, str(n + 1000))
    hidden = {
        posts.mention(MIDNIGHT - 19.5 + n / 300, str(n + 2000), seen=MIDNIGHT + 2)
        for n in range(100)
    }
    posts.mention(MIDNIGHT - 1, "8")
    here = small_company(one_account_settings(), start=MIDNIGHT - 61)
    if not counts:
        here.no_bearer()
    here.run_minutes(MIDNIGHT - 61, MIDNIGHT - 19, MIDNIGHT - 10, MIDNIGHT)
    assert run_poll(here, MIDNIGHT + 15, 3, "sweep")["under_way"] == ["reread/mentions"]
    run_poll(here, MIDNIGHT + 30, 9, "sweep")
    assert hidden <= here.stored
    assert (here.cursor().scans, here.cursor().swept) == ({}, at(MIDNIGHT + 30))
