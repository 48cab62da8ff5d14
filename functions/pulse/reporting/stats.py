"""Response times as customers experience them, and the buckets of daily figures.

All times are measured from publication on X, not from when Pulse stored a post.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pulse.conversations.facts import ConversationKey, Mention
from pulse.conversations.fold import State

AGEING = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=24))
"""Upper bounds of the ageing buckets, each included; a fifth bucket holds what is older."""


class Received(NamedTuple):
    """A mention, with the key and the state of its conversation."""

    key: ConversationKey
    mention: Mention
    state: State


@dataclass(frozen=True, slots=True)
class DurationStats:
    """Median and 90th percentile in seconds; None where nothing was measured."""

    count: int = 0
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class PeriodStats:
    """Figures of mentions of one period, as they stood at its end.

    `received` counts mentions; `answered` counts those of them that a reply or a position had
    covered by the end. `within` is the share (0 to 1) of waits that ended within the policy's
    deadline, among the waits that ended in time or ran past it; None when there were none.
    """

    received: int
    answered: int
    first_response: DurationStats
    next_response: DurationStats
    within: float | None
    unanswered: float | None = None
    """Share of the mentions that nothing had covered by the end; None when there were none."""


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the quantile of `ordered` (ascending), interpolated between its two neighbours.

    >>> quantile([1, 2, 3, 4], 0.5)
    2.5
    """
    if not ordered:
        return None
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def duration_stats(seconds: Iterable[float]) -> DurationStats:
    """Return count, median and 90th percentile of durations in seconds."""
    ordered = sorted(seconds)
    return DurationStats(len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.9))


def ageing(waiting_since: Iterable[datetime], now: datetime) -> tuple[int, ...]:
    """Return how many customers wait, by age: five counts, youngest first."""
    counts = Counter(bisect_left(AGEING, now - since) for since in waiting_since)
    return tuple(counts[i] for i in range(len(AGEING) + 1))


def period_stats(
    received: Iterable[Received], start: datetime, end: datetime, deadline: timedelta
) -> PeriodStats:
    """Return the figures of [start, end) from the mentions published in it; others are ignored.

    `received` may hold a part of the mentions only, such as those that name one account. Then
    a response counts only if the mention that began the wait is among them. `deadline` is the
    age by which a wait should have ended.
    """
    mentions = [one for one in received if start <= one.mention.at < end]
    # A conversation has one first response and a list of waits, however many of its mentions
    # are counted. So its mentions are gathered by the key of the conversation; each wait is
    # then counted where it began, so that days, accounts and shifts add up to the whole.
    conversations: dict[ConversationKey, tuple[State, set[str]]] = {}
    for key, mention, state in mentions:
        conversations.setdefault(key, (state, set()))[1].add(mention.id)
    first: list[float] = []
    following: list[float] = []
    in_time = late = 0
    for state, ids in conversations.values():
        if state.first_mention_id in ids and state.first_mention_at is not None:
            first.append(_first_response(state, state.first_mention_at, end))
        for wait in state.waits:
            if wait.first_id not in ids:
                continue
            # What happened after the end of the period is left out, so that a report made a week
            # later gives the same figures: a wait that ended after it is one still running.
            ended = wait.until if wait.until is not None and wait.until < end else None
            if ended is not None and wait.how == "position":
                # Somebody decided that no public answer is due. That is neither a response
                # time nor a promise that was kept or broken.
                continue
            ran = (ended or end) - wait.since
            # Open waits count with the time they have run so far. Leaving them out would make
            # the median better the fewer customers are answered.
            following.append(ran.total_seconds())
            if ran > deadline:
                late += 1
            elif ended is not None:
                in_time += 1
    judged = in_time + late
    answered = len([one for one in mentions if _is_covered(one, end)])
    return PeriodStats(
        len(mentions),
        answered,
        duration_stats(first),
        duration_stats(following),
        in_time / judged if judged else None,
        1 - answered / len(mentions) if mentions else None,
    )


def _is_covered(received: Received, end: datetime) -> bool:
    """Return whether a reply or a position had covered the mention before `end`."""
    # Waits are in order and do not overlap: a mention belongs to the last that began by then.
    waits = reversed(received.state.waits)
    wait = next((wait for wait in waits if wait.since <= received.mention.at), None)
    return wait is not None and wait.until is not None and wait.until < end


def _first_response(state: State, first_at: datetime, end: datetime) -> float:
    """Return seconds to the first reply, or to `end` when it came later or not at all."""
    running = (end - first_at).total_seconds()
    seconds = state.first_response_seconds
    return running if seconds is None or seconds >= running else seconds


# Stored figures name buckets by their number, so these bounds must never change.
BUCKET_BOUNDS = tuple(int(30 * 1.25**step) for step in range(56))
"""Upper bounds in seconds of the buckets of daily figures: 30 s to 74 days, 25 % apart."""


def bucket_of(seconds: float) -> int:
    """Return the number of the bucket in which daily figures count a duration.

    Medians of days cannot be added up; counts by bucket can, and their quantiles are right to
    within a quarter. The last bucket has no upper bound.
    """
    return bisect_left(BUCKET_BOUNDS, seconds)
