"""A run without time or pages for everything: what it did not read does not count as read."""

import pytest

from tests.listening.one_run import run_poll
from tests.small_company import HELP, Build, Posts, at, one_account_settings
from tests.x_interceptor import fault

MIDNIGHT = 15 * 60


def test_a_fault_stays_open_until_x_is_asked_again(posts: Posts, small_company: Build) -> None:
    """A poll without time for own posts does not close their fault."""
    here = small_company(
        one_account_settings(), faults=[fault(1, 600, endpoint="posts", status=503)]
    ).run_minutes(0, 1)
    assert run_poll(here, 10, 1)["lasting"] == ["posts"]
    assert here.log_entries("trouble") == []


def test_a_poll_without_time_counts_as_not_watching(posts: Posts, small_company: Build) -> None:
    """A poll that has no time for a page does not count its minute as watched."""
    here = small_company(one_account_settings()).run_minutes(0)
    assert run_poll(here, 5, 0)["watched"] == 0
    assert here.cursor().last_ok == at(0)


def test_own_posts_are_read_while_a_backlog_of_mentions_is(
    posts: Posts, small_company: Build
) -> None:
    """Of three runs that have time for one page each, one reads own posts."""
    asked = posts.mention(0.5)
    for n in range(350):
        posts.mention(1 + n / 900, str(n + 1000))
    posts.reply(2, asked)
    here = small_company(one_account_settings()).run_minutes(0)
    for minute in (2, 3, 4):
        assert run_poll(here, minute, 1)["under_way"] == ["mentions"]
    assert here.sim.requests["posts", "200"] == 2 + 1  # first poll, first sweep, and one of these


@pytest.mark.parametrize("late", [False, True])
def test_a_daily_sweep_without_time_is_caught_up(
    posts: Posts, small_company: Build, late: bool
) -> None:
    """A reply that X hid for hours is found by a later sweep if the first one ran out of time.

    This also holds when the sweep is retried after midnight.
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


def test_a_resumed_sweep_also_reads_yesterday_again(posts: Posts, small_company: Build) -> None:
    """A sweep interrupted after midnight still finds a late post from before midnight."""
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
    """A re-read of more late posts than one run reads is finished by the next run."""
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
