"""Is something happening: many more mentions than usual."""

from datetime import datetime, timedelta

import pytest

from pulse.domain.happening import happening

from .scenes import at

NOW = at(0)


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
    found = happening(mentions, None, NOW)
    assert (found.count if found else None) == count


def test_what_is_said_of_a_burst() -> None:
    """Given forty mentions in twenty minutes, then since when, how usual, our own silence."""
    burst = ago(*(n / 2 for n in range(41)))
    found = happening(usual(6) + burst, at(-95), NOW)
    assert found.since == at(-20)
    assert found.count == 41
    assert found.usual == pytest.approx(2)
    assert found.silent_for == timedelta(minutes=95)
