"""What X bills for reading: by month, each post once per UTC day, never counted too low."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pulse.kernel.posts import Post
from pulse.listening.budget import add_reads, count_billed, monthly_budget
from pulse.listening.cursor import Cursor
from pulse.listening.scan import HighWater, TimelineScan
from tests.conversations.fact_builders import at


def page(*ids: int) -> list[Post]:
    return [Post(str(i), str(i), "", "7", "1", at(0)) for i in ids]


FLOOR = TimelineScan("mentions", at(-60), stop_at=HighWater("100", at(-1)))
FIRST = TimelineScan("mentions", at(-60))
SWEEP = TimelineScan("mentions", at(-60), purpose="sweep")
REREAD = TimelineScan("mentions", at(-60), via="search", purpose="reread")
BILLS = {
    "a poll: all posts served": (FLOOR, page(103, 102, 101), 3, 2, 3),
    "except the post it stopped at": (FLOOR, page(102, 101, 100), 3, 2, 2),
    "unreadable posts too": (replace(FLOOR, endpoint="posts"), page(101), 5, 1, 5),
    "the first poll: all": (FIRST, page(3, 2, 1), 3, 3, 3),
    "a sweep of today: new posts only": (SWEEP, page(3, 2, 1), 3, 1, 1),
    "a re-read across midnight: all": (REREAD, page(3, 2, 1), 3, 0, 3),
}


@pytest.mark.parametrize(("scan", "posts", "served", "new", "bill"), BILLS.values(), ids=BILLS)
def test_what_a_page_is_billed(
    scan: TimelineScan, posts: list[Post], served: int, new: int, bill: int
) -> None:
    """A post is billed once per UTC day."""
    assert count_billed(scan, posts, served, new) == bill


def test_counts_of_two_utc_months_are_stored() -> None:
    """After the end of a year, this month and the last are counted, and no other."""
    cursor = Cursor("100", at(0))
    for moment, count in (
        (datetime(2030, 11, 30, 23, 59, tzinfo=UTC), 5),
        (datetime(2030, 12, 31, 23, 59, tzinfo=UTC), 7),
        (datetime(2031, 1, 1, 2, tzinfo=timezone(timedelta(hours=3))), 1),
        (datetime(2031, 1, 1, tzinfo=UTC), 0),
        (datetime(2031, 1, 1, tzinfo=UTC), 9),
        (datetime(2031, 1, 31, tzinfo=UTC), 2),
    ):
        cursor = cursor.add_reads(count, moment)
    assert cursor.reads == {"2030-12": 8, "2031-01": 11}


def test_a_month_without_reads_has_no_count() -> None:
    """A month in which nothing was read gets no entry, and older months are removed."""
    assert add_reads({}, 0, at(0)) == {}
    assert add_reads({"2029-01": 4}, 0, at(0)) == {}


def test_the_accounts_of_a_company_share_a_budget() -> None:
    """The reads of all accounts are added up month by month."""
    found = monthly_budget([{"2030-05": 60, "2030-04": 9}, {"2030-05": 30}, {}], 120, at(0))
    assert (found.used, found.before, found.limit, found.share) == (90, 9, 120, 0.75)


def test_without_a_budget_there_is_no_share() -> None:
    """Without a limit, only the counts are known."""
    found = monthly_budget([{"2030-05": 60}], None, at(0))
    assert (found.used, found.share) == (60, None)
