"""Response times as customers experience them, as they stood at an instant."""

import statistics
from collections import Counter
from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse.conversations.facts import ConversationKey, Fact, Mention
from pulse.conversations.fold import fold
from pulse.reporting.stats import (
    BUCKET_BOUNDS,
    PeriodStats,
    Received,
    ageing,
    bucket_of,
    duration_stats,
    period_stats,
    quantile,
)
from tests.conversations.fact_builders import POLICY, at, mention, position, reply
from tests.conversations.test_fold_properties import conversations

DEADLINE = timedelta(minutes=60)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7], 0.5, 7),
        ([7], 0.9, 7),
        ([1, 3], 0.5, 2),
        ([1, 2, 3, 4], 0.5, 2.5),
        ([1, 2, 3, 4, 5], 0.9, 4.6),
        ([1, 2, 3, 4, 5], 0, 1),
        ([1, 2, 3, 4, 5], 1, 5),
    ],
)
def test_quantiles(values: list[float], share: float, expected: float | None) -> None:
    """A quantile lies between the two nearest values; without values there is none."""
    assert quantile(values, share) == (None if expected is None else pytest.approx(expected))


@given(st.lists(st.integers(0, 10**6), min_size=2))
def test_median_and_p90_are_those_of_the_statistics_module(values: list[int]) -> None:
    """Both agree with the inclusive method of Python's `statistics`."""
    found = duration_stats(values)
    assert found.median == pytest.approx(statistics.median(values))
    assert found.p90 == pytest.approx(statistics.quantiles(values, n=10, method="inclusive")[8])


@pytest.mark.parametrize(
    ("minutes", "bucket"), [(0, 0), (15, 0), (15.1, 1), (60, 1), (61, 2), (241, 3), (1441, 4)]
)
def test_ageing(minutes: float, bucket: int) -> None:
    """There are five buckets, the youngest first."""
    assert ageing([at(-minutes)], at(0)).index(1) == bucket


def figures(conversations: list[list[Fact]], start: float, end: float) -> PeriodStats:
    received: list[Received] = []
    for number, facts in enumerate(conversations):
        key, state = ConversationKey("acme", str(number), "7"), fold(facts, POLICY)
        received += [Received(key, f, state) for f in facts if isinstance(f, Mention)]
    return period_stats(received, at(start), at(end), DEADLINE)


def test_a_period_counts_what_began_in_it() -> None:
    """Of three waits, one of which began before, two mentions are counted, one as answered."""
    found = figures(
        [[mention(1, -5), reply(2, 3)], [mention(3, 10), reply(4, 20)], [mention(5, 30)]], 0, 100
    )
    assert (found.received, found.answered) == (2, 1)
    assert found.first_response.median == pytest.approx((10 * 60 + 70 * 60) / 2)
    assert found.next_response.count == 2
    assert found.within == 0.5


SHARES: dict[str, tuple[list[list[Fact]], float | None]] = {
    "none decided yet": ([[mention(1, 50)]], None),
    "met": ([[mention(1, 0), reply(2, 60)]], 1.0),
    "missed, answered late": ([[mention(1, 0), reply(2, 61)]], 0.0),
    "missed, still open": ([[mention(1, 0)]], 0.0),
    "one of two": ([[mention(1, 0), reply(2, 5)], [mention(3, 0)]], 0.5),
    "a position is neither met nor missed": ([[mention(1, 0), position("p", 5, 1)]], None),
}


@pytest.mark.parametrize(("conversations", "share"), SHARES.values(), ids=SHARES)
def test_the_share_within_the_deadline(
    conversations: list[list[Fact]], share: float | None
) -> None:
    """Of waits whose deadline of an hour was met, or had passed, by the end of the period."""
    assert figures(conversations, 0, 100).within == share


LATER: dict[str, list[Fact]] = {
    "a reply": [reply(9, 120)],
    "a position": [position("p", 120, 1)],
    "another mention": [mention(9, 120)],
    "another mention and a reply": [mention(9, 120), reply(10, 130)],
}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_the_figures_of_a_period_do_not_change_later(later: list[Fact]) -> None:
    """What happens after the end of the period changes nothing when it is counted again."""
    for facts in ([mention(1, 10)], [mention(1, 10), mention(2, 20)]):
        assert figures([[*facts, *later]], 0, 100) == figures([facts], 0, 100)


@given(conversations(most=6), st.integers(0, 400))
def test_a_period_ignores_what_comes_after_its_end(facts: list[Fact], end: int) -> None:
    """For any conversation, the figures are those that were counted at the end itself."""
    posts = [f for f in facts if getattr(f, "version", None) in (None, getattr(f, "id", None))]
    known = [f for f in posts if f.at < at(end)]
    now, later = figures([known], 0, end), figures([posts], 0, end)
    assert (later.received, later.answered) == (now.received, now.answered)
    assert (later.first_response, later.within) == (now.first_response, now.within)


@given(
    st.lists(st.floats(1, 6e6), min_size=1),
    st.lists(st.floats(1, 6e6)),
    st.sampled_from([0.5, 0.9]),
)
def test_counts_by_bucket_add_up_and_are_right_to_within_a_quarter(
    some: list[float], more: list[float], share: float
) -> None:
    """Quantiles of two days' counts added up are near those of all the values."""
    counts = Counter(map(bucket_of, some))
    counts.update(Counter(map(bucket_of, more)))
    reached = accumulate(counts[bucket] for bucket in range(len(BUCKET_BOUNDS) + 1))
    bucket = next(b for b, n in enumerate(reached) if n >= share * counts.total())
    ordered = sorted(some + more)
    true = ordered[-(-int(share * 100) * len(ordered) // 100) - 1]
    found = BUCKET_BOUNDS[min(bucket, len(BUCKET_BOUNDS) - 1)]
    assert max(true, 30) <= found * 1.0001
    assert found <= max(true * 1.3, 31)
