"""Posts that X shows late are found by sweeps, also across midnight."""

from typing import Any

import pytest

from tests.small_company import HELP, Build, Posts, one_account_settings
from tests.x_interceptor import fault


@pytest.mark.parametrize("late", [3, 16, 40])
def test_a_post_shown_late_is_found_by_a_sweep(
    posts: Posts, small_company: Build, late: int
) -> None:
    """A mention that X shows late, behind newer ones, is found within 15 minutes of being shown."""
    hidden = posts.mention(5, "7", seen=5 + late)
    posts.mention(5.5, "8")
    posts.mention(6, "9")
    here = small_company(one_account_settings())
    for minute in range(80):
        here.run_minute(minute)
        if hidden in here.states():
            break
    assert 5 + late <= minute <= 5 + late + 15
    assert here.sim.usage()["rereads_across_days"] == 0


def test_a_reply_shown_late_stops_the_alerts(posts: Posts, small_company: Build) -> None:
    """A reply that X hides for a while stops the alerts once it is shown."""
    asked = posts.mention(1)
    posts.reply(5, asked, seen=50)
    posts.news(6, account=HELP)
    here = small_company(one_account_settings()).run_minutes(0, 1, 2, 6, 16, 17, 30, 45, 60, 61)
    assert here.mails_to() == [(16, "anna")]
    assert here.states()[asked].first_response_seconds == 240


MIDNIGHT = 15 * 60


@pytest.mark.parametrize("late", [15, 40])
def test_a_post_shown_late_across_midnight_is_found_by_counting_first(
    posts: Posts, small_company: Build, late: int
) -> None:
    """Of many posts before midnight, only the minute with a late post is read again."""
    for n in range(60):
        posts.mention(MIDNIGHT - 50 + n / 2, str(n + 1000))
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT - 5.3 + late)
    posts.mention(MIDNIGHT - 1, "8")
    here = small_company(one_account_settings(), start=MIDNIGHT - 61)
    here.run_minutes(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 61, 5))
    assert hidden in here.states()
    figures = here.sim.usage()
    assert figures["rereads_across_days"] <= 4
    assert here.failures == []


def test_the_last_minute_of_the_day_is_counted_too(posts: Posts, small_company: Build) -> None:
    """A post of the day's last half minute, shown after midnight, is found."""
    hidden = posts.mention(MIDNIGHT - 0.5, "7", seen=MIDNIGHT + 10)
    posts.mention(MIDNIGHT + 1, "8")
    here = small_company(one_account_settings(), start=MIDNIGHT - 61)
    here.run_minutes(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 16, 5))
    assert hidden in here.states()
    assert here.sim.usage()["rereads_across_days"] == 0


def test_sweeps_that_were_missed_are_made_up_for(posts: Posts, small_company: Build) -> None:
    """After hours without a sweep, the next one reaches back to an hour before the last one."""
    hidden = posts.mention(20, "7", seen=70)
    posts.mention(21, "8")
    here = small_company(one_account_settings()).run_minutes(0, 15, 22, 100, 239)
    assert hidden not in here.states()
    here.run_minutes(240)
    assert hidden in here.states()


def test_a_reply_shown_late_across_midnight_is_found(posts: Posts, small_company: Build) -> None:
    """Of two replies in one minute, the one that X shows after midnight is found and counts."""
    first = posts.mention(MIDNIGHT - 50, "7")
    second = posts.mention(MIDNIGHT - 49, "8")
    posts.reply(MIDNIGHT - 5.3, first)
    posts.reply(MIDNIGHT - 5.2, second, seen=MIDNIGHT + 10)
    posts.news(MIDNIGHT - 1, account=HELP)
    here = small_company(one_account_settings(), start=MIDNIGHT - 61)
    here.run_minutes(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 16, 5))
    assert {s.status for s in here.states().values()} == {"answered"}
    assert here.sim.usage()["rereads_across_days"] <= 2


def test_across_midnight_without_counts_everything_is_read_again(
    posts: Posts, small_company: Build
) -> None:
    """Without a bearer token X gives no counts, and the late post is still found."""
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT + 20)
    posts.mention(MIDNIGHT - 1, "8")
    here = small_company(one_account_settings(), start=MIDNIGHT - 61)
    here.no_bearer()
    here.run_minutes(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 46, 5))
    assert hidden in here.states()


def test_the_day_is_swept_before_it_ends(posts: Posts, small_company: Build) -> None:
    """A post that X hid for hours is found by the sweep of the day, and billed only once."""
    hidden = posts.mention(60, "7", seen=60 * 8)
    posts.mention(61, "8")
    here = small_company(one_account_settings()).run_minutes(0, 62, *range(75, 8 * 60 + 16, 15))
    assert hidden not in here.states()
    here.run_minutes(MIDNIGHT - 10)
    assert hidden in here.states()
    assert here.sim.usage()["rereads_across_days"] == 0


@pytest.mark.parametrize("killed", ["dispatch", "poll"])
def test_a_missed_daily_sweep_is_caught_up(posts: Posts, small_company: Build, killed: str) -> None:
    """If `dispatch` or `poll` is killed at 23:50, the day is swept later, and only once."""
    hidden = posts.mention(60, "7", seen=60 * 8)
    posts.mention(61, "8")
    here = small_company(one_account_settings()).run_minutes(0, 62, *range(75, 8 * 60 + 16, 15))
    pending = [True]

    def end(**_: Any) -> None:
        if pending.pop() if pending else False:
            raise SystemExit(1)

    calls = here.world.app.db.table.client.meta.events
    name = "PutItem" if killed == "poll" else "BatchGetItem"
    calls.register(f"before-call.dynamodb.{name}", end)
    here.run_minutes(*range(MIDNIGHT - 10, MIDNIGHT - 1))
    assert [f.split(":")[0] for f in here.failures] == [killed]
    assert hidden in here.states()
    served = here.sim.usage()["posts_served"]
    here.run_minutes(MIDNIGHT - 1)
    assert here.sim.usage()["posts_served"] == served
    assert here.sim.usage()["rereads_across_days"] == 0


def test_a_fault_during_a_rereading_leaves_nothing_unfinished(
    posts: Posts, small_company: Build
) -> None:
    """When search fails while yesterday is read again, later sweeps start again and finish."""
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT + 10)
    posts.mention(MIDNIGHT - 1, "8")
    broken = fault(MIDNIGHT + 14, MIDNIGHT + 20, endpoint="search", status=503)
    here = small_company(one_account_settings(), start=MIDNIGHT - 61, faults=[broken])
    here.run_minutes(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 61, 5))
    assert hidden in here.states()
    assert here.cursor().scans == {}
    assert here.cursor().faults == {}
