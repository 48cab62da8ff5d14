"""Builders of facts by the minute, and a policy, for tests of the rules."""

from datetime import UTC, datetime, timedelta

from pulse.conversations.facts import (
    Fact,
    Flag,
    Lease,
    LeaseKind,
    Mention,
    Position,
    PositionKind,
    Reply,
)
from pulse.conversations.fold import State, fold, levels_due
from pulse.kernel.policy import Level, Policy, Shift
from pulse.outbox.entries import Entry

NINE = datetime(2030, 5, 14, 9, tzinfo=UTC)
"""Minute 0."""
POLICY = Policy(
    levels=(
        Level("warning", timedelta(minutes=15), ("agents",)),
        Level("breach", timedelta(minutes=60), ("manager",)),
        Level("critical", timedelta(minutes=240), ("head",)),
    ),
    groups={name: (Shift(name),) for name in ("agents", "manager", "head")},
)


def at(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


def mention(number: int, minute: float, version: int = 0, watched: float | None = None) -> Mention:
    """Return a mention published at this minute; `watched` is when Pulse was installed."""
    return Mention(
        id=str(number),
        version=str(version or number),
        at=at(minute),
        text=f"mention {number} in version {version}",
        named=frozenset({"100"}),
        watched_from=None if watched is None else at(watched),
    )


def reply(number: int, minute: float, account: str = "100", version: int = 0) -> Reply:
    return Reply(str(number), str(version or number), at(minute), f"reply {number}", account)


def position(
    name: str, minute: float, *mentions: int, kind: PositionKind = "answered_elsewhere"
) -> Position:
    return Position(name, kind, frozenset(map(str, mentions)), "anna", at(minute))


def lease(minute: float, until: float, kind: LeaseKind = "mine", by: str = "anna") -> Lease:
    return Lease(kind, by, at(minute), at(until))


def flag(level: str, minute: float, *mentions: int, due: float = 0, reminder: int = 0) -> Flag:
    return Flag(level, frozenset(map(str, mentions)), at(due), at(minute), reminder)


def state(*facts: Fact, policy: Policy = POLICY) -> State:
    return fold(facts, policy)


def due_levels(
    minute: float, *facts: Fact, policy: Policy = POLICY
) -> list[tuple[str, float, int]]:
    """Return the levels due at this minute: (level, minute it fell due, number of reminder)."""
    return [
        (f.level, (f.due_at - NINE) / timedelta(minutes=1), f.reminder)
        for f in levels_due(fold(facts, policy), policy, at(minute))
    ]


def alert(person: str = "agents", *tried: str, **more: object) -> Entry:
    """Return a warning for this person, after mail to the people in `tried` failed."""
    values = {"details": (("level", "warning"), ("people", [person])), **more}
    return Entry("1", "acme", person, "alert", at(0), unreachable=tried, **values)  # type: ignore[arg-type]


def alert_timeline(
    facts: list[tuple[float, Fact]], until: int, policy: Policy = POLICY, step: int = 1
) -> list[tuple[float, str, int]]:
    """Return all alerts, minute by minute, for facts given with the minute of their arrival.

    Each alert is (minute, highest level due, number of the reminder).
    """
    known: list[Fact] = []
    alerts: list[tuple[float, str, int]] = []
    waiting = sorted(facts, key=lambda arrival: arrival[0])
    for minute in range(0, until + 1, step):
        while waiting and waiting[0][0] <= minute:
            known.append(waiting.pop(0)[1])
        flags = levels_due(fold(known, policy), policy, at(minute))
        if flags:
            known.extend(flags)
            alerts.append((minute, flags[-1].level, flags[-1].reminder))
    return alerts
