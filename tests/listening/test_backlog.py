"""A backlog larger than one run reads is read to its bottom, past X's limit, each post once."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.listening.one_run import run_poll
from tests.small_company import Build, Posts, one_account_settings
from tests.x_interceptor import fault


def test_a_minute_of_2500_mentions_loses_nothing(posts: Posts, small_company: Build) -> None:
    """2,500 mentions within a minute are all stored, and no rate limit is exceeded."""
    asked = {posts.mention(1 + n / 2501, str(n + 1000)) for n in range(2500)}
    here = small_company(one_account_settings()).run_minutes(0, 1, 2, 3)
    assert here.stored == asked
    assert here.failures == []
    statuses = Counter(status for _, status in here.sim.requests)
    assert set(statuses) == {"200"}
    assert here.cursor().scans == {}
    assert sum(here.sim.requests.values()) < 60
    assert here.log_entries() == []


def test_a_backlog_larger_than_a_run_moves_the_high_water_mark_at_its_bottom(
    posts: Posts, small_company: Build
) -> None:
    """With 450 mentions and one page a run, the mark moves only when all of them are stored."""
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


def test_mentions_that_arrive_while_a_backlog_is_read_are_read_after_it(
    posts: Posts, small_company: Build
) -> None:
    """Mentions published while a scan continues over several runs are found by the next scan."""
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
    """Of 1,200 mentions, those that X hides from the timeline are found by search."""
    asked = {posts.mention(1 + n / 300, str(n + 1000)) for n in range(1200)}
    here = small_company(one_account_settings()).run_minutes(0)
    for minute in range(11, 45):
        if not run_poll(here, minute, pages)["under_way"] and minute > 11:
            break
    assert here.stored == asked
    assert here.sim.requests["search", "200"] >= 4


def test_page_tokens_that_expire_lose_nothing(posts: Posts, small_company: Build) -> None:
    """When X accepts no page token, the scan continues by ids and reaches its bottom."""
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(250)}
    here = small_company(one_account_settings(), token_life=timedelta(seconds=-1))
    here.run_minutes(0, 5, 6, 20, 35, 50, 65)
    assert here.stored == asked
    assert here.failures == []


def test_each_post_is_read_once(posts: Posts, small_company: Build) -> None:
    """On an undisturbed day X bills each post once; sweeps repeat reads only within the UTC day."""
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
    """Publish 600 mentions, of which some are read, then 400 that push others past X's limit."""
    early = {posts.mention(before + n / 1400, str(n + 1000)) for n in range(600)}
    return early | {posts.mention(5 + n / 1000, str(n + 3000)) for n in range(400)}


@pytest.mark.parametrize("scan", ["of a later poll", "of the first poll"])
def test_new_posts_during_an_outage_hide_nothing_of_a_backlog(
    posts: Posts, small_company: Build, scan: str
) -> None:
    """When newer posts push the rest of an interrupted scan past X's limit, search finds it."""
    first = scan == "of the first poll"
    asked = backlog(posts, -300 if first else 1)
    broken = fault(0 if first else 2, 6, endpoint="mentions", every=3, status=503)
    here = small_company(one_account_settings(look_back="24 h" if first else "0"), faults=[broken])
    here.run_minutes(*([0, 1, 6, 7] if first else [0, 2, 6, 7]))
    assert here.stored == asked
    assert (here.cursor().scans, here.failures) == ({}, [])
