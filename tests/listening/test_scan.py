"""A scan has a lower bound, is resumed where it stopped, and continues in search past X's limit."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pulse.kernel.posts import Post, time_of_id
from pulse.listening.scan import SEARCH_REACH, HighWater, TimelineScan
from pulse.x.access import PageRequest
from tests.conversations.fact_builders import at


def post(number: int, minute: float) -> Post:
    return Post(str(number), str(number), "", "7", str(number), at(minute))


FLOOR = HighWater("50", at(50))
NOW = at(100)
DAYS = 24 * 60

BOUNDS = {
    "first: by time": (TimelineScan("mentions", at(0)), PageRequest(start=at(0))),
    "later: by the id it stops at": (
        TimelineScan("mentions", at(0), FLOOR),
        PageRequest(since_id="50"),
    ),
    "resumed: below the oldest read": (
        TimelineScan("mentions", at(0), FLOOR, oldest=HighWater("60", at(60))).resume(NOW),
        PageRequest(since_id="50", until_id="60"),
    ),
    "resumed first: below the oldest, down to the time": (
        TimelineScan("mentions", at(0), oldest=HighWater("60", at(60))).resume(NOW),
        PageRequest(until_id="60", start=at(0)),
    ),
    "nothing read yet: resumed as it was": (
        TimelineScan("mentions", at(0), FLOOR).resume(NOW),
        PageRequest(since_id="50"),
    ),
    "search knows times only": (
        TimelineScan("mentions", at(0), FLOOR, end=at(70), via="search"),
        PageRequest(start=at(50), end=at(70)),
    ),
    "search without a floor": (
        TimelineScan("mentions", at(0), end=at(70), via="search"),
        PageRequest(start=at(0), end=at(70)),
    ),
    "search a week later: as far as it still reaches": (
        TimelineScan("mentions", NOW - timedelta(days=8), end=at(70), via="search").resume(NOW),
        PageRequest(start=NOW - SEARCH_REACH, end=at(70)),
    ),
    "search resumed: the second of the oldest is read again": (
        TimelineScan(
            "mentions", at(0), end=at(70), via="search", oldest=HighWater("60", at(60))
        ).resume(NOW),
        PageRequest(start=at(0), end=at(60) + timedelta(seconds=1)),
    ),
}


@pytest.mark.parametrize(("scan", "page_request"), BOUNDS.values(), ids=BOUNDS)
def test_every_scan_has_a_lower_bound(scan: TimelineScan, page_request: PageRequest) -> None:
    """By id or by time: X is never asked for all the posts it has."""
    assert scan.request(NOW) == page_request
    assert scan.request(NOW).since_id or scan.request(NOW).start


def test_a_scan_remembers_its_newest_and_oldest_post() -> None:
    """After two pages, newest first, it knows both ends; ids are compared as numbers."""
    scan = (
        TimelineScan("mentions", at(0))
        .advance([post(101, 9), post(99, 8)], 3)
        .advance([post(9, 1)], 1)
    )
    assert scan.newest == HighWater("101", at(9))
    assert scan.oldest == HighWater("9", at(1))
    assert scan.read == 4


def test_a_page_of_unreadable_posts_moves_no_end_of_a_scan() -> None:
    """Unreadable posts without ids count as served, but set neither `newest` nor `oldest`."""
    scan = TimelineScan("mentions", at(0), FLOOR).advance([], 100)
    assert (scan.read, scan.newest, scan.oldest) == (100, None, None)


def test_an_unreadable_post_may_be_the_newest_and_never_the_oldest() -> None:
    """Of two unreadable posts, above and below the others, only the one above moves an end."""
    above, below = str((1 << 60) + 1), "12"
    scan = TimelineScan("mentions", at(0), FLOOR).advance([post(60, 60)], 3, [above, below])
    assert (scan.newest.id, scan.oldest) == (above, HighWater("60", at(60)))
    assert scan.newest.at == time_of_id(above)


@pytest.mark.parametrize(
    ("endpoint", "read", "continues"),
    [
        ("mentions", 699, False),
        ("mentions", 700, True),
        ("mentions", 800, True),
        ("posts", 800, False),
        ("posts", 3099, False),
        ("posts", 3100, True),
        ("posts", 3200, True),
    ],
)
def test_at_its_limit_the_timeline_is_continued_in_search(
    endpoint: str, read: int, continues: bool
) -> None:
    """The number of posts that X served decides whether older ones may be hidden."""
    scan = TimelineScan(endpoint, at(0), FLOOR).advance([post(60, 60)], read)
    assert (scan.continue_in_search(at(100)) is not None) is continues


def test_search_continues_where_the_timeline_ended() -> None:
    """Search covers the time from the floor to the second of the oldest post, and only once."""
    scan = TimelineScan("mentions", at(0), FLOOR).advance([post(99, 99), post(60, 60)], 800)
    in_search = scan.continue_in_search(at(100))
    assert in_search.via == "search"
    assert in_search.request(NOW) == PageRequest(start=at(50), end=at(60) + timedelta(seconds=1))
    assert (in_search.stop_at, in_search.newest) == (FLOOR, HighWater("99", at(99)))
    assert in_search.continue_in_search(at(100)) is None


def test_search_is_never_asked_beyond_its_reach() -> None:
    """With a floor ten days old, search starts where it may, and the time before is missing."""
    now, floor = at(0), HighWater("1", at(0) - timedelta(days=10))
    scan = TimelineScan("mentions", at(-DAYS * 30), floor).advance([post(60, -5)], 800)
    in_search = scan.continue_in_search(now)
    assert in_search.request(now).start == now - SEARCH_REACH
    assert in_search.missing_period(now) == (floor.at, now - SEARCH_REACH)


def test_a_scan_that_is_past_the_reach_of_search_is_not_continued() -> None:
    """800 posts that go back nine days end the scan, and older ones are missing."""
    now, floor = at(0), HighWater("1", at(-DAYS * 10))
    scan = TimelineScan("mentions", at(-DAYS * 30), floor).advance(
        [post(60, -5), post(2, -DAYS * 9)], 800
    )
    assert scan.continue_in_search(now) is None
    assert scan.missing_period(now) == (floor.at, at(-DAYS * 9))
    assert replace(scan, via="search").resume(now) is None


def test_while_an_account_was_watched_nothing_is_lost() -> None:
    """With a last mention of ten days ago but a recent poll, no period is missing."""
    now, floor = at(0), HighWater("1", at(-DAYS * 10))
    scan = TimelineScan("mentions", at(-120), floor).advance([post(60, -5)], 800)
    assert scan.continue_in_search(now).missing_period(now) is None


@pytest.mark.parametrize("read", [10, 800])
def test_nothing_is_out_of_reach_within_a_week(read: int) -> None:
    """With a last read of yesterday, no period is missing."""
    assert TimelineScan("mentions", at(-DAYS), None, read=read).missing_period(at(0)) is None


def test_below_the_limit_of_the_timeline_nothing_is_lost() -> None:
    """When the timeline holds only ten posts of ten days, there were no more."""
    assert TimelineScan("mentions", at(-DAYS * 10), None, read=10).missing_period(at(0)) is None


def test_a_resumed_scan_does_not_end_with_the_timeline() -> None:
    """Newer posts may have pushed older ones past X's limit, so search continues the scan."""
    scan = TimelineScan("mentions", at(0), FLOOR, read=100, oldest=HighWater("60", at(60))).resume(
        NOW
    )
    assert scan.continue_in_search(NOW).via == "search"


def search_bounds(scan: TimelineScan, now: datetime) -> tuple[datetime | None, datetime | None]:
    in_search = scan.continue_in_search(now).request(now)
    return in_search.start, in_search.end


@pytest.mark.parametrize("seconds", [0, 3, 10, 11, 12, 60])
def test_search_is_never_asked_for_its_last_ten_seconds(seconds: int) -> None:
    """When all posts read are a few seconds old, search still gets old enough times, in order."""
    now = at(0)
    recent = HighWater("1", now - timedelta(seconds=seconds))
    scan = TimelineScan("mentions", at(0), recent, newest=recent, oldest=recent, read=800)
    start, end = search_bounds(scan, now)
    assert start < now - timedelta(seconds=10)
    assert end is None or start < end < now - timedelta(seconds=10)
