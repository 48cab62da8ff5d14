"""Is something happening: many more mentions than usual."""

from datetime import datetime, timedelta

import pytest

from pulse.incidents.surge import detect_surge
from tests.conversations.fact_builders import at

NOW = at(0)
LONG_AGO = at(-60 * 40)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=m) for m in minutes]


def usual(an_hour: int) -> list[datetime]:
    """So many mentions in each of the 24 hours before the last."""
    return ago(*(60 + (n + 0.5) * 60 / an_hour for n in range(24 * an_hour)))


CASES = {
    "silence": ([], None),
    "nine are too few": (ago(*range(9)), None),
    "ten after a quiet day": (ago(*range(10)), 10),
    "as usual": (usual(10) + ago(*(n * 6 for n in range(10))), None),
    "thrice the usual": (usual(10) + ago(*(n * 2 for n in range(30))), 30),
    "not quite thrice": (usual(10) + ago(*(n * 2 for n in range(29))), None),
    "over an hour long": (ago(*(n * 2 for n in range(60))), 60),
    "what is yet to come does not count": (ago(*range(9), -5, -6), None),
    "a burst that ended half an hour ago": (ago(*(40 + n / 2 for n in range(12))), 12),
}


@pytest.mark.parametrize(("mentions", "count"), CASES.values(), ids=CASES)
def test_a_burst_is_counted_from_where_it_began(
    mentions: list[datetime], count: int | None
) -> None:
    """Given mentions, when looked at now, then a burst is seen, whole, or none is."""
    found = detect_surge(mentions, LONG_AGO, None, NOW)
    assert (found.count if found else None) == count


def test_what_is_said_of_a_burst() -> None:
    """Given forty mentions in twenty minutes, then since when, how usual, our own silence."""
    burst = ago(*(n / 2 for n in range(41)))
    found = detect_surge(usual(6) + burst, LONG_AGO, at(-95), NOW)
    assert found.since == at(-20)
    assert found.count == 41
    assert found.usual == pytest.approx(2)
    assert found.silent_for == timedelta(minutes=95)


def test_hours_that_nobody_watched_are_not_quiet_hours() -> None:
    """Given eight busy hours since we came, then the next busy one is nothing unusual."""
    mentions = ago(*(n * 5 for n in range(9 * 12)))
    assert detect_surge(mentions, at(-60 * 9), None, NOW) is None
    assert detect_surge(mentions, LONG_AGO, None, NOW) is not None


def test_of_few_hours_nothing_can_be_said() -> None:
    """Given a burst six hours after we came, and one an hour later, then the later one is seen."""
    burst = ago(*range(30))
    assert detect_surge(burst, at(-60 * 7 + 1), None, NOW) is None
    assert detect_surge(burst, at(-60 * 7), None, NOW).usual == 0


def test_a_lone_mention_before_it_does_not_begin_a_burst() -> None:
    """Given two mentions an hour and more before a burst, then it began where it was loud."""
    found = detect_surge(ago(*range(20), 35, 80), LONG_AGO, None, NOW)
    assert found.since == at(-19)


def test_a_burst_that_pauses_is_one_burst() -> None:
    """Given a burst with a quiet quarter in it, then it began before the pause."""
    found = detect_surge(ago(*range(12), *range(31, 44)), LONG_AGO, None, NOW)
    assert found.since == at(-43)
    assert found.count == 25


def test_an_event_goes_on_for_hours_after_its_peak() -> None:
    """Given forty mentions in the first hour and twelve in each since, it is still seen."""
    peak = ago(*(5 * 60 + n * 1.4 for n in range(40)))
    since = ago(*(n * 5 for n in range(60)))
    found = detect_surge(usual_before(6, 6) + peak + since, LONG_AGO, None, NOW)
    assert found.since == min(peak)
    assert found.count == 100
    ebbing = [m for m in since if not at(-120) < m < at(-60)]
    assert detect_surge(usual_before(6, 6) + peak + ebbing, LONG_AGO, None, NOW) is None


def test_what_lasts_all_day_is_how_things_are() -> None:
    """Given a peak nine hours ago and much ever since, then nothing is happening now."""
    peak = ago(*(8 * 60 + n for n in range(60)))
    since = ago(*(n * 5 for n in range(8 * 12)))
    assert detect_surge(usual_before(9, 6) + peak + since, LONG_AGO, None, NOW) is None


def usual_before(hours: int, an_hour: int) -> list[datetime]:
    """So many mentions an hour, in the day that ended so many hours ago."""
    return [m - timedelta(hours=hours - 1) for m in usual(an_hour)]


def test_a_long_event_is_not_taken_for_the_usual() -> None:
    """Given fourteen hours known and an event in seven, then it is measured by the others."""
    event = ago(*(6 * 60 + n * 2.3 for n in range(25)), *(n * 6 + 1 for n in range(60)))
    quiet = ago(*(7 * 60 + n * 12 for n in range(35)))
    found = detect_surge(event + quiet, at(-60 * 14), None, NOW)
    assert found.count == 85
    assert found.usual == pytest.approx(5 * 6.92)
