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
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from pulse_cli.replay.clockwork import MINUTE
from pulse_cli.replay.run import replay
from pulse_cli.replay.world import World
from pulse_cli.simulated_x import SimulatedX

from .ending import Ending, ending, items, queued, read_mails, reads
from .future import future
from .points import Fault, Point, Record, Runs, met_at, strike
from .scenes import Scene
from .verdict import Verdict, judge
from .world import FaultyWorld, Moment, Watcher

Choice = Callable[[int, Fault], bool]


class Stand(NamedTuple):
    """How a run stood at a moment: a fingerprint of it, and how many posts each account read."""

    fingerprint: int
    reads: Mapping[str, int]


@dataclass(frozen=True)
class Undisturbed:
    """A run with nothing in its way: how it ended, and how it stood each minute."""

    ending: Ending
    record: Record
    stood: Mapping[datetime, Stand]
    start: datetime
    calls: int


@dataclass(frozen=True)
class Met:
    """What came of a run that met a fault.

    `like` is how many minutes later all was as it would have been; None when it never was.
    `error` is the harness's own trouble.
    """

    verdict: Verdict
    like: float | None = None
    error: str = ""


@dataclass
class Swept:
    """What was tried: points by fault, the runs that it took, and what came of each."""

    undisturbed: Undisturbed
    tried: Counter[Fault] = field(default_factory=Counter)
    met: list[tuple[Point, Met]] = field(default_factory=list)


class AlikeError(BaseException):
    """All is as it would have been: the run need not go on."""


class Recorder(Watcher):
    """Writes an undisturbed run down."""

    def __init__(self) -> None:
        self.ending: Ending
        self.record = Record()
        self.stood: dict[datetime, Stand] = {}

    def tick(self, now: datetime) -> None:
        """Note how it stands."""
        self.stood[now] = Stand(fingerprint(self.world, now), reads(items(self.world)))

    def end(self) -> None:
        """Note how it ended: in the minute after, as far as that goes."""
        after = self.world.now() + MINUTE
        self.tick(after)
        self.ending = ending(self.world, after)

    def passing(self, _call: str, _moment: Moment) -> None:
        """Note the call."""
        if self.world.now_running is not None:
            self.record.note(self.world.now_running)


class Struck(Watcher):
    """Meets faults at calls of these numbers; ends when all is alike again, and judges."""

    def __init__(
        self,
        undisturbed: Undisturbed,
        faults: Mapping[int, Fault],
        *,
        seed: int = 0,
        to_the_end: bool = False,
        leave: Callable[[Met], None] = lambda _: None,
    ) -> None:
        self._undisturbed = undisturbed
        self._leave = leave
        self._faults = dict(faults)
        self._seed = seed
        self._to_the_end = to_the_end
        self._last: datetime | None = None
        self.met: Met | None = None

    def tick(self, now: datetime) -> None:
        """End, if all stands as it would have."""
        if self._faults or self._to_the_end or self._last is None:
            return
        stood = self._undisturbed.stood.get(now)
        if stood is not None and stood.fingerprint == fingerprint(self.world, now):
            self._judge(now, (now - self._last) / MINUTE)
            raise AlikeError

    def passing(self, _call: str, moment: Moment) -> None:
        """Meet a fault, if there is one for this call."""
        fault = self._faults.get(self.world.passed)
        if fault is not None and fault in met_at(moment):
            self.strike(fault)

    def over(self) -> None:
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
        strike(self.world, fault, calls, self._seed)

    def _judge(self, before: datetime, like: float | None) -> None:
        undisturbed = self._undisturbed
        found = ending(self.world, before)
        read = undisturbed.stood[before].reads
        company = self.world.company
        verdict = judge(company, undisturbed.start, undisturbed.ending, found, read)
        self.met = Met(verdict, like)
        self._leave(self.met)


class Forks(Watcher):
    """Forks a child at each point that is chosen and needs a run; itself it goes on undisturbed."""

    def __init__(
        self,
        undisturbed: Undisturbed,
        choose: Choice,
        until: datetime,
        folder: Path,
        tell: Callable[[Swept, int], None],
        **how: Any,
    ) -> None:
        self.swept = Swept(undisturbed)
        self.child: Struck | None = None
        self._choose = choose
        self._until = until
        self._folder = folder
        self._tell = tell
        self._each = how.pop("each", False)
        self._how = how
        self._running: dict[int, Point] = {}
        self._runs: Runs | None = None

    def tick(self, now: datetime) -> None:
        """Make sure that this run is the one that was written down."""
        stood = self.swept.undisturbed.stood.get(now)
        if stood is None or stood.fingerprint != fingerprint(self.world, now):
            raise AssertionError(f"the second run differs from the first at {now}")

    def passing(self, call: str, moment: Moment) -> None:
        """Fork here for each fault, where it is chosen."""
        for fault in met_at(moment):
            self._try(fault, call)

    def over(self) -> None:
        """Fork here for a second run in a row."""
        self._try("twice in a row", "the end")

    def collect(self, most: int = 0) -> None:
        """Wait until no more than so many children are running."""
        while len(self._running) > most:
            child, _ = os.wait()
            point = self._running.pop(child)
            file = self._folder / str(child)
            nothing = Met(Verdict(), error="the child left nothing")
            # our own child wrote it
            met = pickle.loads(file.read_bytes()) if file.exists() else nothing  # noqa: S301
            self.swept.met.append((point, met))
            self._tell(self.swept, self.world.passed)

    def _try(self, fault: Fault, call: str) -> None:
        world = self.world
        running = world.now_running
        if self.child is not None or running is None or world.now() > self._until:
            return
        if not self._choose(world.passed, fault):
            return
        self.swept.tried[fault] += 1
        self._runs = self._runs or Runs(
            self.swept.undisturbed.record, world.stack.functions, self._each
        )
        if not self._runs.needed(fault, running):
            return
        self.collect((os.cpu_count() or 1) - 1)
        read_mails(world)
        child = os.fork()
        if child:
            point = (world.passed, fault, running.function, call, world.now(), running.changed_by)
            self._running[child] = Point(*point)
            return
        leave = partial(_leave, self._folder)
        self.child = world.watcher = Struck(self.swept.undisturbed, {}, leave=leave, **self._how)
        self.child.world = world
        self.child.strike(fault)


def fingerprint(world: FaultyWorld, now: datetime) -> int:
    """How it stands, in a number that is the same in this process and its children."""
    found = future(items(world), world.company, now)
    return hash((frozenset((at, str(value)) for at, value in found.items()), queued(world)))


def watch(scene: Scene, watcher: Watcher) -> FaultyWorld:
    """Run the scene with a watcher; gives the world as it ended."""
    worlds: list[FaultyWorld] = []

    def place(document: Mapping[str, Any], x: SimulatedX, start: datetime) -> FaultyWorld:
        world = FaultyWorld(document, x, start, scene.refused)
        world.watcher, watcher.world = watcher, world
        worlds.append(world)
        return world

    def now(moment: datetime) -> None:
        worlds[0].watcher.tick(moment)

    def look(_: World) -> None:
        worlds[0].watcher.end()

    replay(replace(scene.plan, place=place, progress=now, look=look))
    return worlds[0]


def undisturbed(scene: Scene) -> Undisturbed:
    """Run the scene with nothing in its way."""
    recorder = Recorder()
    world = watch(scene, recorder)
    return Undisturbed(recorder.ending, recorder.record, recorder.stood, world.start, world.passed)


def struck(
    scene: Scene, before: Undisturbed, faults: Mapping[int, Fault], **how: Any
) -> Met | None:
    """Run the scene with these faults at calls of these numbers; None when it met none."""
    watcher = Struck(before, faults, **how)
    with suppress(AlikeError):
        watch(scene, watcher)
    return watcher.met


def sweep(
    scene: Scene,
    choose: Choice,
    tell: Callable[[Swept, int], None] = lambda *_: None,
    **how: Any,
) -> Swept:
    """Run the scene undisturbed, and again from each of its points that is chosen.

    `tell` hears of each run that has ended, and how many calls the sweep has come to. `how`:
    `seed`; `each` runs every point by itself; `to_the_end` stops no run early.
    """
    before = undisturbed(scene)
    with tempfile.TemporaryDirectory() as folder:
        forks = Forks(before, choose, scene.until, Path(folder), tell, **how)
        try:
            watch(scene, forks)
        except BaseException:
            if forks.child is None:
                raise
            _leave(Path(folder), Met(Verdict(), error=traceback.format_exc()))
        forks.collect()
        return forks.swept


def _leave(folder: Path, met: Met) -> None:
    """A child ends here, at once: what it saw stays in a file."""
    part = folder.with_name(f"{folder.name}.{os.getpid()}")
    part.write_bytes(pickle.dumps(met))
    part.rename(folder / str(os.getpid()))
    os._exit(0)


def seeded(share: int, seed: int = 0) -> Choice:
    """One point in `share` of each fault, spread over all calls by a seed; 1: every point."""
    return lambda number, fault: Random(f"{seed} {number} {fault}").random() * share < 1
