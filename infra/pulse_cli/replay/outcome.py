"""The outcome of a replay: the conversations, latencies and counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pulse.conversations.facts import NOBODY, Fact, Flag, Mention, Reply
from pulse.conversations.fold import fold
from pulse.conversations.store.documents import StoredConversation, stored_in
from pulse.dynamodb import keys
from pulse.kernel.policy import Policy
from pulse.reporting.stats import quantile
from pulse_cli.replay.world import ReplayWorld

Row = dict[str, Any]


@dataclass(slots=True)
class ReplayOutcome:
    """One company's part of state.json and run.json.

    `seconds_from_published` and `seconds_from_visible` are, for each post, the seconds until it
    was stored, from when it was published and from when X showed it. `flag_lateness` has, for each
    flag, the seconds from when it was due (or could be known to be) until it was raised.
    `failures` are function, time and error of each failed invocation. `dynamodb` counts calls by
    operation.
    """

    company: str
    conversations: list[Row] = field(default_factory=list)
    at_checkpoints: dict[datetime, list[Row]] = field(default_factory=dict)
    polls: int = 0
    ticks: int = 0
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    x: dict[str, Any] = field(default_factory=dict)
    dynamodb: dict[str, int] = field(default_factory=dict)
    mails: int = 0
    seconds_from_published: list[float] = field(default_factory=list)
    seconds_from_visible: list[float] = field(default_factory=list)
    flag_lateness: list[float] = field(default_factory=list)
    wall_seconds: float = 0.0


def list_conversations(world: ReplayWorld) -> list[Row]:
    """Return every conversation that has a mention, in the order of first mentions."""
    rows = []
    for stored in _stored(world):
        state, key = stored.state(world.company.policy), stored.key
        if state.first_mention_id is None:
            continue
        rows.append(
            {
                "conversation_id": key.conversation_id,
                "author_id": key.customer_id,
                "first_mention_id": state.first_mention_id,
                "mentions": state.mentions,
                "status": state.status,
                "waiting_since": _iso(state.waiting_since),
                "first_response_seconds": state.first_response_seconds,
                "level": state.level,
                "flagged": [
                    {"level": f.level, "due_at": _iso(f.due_at), "flagged_at": _iso(f.at)}
                    for f in state.flags
                    if not f.reminder
                ],
            }
        )
    return sorted(rows, key=lambda r: int(r["first_mention_id"]))


def measure_latencies(world: ReplayWorld) -> dict[str, Any]:
    """Return the latencies of a replay in seconds, by the names of `ReplayOutcome`'s fields."""
    published: list[float] = []
    visible: list[float] = []
    late: list[float] = []
    for stored in _stored(world):
        # Own posts that answer nobody are not what readers wait for.
        if stored.key.customer_id == NOBODY:
            continue
        for fact in stored.facts:
            if isinstance(fact, (Mention, Reply)) and fact.stored_at is not None:
                post = world.x.archive.index.by_id.get(fact.version)
                shown = post.visible_at if post is not None else fact.at
                published.append((fact.stored_at - fact.at).total_seconds())
                visible.append((fact.stored_at - shown).total_seconds())
        late += _flag_lateness(stored.facts, world.company.policy)
    return {
        "seconds_from_published": published,
        "seconds_from_visible": visible,
        "flag_lateness": late,
    }


def _flag_lateness(facts: Sequence[Fact], policy: Policy) -> Iterator[float]:
    """Yield for each flag the seconds from when it could be raised until it was raised."""
    # A flag cannot be raised before its level is due, nor before the posts are stored from which
    # its wait follows: a post that X shows late makes a flag late through no fault of Pulse.
    posts = [f for f in facts if isinstance(f, (Mention, Reply)) and f.stored_at is not None]
    posts.sort(key=lambda f: f.stored_at or f.at)
    for flag in facts:
        if not isinstance(flag, Flag) or flag.reminder:
            continue
        since = flag.due_at - policy.levels[policy.rank(flag.level)].after
        known = (
            post.stored_at
            for number, post in enumerate(posts, 1)
            if fold(posts[:number], policy).waiting_since == since
        )
        yield (flag.at - max(flag.due_at, next(known, None) or flag.due_at)).total_seconds()


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return the median, the 95th percentile and the maximum; None if there are no values."""
    ordered = sorted(values)
    return {
        "p50": quantile(ordered, 0.5),
        "p95": quantile(ordered, 0.95),
        "max": ordered[-1] if ordered else None,
    }


def _stored(world: ReplayWorld) -> Iterator[StoredConversation]:
    for item in world.app.db.table.scan():
        if item["sk"] == keys.DOCUMENT:
            yield stored_in(item)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
