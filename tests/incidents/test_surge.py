"""Surges: many more mentions than usual."""

from datetime import datetime, timedelta

import pytest

from pulse.incidents.surge import detect_surge
from tests.conversations.fact_builders import at

NOW = at(0)
LONG_AGO = at(-60 * 40)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=m) for m in minutes]


def usual(an_hour: int) -> list[datetime]:
    """Return this many mentions for each of the 24 hours before the last one."""
    return ago(*(60 + (n + 0.5) * 60 / an_hour for n in range(24 * an_hour)))


CASES = {
    "silence": ([], None),
    "nine are too few": (ago(*range(9)), None),
    "ten after a quiet day": (ago(*range(10)), 10),
    "as usual": (usual(10) + ago(*(n * 6 for n in range(10))), None),
    "three times the usual": (usual(10) + ago(*(n * 2 for n in range(30))), 30),
    "not quite three times": (usual(10) + ago(*(n * 2 for n in range(29))), None),
    "a steady hour after silence": (ago(*(n * 2 for n in range(60))), 60),
    "mentions from the future do not count": (ago(*range(9), -5, -6), None),
    "a surge that ended half an hour ago": (ago(*(40 + n / 2 for n in range(12))), 12),
}


@pytest.mark.parametrize(("mentions", "count"), CASES.values(), ids=CASES)
def test_a_surge_is_counted_from_its_beginning(mentions: list[datetime], count: int | None) -> None:
    """Of these mentions, a surge is detected with all of its mentions, or none is."""
    found = detect_surge(mentions, LONG_AGO, None, NOW)
    assert (found.count if found else None) == count


def test_what_is_known_of_a_surge() -> None:
    """A surge has its beginning, its count, the usual count, and the time since our last post."""
    surge = ago(*(n / 2 for n in range(41)))
    found = detect_surge(usual(6) + surge, LONG_AGO, at(-95), NOW)
    assert found.since == at(-20)
    assert found.count == 41
    assert found.usual == pytest.approx(2)
    assert found.silent_for == timedelta(minutes=95)


def test_hours_before_the_installation_are_not_quiet_hours() -> None:
    """Nine equally busy hours are no surge if nothing is known of the time before them."""
    mentions = ago(*(n * 5 for n in range(9 * 12)))
    assert detect_surge(mentions, at(-60 * 9), None, NOW) is None
    assert detect_surge(mentions, LONG_AGO, None, NOW) is not None


def test_a_surge_is_detected_only_after_six_known_hours() -> None:
    """With less than six whole hours known before the last one, nothing is detected."""
    surge = ago(*range(30))
    assert detect_surge(surge, at(-60 * 7 + 1), None, NOW) is None
    assert detect_surge(surge, at(-60 * 7), None, NOW).usual == 0


def test_a_lone_mention_does_not_begin_a_surge() -> None:
    """Single mentions before many do not belong to the surge."""
    found = detect_surge(ago(*range(20), 35, 80), LONG_AGO, None, NOW)
    assert found.since == at(-19)


def test_a_surge_that_pauses_is_one_surge() -> None:
    """A surge with a quiet quarter of an hour in it began before the pause."""
    found = detect_surge(ago(*range(12), *range(31, 44)), LONG_AGO, None, NOW)
    assert found.since == at(-43)
    assert found.count == 25


def test_a_surge_lasts_for_hours_after_its_peak() -> None:
    """With 40 mentions in the first hour and 12 in each since, it lasts; a quiet hour ends it."""
    peak = ago(*(5 * 60 + n * 1.4 for n in range(40)))
    since = ago(*(n * 5 for n in range(60)))
    found = detect_surge(usual_before(6, 6) + peak + since, LONG_AGO, None, NOW)
    assert found.since == min(peak)
    assert found.count == 100
    with_a_quiet_hour = [m for m in since if not at(-120) < m < at(-60)]
    assert detect_surge(usual_before(6, 6) + peak + with_a_quiet_hour, LONG_AGO, None, NOW) is None


def test_a_surge_ends_after_eight_hours() -> None:
    """When the peak was nine hours ago, many mentions since then are no surge any more."""
    peak = ago(*(8 * 60 + n for n in range(60)))
    since = ago(*(n * 5 for n in range(8 * 12)))
    assert detect_surge(usual_before(9, 6) + peak + since, LONG_AGO, None, NOW) is None


def usual_before(hours: int, an_hour: int) -> list[datetime]:
    """Return this many mentions an hour for the day that ended so many hours ago."""
    return [m - timedelta(hours=hours - 1) for m in usual(an_hour)]


def test_a_long_surge_does_not_become_its_own_baseline() -> None:
    """Of 14 known hours, the 7 hours of the surge are compared with the 7 before it."""
    surge = ago(*(6 * 60 + n * 2.3 for n in range(25)), *(n * 6 + 1 for n in range(60)))
    quiet = ago(*(7 * 60 + n * 12 for n in range(35)))
    found = detect_surge(surge + quiet, at(-60 * 14), None, NOW)
    assert found.count == 85
    assert found.usual == pytest.approx(5 * 6.92)
