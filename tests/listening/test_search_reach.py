"""Posts that X no longer shows: search is asked only within its reach, and losses are reported."""

from dataclasses import replace

from tests.listening.one_run import run_poll
from tests.small_company import Build, Posts, at, one_account_settings
from tests.x_interceptor import fault

DAY = 24 * 60


def test_a_backlog_of_ten_days_ends_where_search_does(posts: Posts, small_company: Build) -> None:
    """After ten days with a revoked token, all 720 mentions are read, and no search is refused."""
    posts.mention(0.5, "5")
    asked = {posts.mention(5 + n * 19.9, str(n + 1000)) for n in range(720)}
    here = small_company(
        one_account_settings(), faults=[fault(1, 10 * DAY, status=401)]
    ).run_minutes(0, 1)
    here.run_minutes(10 * DAY, 10 * DAY + 1)
    assert asked <= here.stored
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    assert here.sim.requests["search", "400"] == 0


def test_a_search_broken_off_goes_on_as_far_as_it_still_reaches(
    posts: Posts, small_company: Build
) -> None:
    """A search interrupted at its limit of seven days does not ask beyond it hours later."""
    posts.mention(0.5, "5")
    asked = {posts.mention(6 * DAY + n / 10, str(n + 1000)) for n in range(1000)}
    here = small_company(
        one_account_settings(), faults=[fault(1, 8 * DAY, status=401)]
    ).run_minutes(0, 1)
    run_poll(here, 8 * DAY, 9)
    assert here.cursor().scans["mentions"].via == "search"
    here.run_minutes(8 * DAY + 600)
    assert asked <= here.stored
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    assert here.sim.requests["search", "400"] == 0


def test_a_search_out_of_reach_is_dropped(posts: Posts, small_company: Build) -> None:
    """A search interrupted for eight days ends, and the lost period is logged as a gap."""
    posts.mention(0.5, "5")
    asked = [posts.mention(2 + n / 500, str(n + 1000)) for n in range(1000)]
    here = small_company(one_account_settings()).run_minutes(0, 1)
    run_poll(here, 10, 9)
    here.run_minutes(8 * DAY + 10, 8 * DAY + 11)
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    assert here.cursor().last_ok == at(8 * DAY + 11)
    [gap] = [row for row in here.log_entries("gap") if row.what["reason"] == "wall"]
    assert gap.what["start"] == at(0.5).isoformat()
    assert len(here.stored) < len(asked)


def test_posts_that_x_no_longer_shows_are_reported(posts: Posts, small_company: Build) -> None:
    """After eight days without a token, the next digest reports the loss, and only that one."""
    posts.mention(0.5, "5")
    lost = {posts.mention(5 + n, str(n + 1000)) for n in range(30)}
    more = {posts.mention(3 * DAY + n, str(n + 3000)) for n in range(820)}
    here = small_company(
        one_account_settings(), faults=[fault(1, 8 * DAY, status=401)]
    ).run_minutes(0, 1, 8 * DAY, 8 * DAY + 1)
    assert (more <= here.stored, lost & here.stored) == (True, set())
    assert "X did not provide all posts" in here.digest(8 * DAY + 60, 8 * DAY - 60).text
    assert "X did not provide all posts" not in here.digest(8 * DAY + 61, 8 * DAY + 60).text


def test_a_quiet_account_that_was_watched_lost_nothing(posts: Posts, small_company: Build) -> None:
    """With a last mention of eight days ago but a poll minutes ago, no loss is logged."""
    posts.mention(0.5, "5")
    asked = {posts.mention(8 * DAY + n / 900, str(n + 1000)) for n in range(820)}
    here = small_company(one_account_settings()).run_minutes(0, 1)
    here.world.move_clock_to(at(8 * DAY - 1))
    here.world.app.db.cursors.save(replace(here.cursor(), last_ok=at(8 * DAY - 1)))
    here.run_minutes(8 * DAY + 1)
    assert asked <= here.stored
    assert [row for row in here.log_entries("gap") if row.what["reason"] == "wall"] == []
