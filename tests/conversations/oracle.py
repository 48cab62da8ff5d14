"""A second, slow implementation of the rules of the fold, which simulates events one by one.

It shares nothing with the fold but the facts and the policy.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pulse.conversations.facts import Fact, Flag, Lease, Mention, Position, Reply
from pulse.kernel.policy import Policy


@dataclass
class ExpectedState:
    """The state after all facts."""

    status: str | None = None
    mentions: int = 0
    waiting: list[str] = field(default_factory=list)
    waiting_since: datetime | None = None
    first_response: float | None = None
    waits: list[list[Any]] = field(default_factory=list)


def expected_state(facts: list[Fact], world: list[Fact] | None = None) -> ExpectedState:
    """Apply the facts in order of time, as a person who reads along would have seen them.

    `world` may hold facts that are not known yet: an edited post has the time of its first version.
    """
    found = ExpectedState()
    waiting: dict[str, datetime] = {}
    covered_by: dict[str, str] = {}
    first: tuple[int, datetime] | None = None
    for moment, number, what, thing in _events(facts, world or facts):
        if what == "mention":
            found.mentions += 1
            if not waiting:
                found.waits.append([thing, moment, None, None])
            waiting[thing] = moment
            first = first or (number, moment)
            continue
        covered = list(waiting) if what == "reply" else [m for m in waiting if m in thing.mentions]
        for mention_id in covered:
            del waiting[mention_id]
            covered_by[mention_id] = what
        if covered and not waiting:
            found.waits[-1][2:] = [moment, what]
        if what == "reply" and first is not None and found.first_response is None:
            found.first_response = (moment - first[1]).total_seconds()
    found.waiting = sorted(waiting, key=int)
    found.waiting_since = min(waiting.values(), default=None)
    if waiting:
        found.status = "open"
    elif found.mentions:
        newest = max(covered_by, key=int)
        found.status = "answered" if covered_by[newest] == "reply" else "closed"
    return found


def _events(facts: list[Fact], world: list[Fact]) -> list[tuple[datetime, int, str, Any]]:
    """Return events without edits: (time, id, kind, the post's id or the position)."""
    published: dict[tuple[str, str], datetime] = {}
    known = {(type(f), f.id) for f in facts if isinstance(f, (Mention, Reply))}
    for fact in world:
        if isinstance(fact, (Mention, Reply)) and (type(fact), fact.id) in known:
            key = ("mention" if isinstance(fact, Mention) else "reply", fact.id)
            published[key] = min(fact.at, published.get(key, fact.at))
    posts = [(moment, int(i), kind, i) for (kind, i), moment in published.items()]
    taken = [(f.at, 0, "position", f) for f in facts if isinstance(f, Position)]
    return sorted([*posts, *taken], key=lambda event: event[:2])


@dataclass
class ExpectedAlerts:
    """The alerts due, remembered by mention; `due` is called once a minute."""

    policy: Policy
    world: list[Fact]
    highest: dict[str, int] = field(default_factory=dict)
    alarms: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def due(self, facts: list[Fact], now: datetime) -> tuple[str, int] | None:
        """Return level and number of the reminder to alert now; None when nothing is due."""
        leases = [f for f in facts if isinstance(f, Lease)]
        if leases and max(leases, key=lambda x: (x.at, x.until, x.by)).until > now:
            return None
        waiting = expected_state(
            [f for f in facts if not isinstance(f, (Lease, Flag))], self.world
        ).waiting
        if not waiting:
            return None
        reached = self._reached(facts, set(waiting), now)
        top = len(self.policy.levels) - 1
        flagged_rank = max(self.highest.get(i, -1) for i in waiting)
        if reached > flagged_rank:
            for i in waiting:
                self.highest[i] = reached
                if reached == top:
                    self.alarms[i] = (now, 0)
            return self.policy.levels[reached].name, 0
        alarms = [self.alarms[i] for i in waiting if i in self.alarms]
        if not alarms:
            return None
        last, again = max(alarms)
        pause = timedelta(hours=4) if again < 6 else timedelta(days=1)
        if now < last + pause:
            return None
        for i in waiting:
            self.highest[i] = top
            self.alarms[i] = (now, again + 1)
        return self.policy.levels[top].name, again + 1

    def _reached(self, facts: list[Fact], waiting: set[str], now: datetime) -> int:
        """Return the highest level reached, without levels passed before the installation."""
        posts = [f for f in facts if isinstance(f, Mention) and f.id in waiting]
        installed = [p.watched_from for p in posts if p.watched_from]
        oldest = min(p.at for p in posts)
        fresh = [p.at for p in posts if p.watched_from is None]
        reached = -1
        for rank, level in enumerate(self.policy.levels):
            since = oldest
            if installed and oldest + level.after < min(installed):
                if not fresh:
                    continue
                since = min(fresh)
            if since + level.after <= now:
                reached = rank
        return reached
