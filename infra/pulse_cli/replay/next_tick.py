"""Decides which minute the replay runs next, and skips those in which nothing can happen.

A replay that ran every minute would take hours for a month of posts. Skipping is safe only if
every reason for which a handler may act is listed in `TickScheduler.next_tick`: a new timed job
needs a line there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pulse.dynamodb import keys
from pulse.kernel.policy import Policy
from pulse.kernel.time import MINUTE, start_of_minute
from pulse.outbox.mailbox import next_alert
from pulse.privacy.compliance import app_of
from pulse.reporting.schedule import next_slot
from pulse_cli.replay.world import ReplayWorld

_QUARTER = timedelta(minutes=15)
_TEN_MINUTES = timedelta(minutes=10)
_COMPLIANCE_DELAY = timedelta(hours=7)
"""The longest time from a post's removal on X until a compliance job has reported it."""
_LINGER = timedelta(minutes=15)
"""How long every minute is run after a failure: its retries come after 1 and 2 minutes, a poll
message returns to the queue after its visibility timeout."""


def round_up_to_minute(moment: datetime) -> datetime:
    """Return the first whole minute at or after this moment."""
    floor = start_of_minute(moment)
    return floor if floor == moment else floor + MINUTE


@dataclass(frozen=True, slots=True)
class TickResult:
    """What the polls and the last `send` of a minute returned; None for those that failed."""

    polls: list[Any]
    sent: dict[str, Any] | None

    @property
    def outbox_empty(self) -> bool:
        """Whether nothing waited to be sent."""
        return self.sent is not None and not any(r["people"] for r in self.sent.values())


class TickScheduler:
    """Decides after each tick when the next one is."""

    def __init__(self, world: ReplayWorld) -> None:
        self._world = world
        self._sweep_until: datetime | None = None
        self._figures_at: datetime | None = None
        self._unfinished: set[str] = set()
        self._unsettled_until: datetime | None = None

    def next_tick(self, now: datetime, before: datetime, tick: TickResult) -> datetime | None:
        """Return the next minute in which something can happen; None when nothing ever will.

        `tick` is what happened at `now`; `before` is the minute of the previous tick.
        """
        world = self._world
        unsettled = self._is_unsettled(now, tick.polls)
        # A post that X shows late is behind the cursor, and a removed one is not read again: only a
        # sweep finds either. Sweeps run each quarter of an hour, and the one at 23:50 reaches back
        # over the whole day, so until then no quarter may be skipped.
        if unsettled or world.x.has_late_posts(before, now) or world.x.has_removals(before, now):
            self._sweep_until = _day_sweep(now)
        if unsettled:
            return now + MINUTE
        if any(poll and poll.get("new") for poll in tick.polls):
            self._figures_at = _figures_at(now)
        moments = [
            world.x.next_change(now),
            self._next_attention(),
            None if tick.outbox_empty else self._next_mail(),
            self._next_sweep(now),
            self._figures_at if self._figures_at and self._figures_at > now else None,
            self._next_check(now),
            world.lambdas.next_retry,
            *self._digests(now),
        ]
        # Handlers run at whole minutes, and the same minute never runs twice.
        due = [max(round_up_to_minute(m), now + MINUTE) for m in moments if m is not None]
        return min(due, default=None)

    def _next_attention(self) -> datetime | None:
        """Return when the next open conversation needs attention; None if there is none."""
        index = keys.open_index(self._world.company.name)
        first = next(self._world.app.db.table.query_index(index, limit=1), None)
        return keys.parse_place(first["gsk"]) if first else None

    def _is_unsettled(self, now: datetime, polls: list[Any]) -> bool:
        """Return whether a poll is unfinished, a fault lasts, or a failure may still be retried."""
        for poll in polls:
            if poll and "under_way" in poll:
                busy = poll["under_way"] or poll["lasting"] or poll["troubles"]
                (self._unfinished.add if busy else self._unfinished.discard)(poll["account"])
        failed = self._world.lambdas.failures
        if self._unfinished or self._world.x.has_fault(now) or (failed and failed[-1].at == now):
            self._unsettled_until = now + _LINGER
        return self._unsettled_until is not None and now < self._unsettled_until

    def _next_mail(self) -> datetime | None:
        """Return when a mail in the outbox may be sent, or is handed to the next shift."""
        company, outbox = self._world.company, self._world.app.db.outbox
        waiting = outbox.waiting(company.name)
        mailboxes = outbox.mailboxes(company.name, {e.person for e in waiting})
        moments: list[datetime] = []
        for person, mailbox in mailboxes.items():
            entries = [e for e in waiting if e.person == person]
            at = next_alert(entries, mailbox, company.policy)
            others = [e.at for e in entries if e.kind != "alert"]
            moments.append(max(min([*others, *([at] if at else [])]), mailbox.not_before or _PAST))
        if any(e.kind == "alert" for e in waiting):
            moments += _next_shift(company.policy, self._world.now())
        return min(moments, default=None)

    def _next_sweep(self, now: datetime) -> datetime | None:
        """Return the next sweep, while late or removed posts are still to be found by one."""
        if self._sweep_until is None or now >= self._sweep_until:
            return None
        quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + _QUARTER
        return min(quarter, self._sweep_until)

    def _next_check(self, now: datetime) -> datetime | None:
        """Return the next compliance check, while removals are still to be reported."""
        world, last = self._world, self._world.x.last_removal
        if last is None or now > last + _COMPLIANCE_DELAY:
            return None
        checking = world.app.db.compliance_states.load(
            app_of(world.app.tokens.bearer(world.company) or "")
        )
        waits = checking.fault.next_try if checking.fault else None
        at = max(now, waits or now, now if checking.job_id else checking.next_at or now)
        return at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0) + _TEN_MINUTES

    def _digests(self, now: datetime) -> list[datetime]:
        company = self._world.company
        slots = [
            next_slot(rule, ZoneInfo(company.people[key].time_zone), now)
            for rule in company.digests
            for key in rule.to
        ]
        return [slot.at for slot in slots if slot is not None]


_PAST = datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _next_shift(policy: Policy, now: datetime) -> list[datetime]:
    """Return when somebody next comes on duty or goes off it, as a list of at most one time."""
    zone = ZoneInfo(policy.time_zone)
    times = {
        t for turns in policy.groups.values() for turn in turns for t in (turn.start, turn.end)
    }
    today = now.astimezone(zone).date()
    moments = (
        datetime.combine(today + timedelta(days=days), t, zone) for t in times for days in (0, 1)
    )
    return [min(at for at in moments if at > now)] if times else []


def _day_sweep(now: datetime) -> datetime:
    at = now.replace(hour=23, minute=50, second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)


def _figures_at(now: datetime) -> datetime:
    at = now.replace(hour=0, minute=40, second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)
