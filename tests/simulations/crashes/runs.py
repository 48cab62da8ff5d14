"""A run that meets faults, beside the one with nothing in its way, written down minute by minute.

It goes on until all that will be read again stands as it did undisturbed in the same minute, or
to the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from pulse_cli.replay.next_tick import MINUTE
from pulse_cli.replay.one_company import replay_company
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.simulated_x import SimulatedX
from tests.simulations.crashes.faulty_world import FaultyWorld, Moment, Watcher
from tests.simulations.crashes.injection_points import KILLS, CallCounts, Fault, faults_at, inject
from tests.simulations.crashes.invariants import Violations, check
from tests.simulations.crashes.relevant_state import relevant_state
from tests.simulations.crashes.scenarios import Scenario
from tests.simulations.crashes.snapshot import (
    SENDING_CALLS,
    Snapshot,
    items,
    last_recipient,
    queued,
    reads,
    take_snapshot,
)


class MinuteState(NamedTuple):
    """How a run stood at a moment: a fingerprint of it, and how many posts each account read."""

    fingerprint: int
    reads: Mapping[str, int]


@dataclass(frozen=True)
class ReferenceRun:
    """A run with nothing in its way: how it ended, and how it stood each minute."""

    ending: Snapshot
    record: CallCounts
    by_minute: Mapping[datetime, MinuteState]
    start: datetime
    calls: int


@dataclass(frozen=True)
class FaultResult:
    """What came of a run that met a fault.

    `like` is how many minutes later all was as it would have been; None when it never was.
    `unmarked` are the addresses whose mail was taken, and its sender killed before the mark.
    `error` is the harness's own trouble.
    """

    verdict: Violations
    minutes_to_recover: float | None = None
    sent_unrecorded: tuple[str, ...] = ()
    error: str = ""

    def violations(self) -> Iterator[str]:
        """All that may not be. One message may come twice where it was taken and not marked.

        It is then told of twice: as heard again, and as sent without a mark.
        """
        if self.error:
            yield self.error
        yield from self.verdict.lost
        twice = Counter(to for to, _ in self.verdict.doubled)
        for to, what in self.verdict.doubled:
            if twice[to] > 2 * self.sent_unrecorded.count(to):
                yield f"twice: {to} {what}"


class Recovered(BaseException):
    """All is as it would have been: the run need not go on."""


class Recorder(Watcher):
    """Writes an undisturbed run down."""

    def __init__(self) -> None:
        self.ending: Snapshot
        self.record = CallCounts()
        self.stood: dict[datetime, MinuteState] = {}

    def tick(self, now: datetime) -> None:
        """Note how it stands."""
        self.stood[now] = MinuteState(fingerprint(self.world, now), reads(items(self.world)))

    def end(self) -> None:
        """Note how it ended: in the minute after, as far as that goes."""
        after = self.world.now() + MINUTE
        self.tick(after)
        self.ending = take_snapshot(self.world, after)

    def on_call(self, _call: str, _moment: Moment) -> None:
        """Note the call."""
        if self.world.now_running is not None:
            self.record.note(self.world.now_running)


class FaultRun(Watcher):
    """Meets faults at calls of these numbers; ends when all is alike again, and judges."""

    def __init__(
        self,
        undisturbed: ReferenceRun,
        faults: Mapping[int, Fault],
        *,
        seed: int = 0,
        to_the_end: bool = False,
        leave: Callable[[FaultResult], None] = lambda _: None,
    ) -> None:
        self._undisturbed = undisturbed
        self._leave = leave
        self._faults = dict(faults)
        self._seed = seed
        self._to_the_end = to_the_end
        self._last: datetime | None = None
        self._unmarked: list[str] = []
        self.met: FaultResult | None = None

    def tick(self, now: datetime) -> None:
        """End, if all stands as it would have."""
        if self._faults or self._to_the_end or self._last is None:
            return
        stood = self._undisturbed.by_minute.get(now)
        if stood is not None and stood.fingerprint == fingerprint(self.world, now):
            self._judge(now, (now - self._last) / MINUTE)
            raise Recovered

    def on_call(self, _call: str, moment: Moment) -> None:
        """Meet a fault, if there is one for this call."""
        fault = self._faults.get(self.world.passed)
        if fault is not None and fault in faults_at(moment):
            self.strike(fault)

    def on_success(self) -> None:
        """Meet a second run in a row, if there is one for the last call."""
        if self._faults.get(self.world.passed) == "twice in a row":
            self.strike("twice in a row")

    def end(self) -> None:
        """Judge at the end."""
        self._judge(self.world.now() + MINUTE, None)

    def strike(self, fault: Fault) -> None:
        """Meet this fault here and now."""
        self._faults.pop(self.world.passed, None)
        self._last = self.world.now()
        running = self.world.now_running
        calls = self._undisturbed.record.calls.get(running.number, 1) if running else 1
        if running and fault in KILLS and running.changed_by in SENDING_CALLS:
            self._unmarked.append(last_recipient(self.world, running.changed_by))
        inject(self.world, fault, calls, self._seed)

    def _judge(self, before: datetime, like: float | None) -> None:
        undisturbed = self._undisturbed
        found = take_snapshot(self.world, before)
        read = undisturbed.by_minute[before].reads
        company = self.world.company
        verdict = check(company, undisturbed.start, undisturbed.ending, found, read)
        self.met = FaultResult(verdict, like, tuple(self._unmarked))
        self._leave(self.met)


def fingerprint(world: FaultyWorld, now: datetime) -> int:
    """How it stands, in a number that is the same in this process and its children."""
    found = relevant_state(items(world), world.company, now)
    return hash((frozenset((at, str(value)) for at, value in found.items()), queued(world)))


def run_watched(scene: Scenario, watcher: Watcher) -> FaultyWorld:
    """Run the scene with a watcher; gives the world as it ended."""
    worlds: list[FaultyWorld] = []

    def place(document: Mapping[str, Any], x: SimulatedX, start: datetime) -> FaultyWorld:
        world = FaultyWorld(document, x, start, scene.refused)
        world.watcher, watcher.world = watcher, world
        worlds.append(world)
        return world

    def now(moment: datetime) -> None:
        worlds[0].watcher.tick(moment)

    def look(_: ReplayWorld) -> None:
        worlds[0].watcher.end()

    replay_company(replace(scene.plan, make_world=place, on_minute=now, on_end=look))
    return worlds[0]


def reference_run(scene: Scenario) -> ReferenceRun:
    """Run the scene with nothing in its way."""
    recorder = Recorder()
    world = run_watched(scene, recorder)
    return ReferenceRun(recorder.ending, recorder.record, recorder.stood, world.start, world.passed)


def run_with_faults(
    scene: Scenario, before: ReferenceRun, faults: Mapping[int, Fault], **how: Any
) -> FaultResult | None:
    """Run the scene with these faults at calls of these numbers; None when it met none."""
    watcher = FaultRun(before, faults, **how)
    with suppress(Recovered):
        run_watched(scene, watcher)
    return watcher.met
