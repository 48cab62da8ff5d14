"""Replays one company: tick after tick, then the outcome."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pulse.kernel.time import MINUTE
from pulse.listening.tasks import PollTask, kinds_due
from pulse_cli.replay.next_tick import TickResult, TickScheduler
from pulse_cli.replay.outcome import ReplayOutcome, list_conversations, measure_latencies
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.simulated_x import Archive, SimulatedX, VocabularyName

_LAST_DIGEST_PERIOD = timedelta(hours=12)
_FIGURES_AT = (0, 40)
_COMPLIANCE_EVERY = 10
_COLLECTION_THRESHOLD = 200_000
"""How many objects are made between two garbage collections."""

OnMinute = Callable[[datetime], None]


@dataclass(slots=True)
class ReplayPlan:
    """What to replay: one company of an archive, from `since` to `until` inclusive.

    Without `since`, it starts at the minute of the first post; without `until`, it ends an hour
    after the last. `document` are the settings of this company alone. `mails` is the folder that
    each mail is written to, None for nowhere. `checkpoints` are instants before the end at which
    the conversations are listed as well. `on_minute` is called at each tick. At the end a digest
    of that moment is sent, unless `final_digest` is false. `make_world` makes the world, and
    `on_end` is called with it before it is taken down.
    """

    archive: Archive
    company: str
    document: Mapping[str, Any]
    since: datetime | None = None
    until: datetime | None = None
    vocabulary: VocabularyName = "tweet"
    mails: Path | None = None
    checkpoints: tuple[datetime, ...] = ()
    on_minute: OnMinute = field(default=lambda _: None)
    final_digest: bool = True
    make_world: Callable[[Mapping[str, Any], SimulatedX, datetime], ReplayWorld] = ReplayWorld
    on_end: Callable[[ReplayWorld], None] = field(default=lambda _: None)


def replay_company(plan: ReplayPlan) -> ReplayOutcome:
    """Run the deployed handlers over the posts of one company, and return the outcome.

    A company without posts has an empty outcome, unless the plan has `since`.

    Raises:
        ArchiveError: the company is not in the archive.
        SettingsError: the settings cannot be read.
    """
    posts = plan.archive.for_company(plan.company, plan.since).posts
    since = plan.since or min((p.created_at for p in posts), default=None)
    if since is None:
        return ReplayOutcome(plan.company)
    last = max((p.created_at for p in posts), default=since)
    until = plan.until or last + timedelta(hours=1)
    part = plan.archive.for_company(plan.company, plan.since)
    start = since.replace(second=0, microsecond=0)
    world = plan.make_world(plan.document, SimulatedX(part, vocabulary=plan.vocabulary), start)
    started = time.perf_counter()
    with _infrequent_garbage_collection(), world:
        run = _ReplayRun(world, plan, until)
        run.run(start)
        outcome = run.outcome()
        plan.on_end(world)
    outcome.wall_seconds = time.perf_counter() - started
    return outcome


@contextmanager
def _infrequent_garbage_collection() -> Iterator[None]:
    """Collect garbage less often, which saves a fifth of the time: the archive is never garbage."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_COLLECTION_THRESHOLD, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


class _ReplayRun:
    """One replay: runs the ticks, then lists what they led to."""

    def __init__(self, world: ReplayWorld, plan: ReplayPlan, until: datetime) -> None:
        self._world = world
        self._plan = plan
        self._until = until
        self._clockwork = TickScheduler(world)
        self._mails_written = 0
        self._ticks = 0
        self._at_checkpoints: dict[datetime, list[dict[str, Any]]] = {}
        self._checkpoints = sorted(c for c in plan.checkpoints if c < until)

    def run(self, start: datetime) -> None:
        """Run every tick from `start` to the end, and send the last digest."""
        now, before = start, start - MINUTE
        while now < self._until:
            tick = self._tick(now)
            following = self._clockwork.next_tick(now, before, tick) or self._until
            before = now
            now = min(following, self._until, *self._next_checkpoint(now, following))
            self._mark_skipped_minutes(now)
        self._tick(self._until, last=True)
        if self._plan.final_digest:
            self._digest_now(start)

    def outcome(self) -> ReplayOutcome:
        """Return the outcome so far; the time that the replay took is set by the caller."""
        world = self._world
        return ReplayOutcome(
            self._plan.company,
            list_conversations(world),
            self._at_checkpoints,
            polls=world.lambdas.invocations.get("poll", 0),
            ticks=self._ticks,
            failures=[(f.function, f.at.isoformat(), f.error) for f in world.lambdas.failures],
            x=world.x.usage(),
            dynamodb={
                name.split(".")[1]: count
                for name, count in sorted(world.calls.items())
                if name.startswith("dynamodb.")
            },
            mails=self._mails_written,
            **measure_latencies(world),
        )

    def _tick(self, now: datetime, *, last: bool = False) -> TickResult:
        """Run the functions of one minute in the order dispatch, polls, flag, send, digest."""
        world = self._world
        world.move_clock_to(now)
        if last:
            self._skip_backoff(now)
        self._ticks += 1
        self._plan.on_minute(now)
        with world.counting_calls() as lambdas:
            lambdas.run_due_retries()
            lambdas.invoke_scheduled("dispatch")
        polls = world.drain_queue()
        if last:
            self._sweep(now)
        with world.counting_calls() as lambdas:
            lambdas.invoke_scheduled("flag")
            sent = lambdas.invoke_scheduled("send")
            if self._has_digests() and any((lambdas.invoke_scheduled("digest") or {}).values()):
                sent = lambdas.invoke_scheduled("send")
            if (now.hour, now.minute) == _FIGURES_AT:
                lambdas.invoke_scheduled("figures")
            if now.minute % _COMPLIANCE_EVERY == 0 and world.x.last_removal is not None:
                lambdas.invoke_scheduled("comply")
        self._write_mails(now)
        if now in self._checkpoints:
            self._sweep(now)
            with world.counting_calls() as lambdas:
                lambdas.invoke_scheduled("flag")
                lambdas.invoke_scheduled("send")
            self._write_mails(now)
            self._at_checkpoints[now] = list_conversations(world)
        return TickResult(polls, sent)

    def _skip_backoff(self, now: datetime) -> None:
        """Make every account due now, so that the last minute is polled despite any backoff."""
        accounts = self._world.app.db.cursors
        for cursor in accounts.load(self._world.company.account_ids).values():
            if any(t.next_try > now for t in cursor.faults.values()):
                faults = {e: replace(t, next_try=now) for e, t in cursor.faults.items()}
                accounts.save(replace(cursor, faults=faults))

    def _sweep(self, now: datetime) -> None:
        """Sweep every account, in whatever minute of the hour."""
        # At whole quarters `dispatch` has queued the sweeps already.
        world = self._world
        minute = now.replace(second=0, microsecond=0)
        tasks = [
            PollTask(world.company.name, a.id, "sweep", minute) for a in world.company.accounts
        ]
        if minute.minute % 15:
            world.app.queue.put(tasks)
        world.drain_queue()

    def _digest_now(self, start: datetime) -> None:
        """Send a digest of the last moment to everybody who gets digests, otherwise to all."""
        company, now = self._world.company, self._until
        to = sorted({p for rule in company.digests for p in rule.to}) or sorted(company.people)
        reach = max(start, now - _LAST_DIGEST_PERIOD)
        event = {"now": {"company": company.name, "to": to, "start": reach.isoformat()}}
        with self._world.counting_calls() as lambdas:
            lambdas.invoke_scheduled("digest", event)
            lambdas.invoke_scheduled("send")
        self._write_mails(now)

    def _has_digests(self) -> bool:
        return bool(self._world.company.digests)

    def _next_checkpoint(self, now: datetime, following: datetime) -> list[datetime]:
        return [stop for stop in self._checkpoints if now < stop < following][:1]

    def _mark_skipped_minutes(self, until: datetime) -> None:
        """Mark the skipped minutes as watched, as the polls would have done.

        Without it the coverage of a digest would show the minutes that were skipped as gaps. While
        a fault is in force nothing is marked: the polls of these minutes might have failed.
        """
        world = self._world
        passed = until - MINUTE
        if passed <= world.now() or world.x.has_fault(world.now()):
            return
        minute = passed.replace(second=0, microsecond=0)
        swept = minute
        # The last of the skipped minutes in which a sweep, too, would have run.
        while kinds_due(swept) == ("poll",):
            swept -= MINUTE
        for account in world.company.accounts:
            world.app.db.cursors.mark_watched(account.id, minute, swept)

    def _write_mails(self, now: datetime) -> None:
        """Write the mails that SES accepted since the last call to the folder for mails."""
        mails = self._world.mails()
        for number in range(self._mails_written, len(mails)):
            self._mails_written += 1
            if self._plan.mails is not None:
                mail = mails[number]
                whose = _safe_file_name(f"{self._plan.company}-{mail.destinations[0]}")
                name = f"{now:%Y%m%dT%H%M%SZ}-{number:05d}-{whose}.eml"
                (self._plan.mails / name).write_bytes(mail.raw_data.encode())


def _safe_file_name(text: str) -> str:
    """Return the text with `-` in place of characters that file names should not have."""
    return "".join(c if c.isalnum() or c in ".@-_" else "-" for c in text)
