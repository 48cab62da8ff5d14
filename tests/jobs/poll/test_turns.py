"""A run without time or pages for all of it: what was not read is not called read."""

import pytest

from tests.jobs.between import fault
from tests.jobs.runs import run
from tests.jobs.town import HELP, Build, Posts, alone, at

MIDNIGHT = 15 * 60


def test_trouble_lasts_until_x_was_asked(posts: Posts, town: Build) -> None:
    """Given own posts that cannot be read, and a poll without time for them, then it lasts."""
    here = town(alone(), faults=[fault(1, 600, endpoint="posts", status=503)]).go(0, 1)
    assert run(here, 10, 1)["lasting"] == ["posts"]
    assert here.journal("trouble") == []


def test_a_poll_without_time_watched_nothing(posts: Posts, town: Build) -> None:
    """Given a poll that has no time for a page, then the account was not watched by it."""
    here = town(alone()).go(0)
    assert run(here, 5, 0)["watched"] == 0
    assert here.cursor().last_ok == at(0)


def test_a_backlog_of_mentions_leaves_own_posts_their_turn(posts: Posts, town: Build) -> None:
    """Given more mentions than three runs read, then an answer is read meanwhile."""
    asked = posts.mention(0.5)
    for n in range(350):
        posts.mention(1 + n / 900, str(n + 1000))
    posts.reply(2, asked)
    here = town(alone()).go(0)
    for minute in (2, 3, 4):
        assert run(here, minute, 1)["under_way"] == ["mentions"]
    assert here.sim.requests["posts", "200"] == 2 + 1  # the first poll and sweep, and this


@pytest.mark.parametrize("late", [False, True])
def test_a_sweep_of_the_day_without_time_is_made_up_for(
    posts: Posts, town: Build, late: bool
) -> None:
    """Given an answer that X hid for hours, and a sweep out of time, then a later one finds it.

    Also when it is tried again past midnight.
    """
    asked = posts.mention(60)
    posts.reply(63, asked, seen=60 * 8)
    posts.news(64, account=HELP)
    posts.news(60 * 9, account=HELP)
    here = town(alone()).go(0, 62, 65, 60 * 9 + 1)
    assert run(here, MIDNIGHT - 10, 1, "day")["troubles"] == []
    assert here.cursor().swept == at(0)
    if late:
        run(here, MIDNIGHT + 5, 99, "day", of=MIDNIGHT - 4)
    else:
        here.go(MIDNIGHT - 9)
    assert here.states()[asked].status == "answered"
    assert here.sim.figures()["rereads_across_days"] == 0


def test_yesterday_is_read_again_before_a_sweep_that_goes_on_is_through(
    posts: Posts, town: Build
) -> None:
    """Given a sweep broken off after midnight, when it goes on, then what came late is found."""
    hidden = posts.mention(MIDNIGHT - 25.3, "7", seen=MIDNIGHT + 3)
    posts.mention(MIDNIGHT - 24, "8")
    for n in range(150):
        posts.mention(MIDNIGHT + 1 + n / 30, str(n + 1000))
    here = town(alone(), start=MIDNIGHT - 61).go(MIDNIGHT - 61, MIDNIGHT - 10, MIDNIGHT + 7)
    assert run(here, MIDNIGHT + 15, 1, "sweep")["under_way"] == ["sweep/mentions"]
    here.go(MIDNIGHT + 30)
    assert hidden in here.stored
    assert here.cursor().swept == at(MIDNIGHT + 30)


@pytest.mark.parametrize("counts", [True, False])
def test_a_rereading_broken_off_goes_on_and_ends(posts: Posts, town: Build, counts: bool) -> None:
    """Given late posts of yesterday, more than a run reads, then it ends in the next."""
    for n in range(150):
        posts.mention(MIDNIGHT - 20 + n / 300, str(n + 1000))
    hidden = {
        posts.mention(MIDNIGHT - 19.5 + n / 300, str(n + 2000), seen=MIDNIGHT + 2)
        for n in range(100)
    }
    posts.mention(MIDNIGHT - 1, "8")
    here = town(alone(), start=MIDNIGHT - 61)
    if not counts:
        here.no_bearer()
    here.go(MIDNIGHT - 61, MIDNIGHT - 19, MIDNIGHT - 10, MIDNIGHT)
    assert run(here, MIDNIGHT + 15, 3, "sweep")["under_way"] == ["reread/mentions"]
    run(here, MIDNIGHT + 30, 9, "sweep")
    assert hidden <= here.stored
    assert (here.cursor().scans, here.cursor().swept) == ({}, at(MIDNIGHT + 30))
