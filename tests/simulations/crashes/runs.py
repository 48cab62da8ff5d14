"""The uninterrupted (reference) run, recorded minute by minute, and a run with faults.

A run with faults continues until everything that will be read again equals the reference run in the
same minute, or to the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from pulse.kernel.time import MINUTE
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
    """A fingerprint of a run at a moment, and how many posts each account had read by then."""

    fingerprint: int
    reads: Mapping[str, int]


@dataclass(frozen=True)
class ReferenceRun:
    """A run without faults: how it ended, and its state in each minute."""

    ending: Snapshot
    record: CallCounts
    by_minute: Mapping[datetime, MinuteState]
    start: datetime
    calls: int


@dataclass(frozen=True)
class FaultResult:
    """The result of a run with a fault.

    `minutes_to_recover` is how many minutes after the last fault the run was again equal to the
    reference run; None when it never was. `sent_unrecorded` are the addresses whose mail was
    accepted and not recorded, because its sender was killed. `error` is a failure of the harness
    itself.
    """

    found: Violations
    minutes_to_recover: float | None = None
    sent_unrecorded: tuple[str, ...] = ()
    error: str = ""

    def violations(self) -> Iterator[str]:
        """Violated invariants. A message that was accepted and not recorded may be sent twice.

        It is then reported twice: as received again, and as sent without a record.
        """
        if self.error:
            yield self.error
        yield from self.found.lost
        twice = Counter(to for to, _ in self.found.doubled)
        for to, what in self.found.doubled:
            if twice[to] > 2 * self.sent_unrecorded.count(to):
                yield f"twice: {to} {what}"


class Recovered(BaseException):
    """The run is equal to the reference run again and can end."""


class Recorder(Watcher):
    """Records a run without faults."""

    def __init__(self) -> None:
        self.ending: Snapshot
        self.record = CallCounts()
        self.by_minute: dict[datetime, MinuteState] = {}

    def tick(self, now: datetime) -> None:
        """Record the state."""
        self.by_minute[now] = MinuteState(fingerprint(self.world, now), reads(items(self.world)))

    def end(self) -> None:
        """Record the state in the minute after the last."""
        after = self.world.now() + MINUTE
        self.tick(after)
        self.ending = take_snapshot(self.world, after)

    def on_call(self, _call: str, _moment: Moment) -> None:
        """Count the call."""
        if self.world.now_running is not None:
            self.record.note(self.world.now_running)


class FaultRun(Watcher):
    """Injects faults at the calls of these numbers; ends once recovered, and checks the run."""

    def __init__(
        self,
        reference: ReferenceRun,
        faults: Mapping[int, Fault],
        *,
        seed: int = 0,
        to_the_end: bool = False,
        on_end: Callable[[FaultResult], None] = lambda _: None,
    ) -> None:
        self._reference = reference
        self._on_end = on_end
        self._faults = dict(faults)
        self._seed = seed
        self._to_the_end = to_the_end
        self._last: datetime | None = None
        self._sent_unrecorded: list[str] = []
        self.result: FaultResult | None = None

    def tick(self, now: datetime) -> None:
        """End the run if it is equal to the reference run again."""
        if self._faults or self._to_the_end or self._last is None:
            return
        recorded = self._reference.by_minute.get(now)
        if recorded is not None and recorded.fingerprint == fingerprint(self.world, now):
            self._check_run(now, (now - self._last) / MINUTE)
            raise Recovered

    def on_call(self, _call: str, moment: Moment) -> None:
        """Inject the fault for this call, if there is one."""
        fault = self._faults.get(self.world.passed)
        if fault is not None and fault in faults_at(moment):
            self.inject_fault(fault)

    def on_success(self) -> None:
        """Repeat the invocation, if that is the fault for its last call."""
        if self._faults.get(self.world.passed) == "twice in a row":
            self.inject_fault("twice in a row")

    def end(self) -> None:
        """Check the run at its end."""
        self._check_run(self.world.now() + MINUTE, None)

    def inject_fault(self, fault: Fault) -> None:
        """Inject this fault now."""
        self._faults.pop(self.world.passed, None)
        self._last = self.world.now()
        running = self.world.now_running
        calls = self._reference.record.calls.get(running.number, 1) if running else 1
        if running and fault in KILLS and running.changed_by in SENDING_CALLS:
            self._sent_unrecorded.append(last_recipient(self.world, running.changed_by))
        inject(self.world, fault, calls, self._seed)

    def _check_run(self, before: datetime, minutes_to_recover: float | None) -> None:
        reference = self._reference
        snapshot = take_snapshot(self.world, before)
        read = reference.by_minute[before].reads
        company = self.world.company
        found = check(company, reference.start, reference.ending, snapshot, read)
        self.result = FaultResult(found, minutes_to_recover, tuple(self._sent_unrecorded))
        self._on_end(self.result)


def fingerprint(world: FaultyWorld, now: datetime) -> int:
    """A hash of the state that is the same in this process and its forked children."""
    found = relevant_state(items(world), world.company, now)
    return hash((frozenset((at, str(value)) for at, value in found.items()), queued(world)))


def run_watched(scenario: Scenario, watcher: Watcher) -> FaultyWorld:
    """Run the scenario with a watcher; returns the world as it ended."""
    worlds: list[FaultyWorld] = []

    def make_world(document: Mapping[str, Any], x: SimulatedX, start: datetime) -> FaultyWorld:
        world = FaultyWorld(document, x, start, scenario.refused)
        world.watcher, watcher.world = watcher, world
        worlds.append(world)
        return world

    def on_minute(moment: datetime) -> None:
        worlds[0].watcher.tick(moment)

    def on_end(_: ReplayWorld) -> None:
        worlds[0].watcher.end()

    replay_company(
        replace(scenario.plan, make_world=make_world, on_minute=on_minute, on_end=on_end)
    )
    return worlds[0]


def reference_run(scenario: Scenario) -> ReferenceRun:
    """Run the scenario without faults."""
    recorder = Recorder()
    world = run_watched(scenario, recorder)
    return ReferenceRun(
        recorder.ending, recorder.record, recorder.by_minute, world.start, world.passed
    )


def run_with_faults(
    scenario: Scenario, before: ReferenceRun, faults: Mapping[int, Fault], **how: Any
) -> FaultResult | None:
    """Run the scenario with these faults at the calls of these numbers; None when it met none."""
    watcher = FaultRun(before, faults, **how)
    with suppress(Recovered):
        run_watched(scenario, watcher)
    return watcher.result
