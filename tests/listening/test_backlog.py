"""More than a run reads: to the bottom, past the wall, each post once."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.listening.one_run import run_poll
from tests.small_company import Build, Posts, one_account_settings
from tests.x_interceptor import fault


def test_a_minute_of_2500_mentions_loses_nothing(posts: Posts, small_company: Build) -> None:
    """Given an outage, when 2,500 write within a minute, then all are stored, limits kept."""
    asked = {posts.mention(1 + n / 2501, str(n + 1000)) for n in range(2500)}
    here = small_company(one_account_settings()).run_minutes(0, 1, 2, 3)
    assert here.stored == asked
    assert here.failures == []
    statuses = Counter(status for _, status in here.sim.requests)
    assert set(statuses) == {"200"}
    assert here.cursor().scans == {}
    assert sum(here.sim.requests.values()) < 60
    assert here.log_entries() == []


def test_a_backlog_larger_than_a_run_goes_on_and_moves_the_mark_at_its_bottom(
    posts: Posts, small_company: Build
) -> None:
    """Given 450 posts and time for a page a run, then the cursor moves when all are stored."""
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(450)}
    here = small_company(one_account_settings()).run_minutes(0)
    runs = 0
    while True:
        runs += 1
        result = run_poll(here, 10 + 2 * runs, 1)
        if not result["under_way"]:
            break
        assert here.cursor().high_water.get("mentions") is None
    assert runs == 6  # the last one sees in search that nothing older is hidden
    assert here.stored == asked
    assert here.cursor().high_water["mentions"].id == max(asked, key=int)
    figures = here.sim.usage()
    assert figures["posts_served"] - figures["rereads_within_day"] == 450
    assert figures["rereads_within_day"] <= 2


def test_what_comes_while_a_backlog_is_read_is_read_after_it(
    posts: Posts, small_company: Build
) -> None:
    """Given a walk under way over some minutes, when others write, then they are found next."""
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(300)}
    late = {posts.mention(11.5 + n, str(n + 2000)) for n in range(5)}
    here = small_company(one_account_settings()).run_minutes(0)
    for minute in range(11, 22):
        run_poll(here, minute, 1)
    assert here.stored == asked | late


@pytest.mark.parametrize("pages", [1, 3])
def test_a_backlog_beyond_800_posts_continues_in_search(
    posts: Posts, small_company: Build, pages: int
) -> None:
    """Given 1,200 posts and little time, then what X hides from timelines is searched for."""
    asked = {posts.mention(1 + n / 300, str(n + 1000)) for n in range(1200)}
    here = small_company(one_account_settings()).run_minutes(0)
    for minute in range(11, 45):
        if not run_poll(here, minute, pages)["under_way"] and minute > 11:
            break
    assert here.stored == asked
    assert here.sim.requests["search", "200"] >= 4


def test_page_tokens_that_expire_lose_nothing(posts: Posts, small_company: Build) -> None:
    """Given tokens that X takes no more, then the walk goes on by ids, and gets to the bottom."""
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(250)}
    here = small_company(one_account_settings(), token_life=timedelta(seconds=-1))
    here.run_minutes(0, 5, 6, 20, 35, 50, 65)
    assert here.stored == asked
    assert here.failures == []


def test_each_post_is_read_once(posts: Posts, small_company: Build) -> None:
    """Given an undisturbed day, then X bills each post once; sweeps re-read within the day only."""
    for n in range(30):
        asked = posts.mention(n * 7, str(n % 9 + 10))
        posts.reply(n * 7 + 3, asked)
    here = small_company(one_account_settings()).run_minutes(*range(0, 220, 5))
    figures = here.sim.usage()
    billed = figures["posts_served"] - figures["rereads_within_day"]
    assert billed == figures["distinct_posts"] == 60
    assert figures["rereads_across_days"] == 0
    assert figures["users_served"] <= 9


def backlog(posts: Posts, before: float) -> set[str]:
    """A thousand mentions: 600, of whom some are read, and 400 more that move the wall."""
    early = {posts.mention(before + n / 1400, str(n + 1000)) for n in range(600)}
    return early | {posts.mention(5 + n / 1000, str(n + 3000)) for n in range(400)}


@pytest.mark.parametrize("come", ["as watched", "as looked back at"])
def test_new_posts_during_an_outage_hide_nothing_of_a_backlog(
    posts: Posts, small_company: Build, come: str
) -> None:
    """Given a backlog broken off, when more come than X shows, then the rest is searched for."""
    first = come == "as looked back at"
    asked = backlog(posts, -300 if first else 1)
    broken = fault(0 if first else 2, 6, endpoint="mentions", every=3, status=503)
    here = small_company(one_account_settings(look_back="24 h" if first else "0"), faults=[broken])
    here.run_minutes(*([0, 1, 6, 7] if first else [0, 2, 6, 7]))
    assert here.stored == asked
    assert (here.cursor().scans, here.failures) == ({}, [])
