"""Injects a fault at every outward call, one point a run, in forked children of one replay.

A replay runs once without faults and is recorded minute by minute. Then it runs again, and at
each point that is tried the process forks. The child meets the fault there and continues until
everything that will be read again equals the recorded run in the same minute, or to the end.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests.simulations.crashes.faulty_world import Moment, Watcher
from tests.simulations.crashes.injection_points import DistinctPoints, Fault, Point, faults_at
from tests.simulations.crashes.invariants import Violations
from tests.simulations.crashes.runs import (
    FaultResult,
    FaultRun,
    ReferenceRun,
    fingerprint,
    reference_run,
    run_watched,
)
from tests.simulations.crashes.scenarios import Scenario
from tests.simulations.crashes.snapshot import read_mails

Choice = Callable[[int, Fault], bool]


@dataclass
class SweepResult:
    """How many points were tried for each fault, and the result of each run."""

    reference: ReferenceRun
    tried: Counter[Fault] = field(default_factory=Counter)
    results: list[tuple[Point, FaultResult]] = field(default_factory=list)


class ForkingWatcher(Watcher):
    """Forks a child at each chosen point that needs a run; the parent continues without faults."""

    def __init__(
        self,
        reference: ReferenceRun,
        choose: Choice,
        until: datetime,
        folder: Path,
        on_result: Callable[[SweepResult, int], None],
        **how: Any,
    ) -> None:
        self.swept = SweepResult(reference)
        self.child: FaultRun | None = None
        self._choose = choose
        self._until = until
        self._folder = folder
        self._on_result = on_result
        self._each = how.pop("each", False)
        self._done: Path | None = how.pop("done", None)
        self._before = dict(_read(self._done))
        self._how = how
        self._running: dict[int, Point] = {}
        self._runs: DistinctPoints | None = None

    def tick(self, now: datetime) -> None:
        """Make sure that this run is equal to the recorded one."""
        recorded = self.swept.reference.by_minute.get(now)
        if recorded is None or recorded.fingerprint != fingerprint(self.world, now):
            raise AssertionError(f"the second run differs from the first at {now}")

    def on_call(self, call: str, moment: Moment) -> None:
        """Fork for each fault that is chosen for this call."""
        for fault in faults_at(moment):
            self._try(fault, call)

    def on_success(self) -> None:
        """Fork for a second run after the first, if it is chosen."""
        self._try("twice in a row", "the end")

    def collect(self, most: int = 0) -> None:
        """Wait until at most `most` children are running."""
        while len(self._running) > most:
            child, _ = os.wait()
            if child not in self._running:  # a child of the test runner
                continue
            point = self._running.pop(child)
            file = self._folder / str(child)
            no_result = FaultResult(Violations(), error="the child left no result")
            # our own child wrote it
            result = pickle.loads(file.read_bytes()) if file.exists() else no_result  # noqa: S301
            self.swept.results.append((point, result))
            if self._done is not None and not any(result.violations()):
                with self._done.open("ab") as file:
                    pickle.dump((point, result), file)
            self._on_result(self.swept, self.world.passed)

    def _try(self, fault: Fault, call: str) -> None:
        world = self.world
        running = world.now_running
        if self.child is not None or running is None or world.now() > self._until:
            return
        if not self._choose(world.passed, fault):
            return
        self.swept.tried[fault] += 1
        self._runs = self._runs or DistinctPoints(
            self.swept.reference.record, world.stack.functions, self._each
        )
        if not self._runs.needs_run(fault, running):
            return
        point = Point(world.passed, fault, running.function, call, world.now())
        if point in self._before:
            self.swept.results.append((point, self._before[point]))
            return
        self.collect((os.cpu_count() or 1) - 1)
        read_mails(world)
        child = os.fork()
        if child:
            self._running[child] = point
            return
        on_end = partial(_end_child, self._folder)
        self.child = world.watcher = FaultRun(self.swept.reference, {}, on_end=on_end, **self._how)
        self.child.world = world
        self.child.inject_fault(fault)


def sweep(
    scenario: Scenario,
    choose: Choice,
    on_result: Callable[[SweepResult, int], None] = lambda *_: None,
    **how: Any,
) -> SweepResult:
    """Run the scenario without faults, then with a fault at each of its points that is chosen.

    `on_result` is called after each run with all results so far and the number of calls that the
    sweep has reached. `how`: `seed`; `each` runs every point by itself; `to_the_end` stops no run
    early; `done` is a file of runs without violations from an interrupted sweep, which are not
    repeated.
    """
    before = reference_run(scenario)
    with tempfile.TemporaryDirectory() as folder:
        forks = ForkingWatcher(before, choose, scenario.until, Path(folder), on_result, **how)
        try:
            run_watched(scenario, forks)
        except BaseException:
            # A child is a copy of this process, caller included. Whatever ends its run, SystemExit
            # and KeyboardInterrupt too, must not leave this function: the copy of pytest would go
            # on and run the remaining tests a second time. The child reports the error to its
            # parent by a file instead, and ends. The parent itself raises as usual.
            if forks.child is None:
                raise
            _end_child(Path(folder), FaultResult(Violations(), error=traceback.format_exc()))
        forks.collect()
        return forks.swept


def _read(done: Path | None) -> Iterator[tuple[Point, FaultResult]]:
    """The runs in the file; the last may have been cut off."""
    if done is None or not done.exists():
        return
    with done.open("rb") as file, suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(file)  # noqa: S301 - we wrote it


def _end_child(folder: Path, result: FaultResult) -> None:
    """End this child at once, and leave its result to the parent in a file."""
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    part.write_bytes(pickle.dumps(result))
    part.rename(folder / str(os.getpid()))
    os._exit(0)


def sample_points(share: int, seed: int = 0) -> Choice:
    """One point in `share` of each fault, spread over all calls; 1: every point.

    The points are split at random into `share` parts, of which the seed chooses one: `share`
    consecutive seeds try all points.
    """
    return lambda number, fault: Random(f"{number} {fault}").randrange(share) == seed % share
