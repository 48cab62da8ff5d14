"""The heart of Pulse: the state of a conversation is a fold of its facts.

`fold` is pure and has no clock: the same facts give the same state, in whatever order they came.
X shows posts late and out of order, and several functions write at once, so nothing here may
depend on which fact was known first.
"""

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
    """A time in which the customer waited: from its first mention until all of them are covered.

    `first_id` is the id of that mention. `until` and `how` are None while the customer waits.
    """

    first_id: str
    since: datetime
    until: datetime | None
    how: Literal["reply", "position"] | None


@dataclass(frozen=True, slots=True)
class State:
    """The state of a conversation. `status` is None while no mention of it is known.

    `first_response_seconds` counts from the first mention to the first reply after it.
    """

    status: Status | None
    mentions: int = 0
    first_mention_id: str | None = None
    first_mention_at: datetime | None = None
    last_at: datetime | None = None
    waiting: tuple[str, ...] = ()
    """Ids of the mentions that wait for an answer, oldest first."""
    waiting_since: datetime | None = None
    watched_from: datetime | None = None
    """When Pulse began to watch, if the present wait began before that."""
    fresh_since: datetime | None = None
    """For such a wait: when the customer first wrote after Pulse began to watch."""
    first_response_seconds: int | None = None
    level: str | None = None
    """Highest level that was flagged in the present wait."""
    attention_at: datetime | None = None
    """When `flag` has something to do: a level or reminder falls due, or a lease ends."""
    lease: Lease | None = None
    waits: tuple[Wait, ...] = ()
    flags: tuple[Flag, ...] = ()


def fold(facts: Iterable[Fact], policy: Policy) -> State:
    """Return the state that the facts of one conversation, in any order, come to."""
    facts = list(dict.fromkeys(facts))
    mentions = _latest(f for f in facts if isinstance(f, Mention))
    replies = _latest(f for f in facts if isinstance(f, Reply))
    positions = [f for f in facts if isinstance(f, Position)]
    leases = [f for f in facts if isinstance(f, Lease)]
    # Every key of this order is needed: flags of one minute must not depend on the order in which
    # they were read, since the state is compared and stored as it stands.
    flags = sorted(
        (f for f in facts if isinstance(f, Flag)),
        key=lambda f: (f.at, f.due_at, f.level, f.reminder, sorted(f.mentions)),
    )
    moments = [f.at for f in facts if isinstance(f, (Mention, Reply, Position))]
    last_at = max(moments, default=None)
    # A reply may be polled before the mention that it answers. Until that mention comes, there is
    # nothing to answer and no status, but its facts are there.
    if not mentions:
        return State(status=None, last_at=last_at, flags=tuple(flags))

    covers = {m.id: _cover(m, replies, positions) for m in mentions}
    waiting = [m for m in mentions if covers[m.id] is None]
    lease = max(leases, key=lambda x: (x.at, x.until, x.by), default=None)
    # By time, not the first of them by id: an edited post keeps its id but may carry another time.
    since = min((m.at for m in waiting), default=None)
    # What waited before Pulse came is not reported as late: levels that
    # were past by then are left out, until the customer writes again.
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
    )
    return replace(state, level=_level(state, policy), attention_at=_attention(state, policy))


def levels_due(state: State, policy: Policy, now: datetime) -> tuple[Flag, ...]:
    """Return the flags to raise at `now`: levels that were reached, mildest first, or a reminder.

    People get one alert, at the highest of them; nothing is due while a lease lasts.
    """
    # A conversation may turn up when it is past several levels: after an outage, or because X
    # showed its mention late. Each level becomes a flag, so that none is raised later as if it were
    # new, but they are one alert. A reminder is due only when no level is.
    if state.attention_at is None or state.attention_at > now:
        return ()
    waiting = frozenset(state.waiting)
    due = tuple(
        Flag(level, waiting, at, now)
        for level, at in _levels_to_raise(state, policy).items()
        if at <= now
    )
    if due:
        return due
    last = _last_top_flag(state, policy)
    if last is None or policy.next_reminder(last.at, last.reminder) > now:
        return ()
    due_at = policy.next_reminder(last.at, last.reminder)
    return (Flag(last.level, waiting, due_at, now, last.reminder + 1),)


class _Cover(NamedTuple):
    """What covered a mention: a reply (with its id) or a position (with none)."""

    at: datetime
    reply_id: int | None


def _latest(posts: Iterable[_Published]) -> list[_Published]:
    """Return one fact for each post: the newest version, with the earliest time; ordered by id."""
    # An edit changes the text but not since when the customer waits. X gives an edited post the
    # time of its edit, and versions may come in any order, so the earliest time of all counts. Ids
    # are compared as numbers: as texts, "9" would be newer than "10".
    latest: dict[str, _Published] = {}
    for post in sorted(posts, key=lambda p: int(p.version)):
        earlier = latest.get(post.id)
        latest[post.id] = post if earlier is None else replace(post, at=min(earlier.at, post.at))
    return sorted(latest.values(), key=lambda p: int(p.id))


def _cover(
    mention: Mention, replies: Sequence[Reply], positions: Sequence[Position]
) -> _Cover | None:
    """Return the earliest reply or position that covers a mention; None while it waits."""
    reply = _first_after(replies, mention)
    by_reply = None if reply is None else _Cover(reply.at, int(reply.id))
    by_position = min(
        (_Cover(p.at, None) for p in positions if mention.id in p.mentions), default=None
    )
    both = [c for c in (by_reply, by_position) if c is not None]
    return min(both, key=lambda c: c.at, default=None)


def _first_after(replies: Sequence[Reply], mention: Mention) -> Reply | None:
    """Return the first reply that was published after a mention."""
    # By id, not by time: ids of X grow with time and are exact to the millisecond, where the time
    # in a post is cut to the second. A reply covers all mentions before it, not only the one that
    # it answers: people answer the last of several mentions, and mean all of them.
    at = bisect_right(replies, int(mention.id), key=lambda r: int(r.id))
    return replies[at] if at < len(replies) else None


def _status(waiting: Sequence[Mention], newest: _Cover | None) -> Status:
    """Return open while anything waits; else by what covered the newest mention."""
    if waiting or newest is None:
        return "open"
    return "closed" if newest.reply_id is None else "answered"


def _first_response(first: Mention, replies: Sequence[Reply]) -> int | None:
    """Return the seconds from the first mention to the first reply after it."""
    reply = _first_after(replies, first)
    return None if reply is None else int((reply.at - first.at).total_seconds())


def _waits(mentions: Sequence[Mention], covers: dict[str, _Cover | None]) -> tuple[Wait, ...]:
    """Return the waits of a conversation, oldest first."""
    # Mentions that wait at the same time are one wait: a customer who writes five times before the
    # answer comes waits once, since the first. A new wait begins with a mention that is published
    # when all mentions of the group before it were covered.
    groups: list[list[Mention]] = []
    for mention in mentions:
        if groups and any(_still_waits(covers[m.id], mention) for m in groups[-1]):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return tuple(_wait(group, [covers[m.id] for m in group]) for group in groups)


def _still_waits(cover: _Cover | None, later: Mention) -> bool:
    """Return whether a mention with this cover still waited when a later one was published."""
    # A reply is compared by id, which orders posts exactly. A position is no post and has no id: a
    # person decided at a time, so times are compared.
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
    """Return the highest level that was flagged in the present wait."""
    return max((f.level for f in _flags_of_wait(state)), key=policy.rank, default=None)


def _attention(state: State, policy: Policy) -> datetime | None:
    """Return when the next level or reminder falls due, but not before a lease ends."""
    due = min(_levels_to_raise(state, policy).values(), default=None)
    last = _last_top_flag(state, policy)
    if due is None and last is not None:
        due = policy.next_reminder(last.at, last.reminder)
    if due is not None and state.lease is not None:
        due = max(due, state.lease.until)
    return due


def _levels_to_raise(state: State, policy: Policy) -> dict[str, datetime]:
    """Return the levels that are still to be flagged in this wait, with when each falls due.

    They are in the order of the policy, mildest first.
    """
    if state.waiting_since is None:
        return {}
    # Above the highest level that was flagged, not each that was not: should the policy get a new
    # level below one that people already heard of, telling them of the milder one would be odd.
    highest = max((policy.rank(f.level) for f in _flags_of_wait(state)), default=-1)
    to_raise = {}
    for level in policy.levels[highest + 1 :]:
        due = state.waiting_since + level.after
        if state.watched_from is None or due >= state.watched_from:
            to_raise[level.name] = due
        elif state.fresh_since is not None:
            # The level was past before Pulse was installed: on the first day, everything that was
            # ever left unanswered would raise an alert. It counts from when the customer wrote
            # again.
            to_raise[level.name] = state.fresh_since + level.after
    return to_raise


def _last_top_flag(state: State, policy: Policy) -> Flag | None:
    """Return the last flag of this wait at the top level, which is repeated until somebody acts."""
    top = (f for f in _flags_of_wait(state) if f.level == policy.top.name)
    return max(top, key=lambda f: (f.at, f.reminder), default=None)


def _flags_of_wait(state: State) -> list[Flag]:
    """Return the flags that belong to the present wait."""
    # By the mentions that wait, not by time: when an older mention turns up late, the wait begins
    # earlier, and the flags that were raised before are still flags of this wait.
    waiting = frozenset(state.waiting)
    return [f for f in state.flags if f.mentions & waiting]
