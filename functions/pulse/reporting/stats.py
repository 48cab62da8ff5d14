"""Response times as the customer feels them, and the day's figures kept for good."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pulse.conversations.facts import Mention
from pulse.conversations.fold import State

AGEING = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=24),
)
"""Upper bounds of the ageing buckets; a fifth holds what is older."""


@dataclass(frozen=True, slots=True)
class DurationStats:
    """Median and 90th percentile in seconds; None where nothing was measured."""

    count: int = 0
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class PeriodStats:
    """Figures of one stretch of time, as they stood at its end.

    `received` counts mentions, `answered` those of them that a reply or position had
    covered by the end; `within` is the share of waits that ended within the promise,
    among those whose promise had run out or been kept, None when there were none.
    """

    received: int
    answered: int
    first_response: DurationStats
    next_response: DurationStats
    within: float | None


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Linear interpolation between the two nearest of `ordered` (ascending)."""
    if not ordered:
        return None
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def duration_stats(seconds: Iterable[float]) -> DurationStats:
    """Count, median and 90th percentile of these."""
    ordered = sorted(seconds)
    return DurationStats(len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.9))


def ageing(waiting_since: Iterable[datetime], now: datetime) -> tuple[int, ...]:
    """How many wait, by age: the five ageing buckets, youngest first."""
    counts = Counter(bisect_left(AGEING, now - since) for since in waiting_since)
    return tuple(counts[i] for i in range(len(AGEING) + 1))


def period_stats(
    mentions: Iterable[tuple[State, Mention]], start: datetime, end: datetime, promise: timedelta
) -> PeriodStats:
    """Figures of [start, end) from its mentions: each with the state of its conversation.

    Of some of the mentions only: the responses that they themselves began to wait for.
    What happened after `end` is left out, so the same span gives the same figures later.
    """
    received = answered = 0
    counted: dict[int, tuple[State, set[str]]] = {}
    for state, mention in mentions:
        if start <= mention.at < end:
            received += 1
            answered += _covered(state, mention.at, end)
            counted.setdefault(id(state), (state, set()))[1].add(mention.id)
    first: list[float] = []
    following: list[float] = []
    kept = missed = 0
    for state, ids in counted.values():
        if state.first_mention_id in ids and state.first_mention_at is not None:
            first.append(_first_response(state, state.first_mention_at, end))
        for wait in state.waits:
            if wait.first_id not in ids:
                continue
            ended = wait.until if wait.until is not None and wait.until < end else None
            if ended is not None and wait.how == "position":
                continue
            ran = (ended or end) - wait.since
            following.append(ran.total_seconds())
            kept += ended is not None and ran <= promise
            missed += ran > promise
    judged = kept + missed
    return PeriodStats(
        received,
        answered,
        duration_stats(first),
        duration_stats(following),
        kept / judged if judged else None,
    )


def _covered(state: State, at: datetime, end: datetime) -> bool:
    wait = next((w for w in reversed(state.waits) if w.since <= at), None)
    return wait is not None and wait.until is not None and wait.until < end


def _first_response(state: State, first_at: datetime, end: datetime) -> float:
    running = (end - first_at).total_seconds()
    seconds = state.first_response_seconds
    return running if seconds is None or seconds >= running else seconds


_BOUNDS = tuple(int(30 * 1.25**step) for step in range(56))
"""Upper bounds of the histogram's buckets in seconds: 30 s to 74 days, 25 % apart."""


@dataclass(slots=True)
class Histogram:
    """A mergeable histogram of seconds; quantiles are right to within a quarter."""

    counts: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Count one value."""
        self.counts[bisect_left(_BOUNDS, seconds)] += 1

    def merge(self, other: Histogram) -> None:
        """Take in what another has counted."""
        self.counts.update(other.counts)

    def quantile(self, share: float) -> float | None:
        """Upper bound of the bucket in which this share of the values is reached."""
        total = sum(self.counts.values())
        reached = 0
        for bucket in sorted(self.counts):
            reached += self.counts[bucket]
            if reached >= share * total:
                return float(_BOUNDS[min(bucket, len(_BOUNDS) - 1)])
        return None
