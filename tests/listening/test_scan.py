"""Reading down a timeline: every walk has a bottom, goes on where it was, and finds the wall."""

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
    "then: by the id it ended at": (
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


@pytest.mark.parametrize(("walk", "bounds"), BOUNDS.values(), ids=BOUNDS)
def test_every_walk_has_a_lower_bound(walk: TimelineScan, bounds: PageRequest) -> None:
    """By id or by time; X is never asked for all it has."""
    assert walk.request(NOW) == bounds
    assert walk.request(NOW).since_id or walk.request(NOW).start


def test_a_walk_remembers_the_newest_and_the_oldest() -> None:
    """Given two pages, newest first, then it knows both ends; ids are compared as numbers."""
    walk = (
        TimelineScan("mentions", at(0))
        .advance([post(101, 9), post(99, 8)], 3)
        .advance([post(9, 1)], 1)
    )
    assert walk.newest == HighWater("101", at(9))
    assert walk.oldest == HighWater("9", at(1))
    assert walk.read == 4


def test_a_page_on_which_nothing_could_be_read_moves_no_mark() -> None:
    """Given a page of unreadable posts, then they count as read from X, but mark no place."""
    walk = TimelineScan("mentions", at(0), FLOOR).advance([], 100)
    assert (walk.read, walk.newest, walk.oldest) == (100, None, None)


def test_the_id_of_what_lies_aside_is_the_newest_read_and_never_the_oldest() -> None:
    """Given an unreadable post above and one below, then only the first marks a place."""
    above, below = str((1 << 60) + 1), "12"
    walk = TimelineScan("mentions", at(0), FLOOR).advance([post(60, 60)], 3, [above, below])
    assert (walk.newest.id, walk.oldest) == (above, HighWater("60", at(60)))
    assert walk.newest.at == time_of_id(above)


@pytest.mark.parametrize(
    ("endpoint", "read", "goes_on"),
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
def test_the_wall(endpoint: str, read: int, goes_on: bool) -> None:
    """Given how much X handed out, then the walk goes on in search, or was at its bottom."""
    walk = TimelineScan(endpoint, at(0), FLOOR).advance([post(60, 60)], read)
    assert (walk.continue_in_search(at(100)) is not None) is goes_on


def test_search_goes_on_where_the_timeline_ended() -> None:
    """From the floor's second up to and with that of the oldest post read, and only once."""
    walk = TimelineScan("mentions", at(0), FLOOR).advance([post(99, 99), post(60, 60)], 800)
    further = walk.continue_in_search(at(100))
    assert further.via == "search"
    assert further.request(NOW) == PageRequest(start=at(50), end=at(60) + timedelta(seconds=1))
    assert (further.stop_at, further.newest) == (FLOOR, HighWater("99", at(99)))
    assert further.continue_in_search(at(100)) is None


def test_search_is_never_asked_beyond_its_reach() -> None:
    """Given a floor of ten days ago, then search begins where it may, and the rest is lost."""
    now, floor = at(0), HighWater("1", at(0) - timedelta(days=10))
    walk = TimelineScan("mentions", at(-DAYS * 30), floor).advance([post(60, -5)], 800)
    further = walk.continue_in_search(now)
    assert further.request(now).start == now - SEARCH_REACH
    assert further.missing_period(now) == (floor.at, now - SEARCH_REACH)


def test_what_was_read_below_the_reach_of_search_is_not_searched_for() -> None:
    """Given 800 posts of ten days, then they end where search cannot go on; the rest is lost."""
    now, floor = at(0), HighWater("1", at(-DAYS * 10))
    walk = TimelineScan("mentions", at(-DAYS * 30), floor).advance(
        [post(60, -5), post(2, -DAYS * 9)], 800
    )
    assert walk.continue_in_search(now) is None
    assert walk.missing_period(now) == (floor.at, at(-DAYS * 9))
    assert replace(walk, via="search").resume(now) is None


def test_while_an_account_was_watched_nothing_is_lost() -> None:
    """Given a last mention of ten days ago, but a poll of an hour ago, then it is as it was."""
    now, floor = at(0), HighWater("1", at(-DAYS * 10))
    walk = TimelineScan("mentions", at(-120), floor).advance([post(60, -5)], 800)
    assert walk.continue_in_search(now).missing_period(now) is None


@pytest.mark.parametrize("read", [10, 800])
def test_nothing_is_out_of_reach_within_a_week(read: int) -> None:
    """Given a floor of yesterday, then nothing is lost."""
    assert TimelineScan("mentions", at(-DAYS), None, read=read).missing_period(at(0)) is None


def test_below_the_wall_nothing_is_lost() -> None:
    """Given few posts of ten days, all read, then there was no more."""
    assert TimelineScan("mentions", at(-DAYS * 10), None, read=10).missing_period(at(0)) is None


def test_of_a_walk_gone_on_with_the_end_of_the_timeline_is_no_bottom() -> None:
    """Given few posts read, but newer ones since, which move the wall, then search goes on."""
    walk = TimelineScan("mentions", at(0), FLOOR, read=100, oldest=HighWater("60", at(60))).resume(
        NOW
    )
    assert walk.continue_in_search(NOW).via == "search"


def ends(walk: TimelineScan, now: datetime) -> tuple[datetime | None, datetime | None]:
    further = walk.continue_in_search(now).request(now)
    return further.start, further.end


@pytest.mark.parametrize("seconds", [0, 3, 10, 11, 12, 60])
def test_search_is_never_asked_for_its_last_ten_seconds(seconds: int) -> None:
    """Given 800 posts of these few seconds, then the times asked for are old enough, in order."""
    now = at(0)
    recent = HighWater("1", now - timedelta(seconds=seconds))
    walk = TimelineScan("mentions", at(0), recent, newest=recent, oldest=recent, read=800)
    start, end = ends(walk, now)
    assert start < now - timedelta(seconds=10)
    assert end is None or start < end < now - timedelta(seconds=10)
