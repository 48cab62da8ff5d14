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

from .ending import TAKEN, Ending, ending, items, last_written_to, queued, reads
from .future import future
from .points import KILLS, Fault, Record, met_at, strike
from .scenes import Scene
from .verdict import Verdict, judge
from .world import FaultyWorld, Moment, Watcher


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
    `unmarked` are the addresses whose mail was taken, and its sender killed before the mark.
    `error` is the harness's own trouble.
    """

    verdict: Verdict
    like: float | None = None
    unmarked: tuple[str, ...] = ()
    error: str = ""

    def wrong(self) -> Iterator[str]:
        """All that may not be. One message may come twice where it was taken and not marked.

        It is then told of twice: as heard again, and as sent without a mark.
        """
        if self.error:
            yield self.error
        yield from self.verdict.lost
        twice = Counter(to for to, _ in self.verdict.doubled)
        for to, what in self.verdict.doubled:
            if twice[to] > 2 * self.unmarked.count(to):
                yield f"twice: {to} {what}"


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
        self._unmarked: list[str] = []
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
        if running and fault in KILLS and running.changed_by in TAKEN:
            self._unmarked.append(last_written_to(self.world, running.changed_by))
        strike(self.world, fault, calls, self._seed)

    def _judge(self, before: datetime, like: float | None) -> None:
        undisturbed = self._undisturbed
        found = ending(self.world, before)
        read = undisturbed.stood[before].reads
        company = self.world.company
        verdict = judge(company, undisturbed.start, undisturbed.ending, found, read)
        self.met = Met(verdict, like, tuple(self._unmarked))
        self._leave(self.met)


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

    def look(_: ReplayWorld) -> None:
        worlds[0].watcher.end()

    replay_company(replace(scene.plan, place=place, progress=now, look=look))
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
