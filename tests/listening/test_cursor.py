"""How far an account has been read: the high-water mark moves at the bottom, and never back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pulse.listening.cursor import Cursor
from pulse.listening.scan import HighWater, TimelineScan
from pulse.x.access import Limit
from pulse.x.faults import OpenFault
from tests.conversations.fact_builders import at

FRESH = Cursor("100", watched_from=at(0))
DAY = timedelta(days=1)


def read_to(number: int, minute: float) -> TimelineScan:
    mark = HighWater(str(number), at(minute))
    return TimelineScan("mentions", at(0), newest=mark, oldest=mark)


def test_the_first_scan_looks_back_as_far_as_the_settings_say() -> None:
    """The first scan of an account begins one look-back before the account was first watched."""
    assert FRESH.start_scan("mentions", DAY) == TimelineScan("mentions", at(0) - DAY)


def test_the_next_scan_ends_at_the_high_water_mark() -> None:
    """A scan stops at the newest post of the last scan that reached its bottom."""
    cursor = FRESH.finish_scan(read_to(9, 9)).finish_scan(read_to(10, 11))
    assert cursor.start_scan("mentions", DAY).stop_at == HighWater("10", at(11))


def test_the_high_water_mark_never_moves_back() -> None:
    """A scan whose newest post is older leaves the mark as it was (9 < 10, as numbers)."""
    cursor = FRESH.finish_scan(read_to(10, 11)).finish_scan(read_to(9, 9))
    assert cursor.high_water["mentions"].id == "10"


def test_a_scan_that_found_nothing_sets_no_high_water_mark() -> None:
    """After a scan of an empty timeline there is no mark yet."""
    assert FRESH.finish_scan(TimelineScan("mentions", at(0))).high_water == {}


def test_a_sweep_does_not_move_the_high_water_mark() -> None:
    """After a sweep has reached its bottom, polls continue from where they were."""
    assert FRESH.finish_scan(replace(read_to(10, 11), purpose="sweep")).high_water == {}


def test_a_paused_scan_is_resumed_and_does_not_move_the_high_water_mark() -> None:
    """A paused scan is resumed below its oldest post and still stops at the same post."""
    scan = replace(read_to(70, 70), stop_at=HighWater("5", at(5)))
    cursor = FRESH.pause_scan(scan)
    assert cursor.high_water == {}
    assert cursor.start_scan("mentions", DAY).resume(at(99)) == replace(scan, until_id="70")
    assert cursor.finish_scan(scan).scans == {}


def limit(remaining: int, reset: float) -> dict[str, Limit]:
    return {"mentions": Limit(remaining, at(reset))}


def open_fault(next_try: float) -> dict[str, OpenFault]:
    return {"mentions": OpenFault("unavailable", "503", at(0), 1, at(next_try))}


@pytest.mark.parametrize(
    ("cursor", "may"),
    [
        (FRESH, True),
        (replace(FRESH, limits=limit(1, 20)), True),
        (replace(FRESH, limits=limit(0, 20)), False),
        (replace(FRESH, limits=limit(0, 10)), True),
        (replace(FRESH, faults=open_fault(10)), True),
        (replace(FRESH, faults=open_fault(11)), False),
        (replace(FRESH, faults=open_fault(10), limits=limit(0, 20)), False),
    ],
)
def test_when_an_endpoint_may_be_read(cursor: Cursor, may: bool) -> None:
    """At minute 10: an endpoint may be read unless a fault or the rate limit says to wait."""
    assert cursor.is_readable("mentions", at(10)) is may
    assert cursor.is_readable("posts", at(10))
    assert cursor.is_due(at(10))


@pytest.mark.parametrize(
    ("last_ok", "missed"), [(None, (0, 10)), (9, None), (10, None), (8, (9, 10)), (0, (1, 10))]
)
def test_minutes_without_a_successful_poll(
    last_ok: float | None, missed: tuple[float, float] | None
) -> None:
    """At minute 10, the minutes from the one after `last_ok` were not watched."""
    cursor = replace(FRESH, last_ok=None if last_ok is None else at(last_ok))
    found = cursor.unwatched_minutes(at(10.5))
    assert found == (None if missed is None else (at(missed[0]), at(missed[1])))


def test_an_account_polled_in_its_first_minute_missed_nothing() -> None:
    """When the first poll succeeds within the minute, no minute was missed."""
    assert Cursor("100", watched_from=at(0.3)).unwatched_minutes(at(0.3)) is None


@pytest.mark.parametrize(
    ("endpoint", "start"), [("mentions", at(5000 - 60)), ("posts", at(4000 - 60))]
)
def test_unread_posts_may_begin_an_hour_before_the_account_was_last_read(
    endpoint: str, start: datetime
) -> None:
    """Mentions count as read up to the last successful poll, own posts up to the last sweep."""
    scan = read_to(9, 9) if endpoint == "mentions" else replace(read_to(9, 9), endpoint="posts")
    cursor = replace(FRESH.finish_scan(scan), last_ok=at(5000), swept=at(4000))
    assert cursor.start_scan(endpoint, DAY) == TimelineScan(
        endpoint, start, stop_at=HighWater("9", at(9))
    )
