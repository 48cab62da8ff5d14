"""The heart of Pulse: the state of a conversation is a fold of its facts.

`fold` is pure and has no clock; the same facts give the same state, whatever the order
in which they came.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple, TypeVar

from pulse.conversations.facts import Fact, Flag, Lease, Mention, Position, Reply
from pulse.kernel.policy import Policy

Status = Literal["open", "answered", "closed"]
_Published = TypeVar("_Published", Mention, Reply)


class Wait(NamedTuple):
    """From a mention that nothing covered to what covered the last of its wait.

    `until` and `how` are None while the customer waits.
    """

    first_id: str
    since: datetime
    until: datetime | None
    how: Literal["reply", "position"] | None


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. `status` is None while no mention of it is known."""

    status: Status | None
    mentions: int = 0
    first_mention_id: str | None = None
    first_mention_at: datetime | None = None
    last_at: datetime | None = None
    waiting: tuple[str, ...] = ()
    """Ids of the mentions that wait for an answer, oldest first."""
    waiting_since: datetime | None = None
    watched_from: datetime | None = None
    """When Pulse began to watch, for a wait that is older than that."""
    fresh_since: datetime | None = None
    """For such a wait: when the customer first spoke since Pulse watches."""
    first_response_seconds: int | None = None
    level: str | None = None
    """Highest level told of the present wait."""
    attention_at: datetime | None = None
    """When the next level or reminder falls due, or the lease that holds it back ends."""
    lease: Lease | None = None
    waits: tuple[Wait, ...] = ()
    flags: tuple[Flag, ...] = ()
    facts: frozenset[str] = frozenset()
    """Tokens of all the facts in it."""


def fold(facts: Iterable[Fact], policy: Policy) -> State:
    """Fold the facts of one conversation, in any order, into its state."""
    facts = list(dict.fromkeys(facts))
    mentions = _latest(f for f in facts if isinstance(f, Mention))
    replies = _latest(f for f in facts if isinstance(f, Reply))
    positions = [f for f in facts if isinstance(f, Position)]
    leases = [f for f in facts if isinstance(f, Lease)]
    flags = sorted(
        (f for f in facts if isinstance(f, Flag)),
        key=lambda f: (f.at, f.due_at, f.level, f.reminder, sorted(f.mentions)),
    )
    tokens = frozenset(f.token for f in facts)
    moments = [f.at for f in facts if isinstance(f, (Mention, Reply, Position))]
    last_at = max(moments, default=None)
    if not mentions:
        return State(status=None, last_at=last_at, flags=tuple(flags), facts=tokens)

    covers = {m.id: _cover(m, replies, positions) for m in mentions}
    waiting = [m for m in mentions if covers[m.id] is None]
    lease = max(leases, key=lambda x: (x.at, x.until, x.by), default=None)
    since = min((m.at for m in waiting), default=None)
    watched_from = min((m.watched_from for m in waiting if m.watched_from), default=None)
    fresh = min((m.at for m in waiting if watched_from and not m.watched_from), default=None)
    state = State(
        status=_status(waiting, covers[mentions[-1].id]),
        mentions=len(mentions),
        first_mention_id=mentions[0].id,
        first_mention_at=mentions[0].at,
        last_at=last_at,
        waiting=tuple(m.id for m in waiting),
        waiting_since=since,
        watched_from=watched_from,
        fresh_since=fresh,
        first_response_seconds=_first_response(mentions[0], replies),
        lease=lease,
        waits=_waits(mentions, covers),
        flags=tuple(flags),
        facts=tokens,
    )
    return replace(state, level=_level(state, policy), attention_at=_attention(state, policy))


def levels_due(state: State, policy: Policy, now: datetime) -> tuple[Flag, ...]:
    """The flags to raise at `now`: levels reached and untold, mildest first, or a reminder.

    The people hear once, at the last of them. Nothing while a lease holds it back.
    """
    if state.attention_at is None or state.attention_at > now:
        return ()
    waiting = frozenset(state.waiting)
    due = tuple(
        Flag(level, waiting, at, now) for level, at in _untold(state, policy).items() if at <= now
    )
    if due:
        return due
    last = _last_alarm(state, policy)
    if last is None or policy.next_reminder(last.at, last.reminder) > now:
        return ()
    due_at = policy.next_reminder(last.at, last.reminder)
    return (Flag(last.level, waiting, due_at, now, last.reminder + 1),)


class _Cover(NamedTuple):
    """What covered a mention: a reply (with its id) or a position (with none)."""

    at: datetime
    reply_id: int | None


def _latest(posts: Iterable[_Published]) -> list[_Published]:
    """One fact a post: its newest version, at the earliest time known; ordered by id."""
    kept: dict[str, _Published] = {}
    for post in sorted(posts, key=lambda p: int(p.version)):
        earlier = kept.get(post.id)
        kept[post.id] = post if earlier is None else replace(post, at=min(earlier.at, post.at))
    return sorted(kept.values(), key=lambda p: int(p.id))


def _cover(
    mention: Mention, replies: Sequence[Reply], positions: Sequence[Position]
) -> _Cover | None:
    reply = _first_after(replies, mention)
    by_reply = None if reply is None else _Cover(reply.at, int(reply.id))
    by_position = min(
        (_Cover(p.at, None) for p in positions if mention.id in p.mentions), default=None
    )
    both = [c for c in (by_reply, by_position) if c is not None]
    return min(both, key=lambda c: c.at, default=None)


def _first_after(replies: Sequence[Reply], mention: Mention) -> Reply | None:
    at = bisect_right(replies, int(mention.id), key=lambda r: int(r.id))
    return replies[at] if at < len(replies) else None


def _status(waiting: Sequence[Mention], newest: _Cover | None) -> Status:
    if waiting or newest is None:
        return "open"
    return "closed" if newest.reply_id is None else "answered"


def _first_response(first: Mention, replies: Sequence[Reply]) -> int | None:
    reply = _first_after(replies, first)
    return None if reply is None else int((reply.at - first.at).total_seconds())


def _waits(mentions: Sequence[Mention], covers: dict[str, _Cover | None]) -> tuple[Wait, ...]:
    groups: list[list[Mention]] = []
    for mention in mentions:
        if groups and any(_still_waits(covers[m.id], mention) for m in groups[-1]):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return tuple(_wait(group, [covers[m.id] for m in group]) for group in groups)


def _still_waits(cover: _Cover | None, later: Mention) -> bool:
    if cover is None:
        return True
    return cover.at > later.at if cover.reply_id is None else cover.reply_id > int(later.id)


def _wait(group: Sequence[Mention], covers: Sequence[_Cover | None]) -> Wait:
    since = min(m.at for m in group)
    ends = [c for c in covers if c is not None]
    if len(ends) < len(covers):
        return Wait(group[0].id, since, None, None)
    end = max(ends, key=lambda c: c.at)
    return Wait(group[0].id, since, end.at, "position" if end.reply_id is None else "reply")


def _level(state: State, policy: Policy) -> str | None:
    """The highest level told of this wait."""
    return max((f.level for f in _own_flags(state)), key=policy.rank, default=None)


def _attention(state: State, policy: Policy) -> datetime | None:
    """When something next falls due, or the lease that holds it back runs out."""
    due = min(_untold(state, policy).values(), default=None)
    last = _last_alarm(state, policy)
    if due is None and last is not None:
        due = policy.next_reminder(last.at, last.reminder)
    if due is not None and state.lease is not None:
        due = max(due, state.lease.until)
    return due


def _untold(state: State, policy: Policy) -> dict[str, datetime]:
    """The levels that this wait is still to hear of, mildest first, with when each falls due.

    A level that was past before we came is left out, until the customer speaks again.
    """
    if state.waiting_since is None:
        return {}
    highest = max((policy.rank(f.level) for f in _own_flags(state)), default=-1)
    untold = {}
    for level in policy.levels[highest + 1 :]:
        due = state.waiting_since + level.after
        if state.watched_from is None or due >= state.watched_from:
            untold[level.name] = due
        elif state.fresh_since is not None:
            untold[level.name] = state.fresh_since + level.after
    return untold


def _last_alarm(state: State, policy: Policy) -> Flag | None:
    """The last telling of this wait at the top level, which is repeated while nobody acts."""
    top = (f for f in _own_flags(state) if f.level == policy.top.name)
    return max(top, key=lambda f: (f.at, f.reminder), default=None)


def _own_flags(state: State) -> list[Flag]:
    """What was told of the wait that is on."""
    waiting = frozenset(state.waiting)
    return [f for f in state.flags if f.mentions & waiting]
