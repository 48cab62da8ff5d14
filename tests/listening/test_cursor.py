"""How far an account has been read: the mark moves at the bottom, and never back."""

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


def test_the_first_walk_looks_back_as_far_as_the_settings_say() -> None:
    """Given an account never read, then its walk begins a day before we came."""
    assert FRESH.start_scan("mentions", DAY) == TimelineScan("mentions", at(0) - DAY)


def test_the_next_walk_ends_at_the_mark() -> None:
    """Given a walk that came to its bottom, then the next has its newest for a floor."""
    cursor = FRESH.finish_scan(read_to(9, 9)).finish_scan(read_to(10, 11))
    assert cursor.start_scan("mentions", DAY).stop_at == HighWater("10", at(11))


def test_a_mark_never_moves_back() -> None:
    """Given a walk whose newest is older (9 < 10, as numbers), then the mark stays."""
    cursor = FRESH.finish_scan(read_to(10, 11)).finish_scan(read_to(9, 9))
    assert cursor.high_water["mentions"].id == "10"


def test_a_walk_that_found_nothing_moves_nothing() -> None:
    """Given an empty timeline, then there is no mark yet."""
    assert FRESH.finish_scan(TimelineScan("mentions", at(0))).high_water == {}


def test_a_sweep_moves_no_mark() -> None:
    """Given a sweep at its bottom, then the polls go on from where they were."""
    assert FRESH.finish_scan(replace(read_to(10, 11), purpose="sweep")).high_water == {}


def test_a_walk_broken_off_goes_on_and_moves_no_mark() -> None:
    """Given a walk under way, when begun again, then below its oldest, with the floor it had."""
    walk = replace(read_to(70, 70), stop_at=HighWater("5", at(5)))
    cursor = FRESH.pause_scan(walk)
    assert cursor.high_water == {}
    assert cursor.start_scan("mentions", DAY).resume(at(99)) == replace(walk, until_id="70")
    assert cursor.finish_scan(walk).scans == {}


def limit(remaining: int, reset: float) -> dict[str, Limit]:
    return {"mentions": Limit(remaining, at(reset))}


def trouble(next_try: float) -> dict[str, OpenFault]:
    return {"mentions": OpenFault("unavailable", "503", at(0), 1, at(next_try))}


@pytest.mark.parametrize(
    ("cursor", "may"),
    [
        (FRESH, True),
        (replace(FRESH, limits=limit(1, 20)), True),
        (replace(FRESH, limits=limit(0, 20)), False),
        (replace(FRESH, limits=limit(0, 10)), True),
        (replace(FRESH, faults=trouble(10)), True),
        (replace(FRESH, faults=trouble(11)), False),
        (replace(FRESH, faults=trouble(10), limits=limit(0, 20)), False),
    ],
)
def test_when_an_endpoint_may_be_read(cursor: Cursor, may: bool) -> None:
    """At minute 10: neither trouble nor the rate limit says to wait."""
    assert cursor.is_readable("mentions", at(10)) is may
    assert cursor.is_readable("posts", at(10))
    assert cursor.is_due(at(10))


@pytest.mark.parametrize(
    ("last_ok", "missed"), [(None, (0, 10)), (9, None), (10, None), (8, (9, 10)), (0, (1, 10))]
)
def test_minutes_without_a_good_poll(
    last_ok: float | None, missed: tuple[float, float] | None
) -> None:
    """Given the last good minute, at minute 10, then these were not watched: from, up to."""
    cursor = replace(FRESH, last_ok=None if last_ok is None else at(last_ok))
    found = cursor.unwatched_minutes(at(10.5))
    assert found == (None if missed is None else (at(missed[0]), at(missed[1])))


def test_an_account_that_is_read_when_pulse_comes_missed_nothing() -> None:
    """Given a first poll that is well, whatever the second, then no minute is missed."""
    assert Cursor("100", watched_from=at(0.3)).unwatched_minutes(at(0.3)) is None


@pytest.mark.parametrize(
    ("endpoint", "start"), [("mentions", at(5000 - 60)), ("posts", at(4000 - 60))]
)
def test_what_may_be_new_begins_where_it_was_last_watched(endpoint: str, start: datetime) -> None:
    """Given a mark of long ago, then a walk is after what came since the last poll, or sweep."""
    read = read_to(9, 9) if endpoint == "mentions" else replace(read_to(9, 9), endpoint="posts")
    cursor = replace(FRESH.finish_scan(read), last_ok=at(5000), swept=at(4000))
    assert cursor.start_scan(endpoint, DAY) == TimelineScan(
        endpoint, start, stop_at=HighWater("9", at(9))
    )
