"""Kill an invocation at every outward call, one point a run, and let the clock go on.

A replay runs once, undisturbed, and is written down minute by minute. Then it runs again, and at
each point that is tried the process forks: the child meets the fault there, and goes on until
all that will be read again stands as it did undisturbed in the same minute, or to the end.
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
    """What was tried: points by fault, the runs that it took, and what came of each."""

    undisturbed: ReferenceRun
    tried: Counter[Fault] = field(default_factory=Counter)
    results: list[tuple[Point, FaultResult]] = field(default_factory=list)


class ForkingWatcher(Watcher):
    """Forks a child at each point that is chosen and needs a run; itself it goes on undisturbed."""

    def __init__(
        self,
        undisturbed: ReferenceRun,
        choose: Choice,
        until: datetime,
        folder: Path,
        tell: Callable[[SweepResult, int], None],
        **how: Any,
    ) -> None:
        self.swept = SweepResult(undisturbed)
        self.child: FaultRun | None = None
        self._choose = choose
        self._until = until
        self._folder = folder
        self._tell = tell
        self._each = how.pop("each", False)
        self._done: Path | None = how.pop("done", None)
        self._before = dict(_read(self._done))
        self._how = how
        self._running: dict[int, Point] = {}
        self._runs: DistinctPoints | None = None

    def tick(self, now: datetime) -> None:
        """Make sure that this run is the one that was written down."""
        stood = self.swept.undisturbed.by_minute.get(now)
        if stood is None or stood.fingerprint != fingerprint(self.world, now):
            raise AssertionError(f"the second run differs from the first at {now}")

    def on_call(self, call: str, moment: Moment) -> None:
        """Fork here for each fault, where it is chosen."""
        for fault in faults_at(moment):
            self._try(fault, call)

    def on_success(self) -> None:
        """Fork here for a second run in a row."""
        self._try("twice in a row", "the end")

    def collect(self, most: int = 0) -> None:
        """Wait until no more than so many children are running."""
        while len(self._running) > most:
            child, _ = os.wait()
            if child not in self._running:  # of those who run the tests
                continue
            point = self._running.pop(child)
            file = self._folder / str(child)
            nothing = FaultResult(Violations(), error="the child left nothing")
            # our own child wrote it
            met = pickle.loads(file.read_bytes()) if file.exists() else nothing  # noqa: S301
            self.swept.results.append((point, met))
            if self._done is not None and not any(met.violations()):
                with self._done.open("ab") as kept:
                    pickle.dump((point, met), kept)
            self._tell(self.swept, self.world.passed)

    def _try(self, fault: Fault, call: str) -> None:
        world = self.world
        running = world.now_running
        if self.child is not None or running is None or world.now() > self._until:
            return
        if not self._choose(world.passed, fault):
            return
        self.swept.tried[fault] += 1
        self._runs = self._runs or DistinctPoints(
            self.swept.undisturbed.record, world.stack.functions, self._each
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
        leave = partial(_leave, self._folder)
        self.child = world.watcher = FaultRun(self.swept.undisturbed, {}, leave=leave, **self._how)
        self.child.world = world
        self.child.strike(fault)


def sweep(
    scene: Scenario,
    choose: Choice,
    tell: Callable[[SweepResult, int], None] = lambda *_: None,
    **how: Any,
) -> SweepResult:
    """Run the scene undisturbed, and again from each of its points that is chosen.

    `tell` hears of each run that has ended, and how many calls the sweep has come to. `how`:
    `seed`; `each` runs every point by itself; `to_the_end` stops no run early; `done` is a file
    of runs that ended well, of a call that was broken off: they are not run again.
    """
    before = reference_run(scene)
    with tempfile.TemporaryDirectory() as folder:
        forks = ForkingWatcher(before, choose, scene.until, Path(folder), tell, **how)
        try:
            run_watched(scene, forks)
        except BaseException:  # of a child: what it ended with is told by who began it
            if forks.child is None:
                raise
            _leave(Path(folder), FaultResult(Violations(), error=traceback.format_exc()))
        forks.collect()
        return forks.swept


def _read(done: Path | None) -> Iterator[tuple[Point, FaultResult]]:
    """The runs in the file; the last may have been cut off."""
    if done is None or not done.exists():
        return
    with done.open("rb") as kept, suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(kept)  # noqa: S301 - we wrote it


def _leave(folder: Path, met: FaultResult) -> None:
    """A child ends here, at once: what it saw stays in a file."""
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    part.write_bytes(pickle.dumps(met))
    part.rename(folder / str(os.getpid()))
    os._exit(0)


def sample_points(share: int, seed: int = 0) -> Choice:
    """One point in `share` of each fault, spread over all calls; 1: every point.

    The points are dealt out by lot, and a seed takes one of `share` hands: as many seeds in a
    row try all of them.
    """
    return lambda number, fault: Random(f"{number} {fault}").randrange(share) == seed % share
