"""Kill an invocation at every outward call, one point a run, and let the clock go on.

A replay runs once, undisturbed. At each point that is tried the process forks: the child
meets the fault there and goes on to the end by itself. `python -m tests.crashes.sweep`
tries them all.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, Literal

import requests

from pulse import app
from pulse_cli.replay.lambdas import InvokedError
from pulse_cli.replay.run import Replay, replay
from pulse_cli.replay.world import World
from pulse_cli.simulated_x import SimulatedX

from .ending import Ending, ending

Fault = Literal["killed before", "killed after", "twice at once"]


class Killed(BaseException):
    """The process of a function is gone."""


@dataclass(frozen=True)
class Point:
    """An outward call, in the order in which the functions make them."""

    number: int
    fault: Fault
    function: str
    call: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.fault} {self.function} {self.call} (call {self.number}, {self.at:%d %H:%M})"


@dataclass(frozen=True)
class Met:
    """What came of a run that met a fault; `error` is the harness's own trouble."""

    point: Point
    ending: Ending | None
    error: str = ""


@dataclass
class Swept:
    """The undisturbed end, how many calls led to it, and what came of each point tried."""

    undisturbed: Ending
    calls: int
    met: list[Met] = field(default_factory=list)


Choice = Callable[[int, Fault], bool]


class FaultyWorld(World):
    """A world in which something may happen before and after each outward call."""

    def __init__(self, document: Mapping[str, Any], x: SimulatedX, start: datetime) -> None:
        super().__init__(document, x, start)
        self.sweep: Forks | None = None
        self.published: list[datetime] = []
        if self._transport is not None:
            self._transport = _Passing(self._transport, self.passing)

    def passing(self, call: str, moment: Literal["before", "after"]) -> None:
        """Count the call, and let the sweep do what it means to."""
        if call == "sns.Publish" and moment == "after":
            self.published.append(self.now())
        if self.sweep is not None and self._counting:
            self.sweep.pass_by(self, call, moment)


class _Passing(requests.adapters.BaseAdapter):
    """The way to X, watched."""

    def __init__(
        self, way: requests.adapters.BaseAdapter, passing: Callable[[str, Any], None]
    ) -> None:
        super().__init__()
        self._way = way
        self._passing = passing

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Pass the request on."""
        self._passing("x.Get", "before")
        answer = self._way.send(request, *args, **kwargs)
        self._passing("x.Get", "after")
        return answer

    def close(self) -> None:
        """Close nothing: the way is another's."""


@dataclass
class Forks:
    """Forks a child at each point that is chosen; the parent goes on undisturbed."""

    choose: Choice
    until: datetime
    """Later points are not tried: what comes after is for the clock to go on."""
    folder: Path
    calls: int = 0
    points: dict[int, Point] = field(default_factory=dict)
    """By process."""
    running: set[int] = field(default_factory=set)
    mine: Point | None = None
    """In a child: the point that it met."""
    second: int | None = None
    """How many calls after the first fault the next kill comes, if one does."""
    _met_at: int = 0

    def pass_by(self, world: FaultyWorld, call: str, moment: Literal["before", "after"]) -> None:
        """Fork here, or meet the fault, or go on."""
        if moment == "before":
            self.calls += 1
        if self.mine is not None:
            if moment == "before" and self.second and self.calls == self._met_at + self.second:
                self.second = None
                raise Killed
            return
        if world.now() > self.until:
            return
        faults: tuple[Fault, ...] = (
            ("killed before", "twice at once") if moment == "before" else ("killed after",)
        )
        for fault in faults:
            if self.choose(self.calls, fault) and self._fork(world, call, fault):
                self._meet(world, fault)
                return

    def _fork(self, world: FaultyWorld, call: str, fault: Fault) -> bool:
        """Whether this is the child; the parent waits while all processors are busy."""
        function = world.lambdas.running[-1][0]
        point = Point(self.calls, fault, function, call, world.now())
        while len(self.running) >= (os.cpu_count() or 1):
            self.running.discard(os.wait()[0])
        child = os.fork()
        if child:
            self.points[child] = point
            self.running.add(child)
            return False
        self.mine, self._met_at = point, self.calls
        return True

    def _meet(self, world: FaultyWorld, fault: Fault) -> None:
        if fault != "twice at once":
            raise Killed
        name, event = world.lambdas.running[-1]
        first = world.lambdas.wired
        world.lambdas.wired = world.lambdas.begin()  # the other has a process of its own
        with suppress(InvokedError):
            world.lambdas.invoke(name, event)
        world.lambdas.wired = first
        app.use(first)

    def collect(self) -> Iterator[Met]:
        """Wait for all children; what came of each."""
        while self.running:
            self.running.discard(os.wait()[0])
        for child, point in self.points.items():
            file = self.folder / str(child)
            if not file.exists():
                yield Met(point, None, "the child left nothing")
                continue
            met: Met = pickle.loads(file.read_bytes())  # noqa: S301 - our own child wrote it
            yield replace(met, point=point)


def sweep(plan: Replay, until: datetime, choose: Choice, second: int | None = None) -> Swept:
    """Run the plan, and again from each point up to `until` that is chosen, with its fault there.

    `second` kills once more, so many calls after the first fault.
    """
    with tempfile.TemporaryDirectory() as folder:
        forks = Forks(choose, until, Path(folder), second=second)
        ends: list[Ending] = []

        def place(document: Mapping[str, Any], x: SimulatedX, start: datetime) -> World:
            world = FaultyWorld(document, x, start)
            world.sweep = forks
            return world

        def look(world: World) -> None:
            published = world.published if isinstance(world, FaultyWorld) else ()
            ends.append(ending(world, published))

        try:
            replay(replace(plan, place=place, look=look))
        except BaseException:
            if forks.mine is not None:
                _leave(forks, Met(forks.mine, None, traceback.format_exc()))
            raise
        if forks.mine is not None:
            _leave(forks, Met(forks.mine, ends[0]))
        return Swept(ends[0], forks.calls, list(forks.collect()))


def _leave(forks: Forks, met: Met) -> None:
    """A child ends here: what it saw stays in a file."""
    part = forks.folder.with_name(f"{forks.folder.name}.{os.getpid()}")
    part.write_bytes(pickle.dumps(met))
    part.rename(forks.folder / str(os.getpid()))
    os._exit(0)


def seeded(share: int, seed: int = 0) -> Choice:
    """One point in `share` of each fault, spread over all calls by a seed; 1: every point."""
    return lambda number, fault: Random(f"{seed} {number} {fault}").random() * share < 1
