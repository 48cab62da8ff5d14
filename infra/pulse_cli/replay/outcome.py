"""What came of a replay: the conversations, and what it took."""

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

    `published` and `visible` are capture latencies in seconds, `flag_lateness` how much
    later than due (or than stored) each flag was raised.
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
    """Return every conversation with a mention, ordered by its first."""
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
    """How long after publishing, and after X showed them, posts were stored; flags likewise."""
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
    """Yield seconds from when a level was due, and could be known to be, until it was flagged."""
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
    """p50, p95 and the largest, in seconds."""
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
