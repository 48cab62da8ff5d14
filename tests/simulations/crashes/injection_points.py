"""Where a fault can be injected, and which of these points lead to the same run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Literal, get_args

from pulse_cli.simulated_aws.local_stack import Function
from tests.simulations.crashes.faulty_world import FaultyWorld, Invocation, Moment

Fault = Literal["killed before", "killed after", "twice at once", "in turns", "twice in a row"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
KILLS: tuple[Fault, ...] = ("killed before", "killed after")


@dataclass(frozen=True)
class Point:
    """An outward call, by its number among those of the run, and what happens there.

    "twice at once": a whole second run of the same event takes place before this call of the first.
    "in turns": it begins there, and ends after the first has ended. "twice in a row": it begins
    when the first has ended.
    """

    number: int
    fault: Fault
    function: str
    call: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.fault} {self.function} {self.call} (call {self.number}, {self.at:%d %H:%M})"


@dataclass
class CallCounts:
    """Outward calls of each invocation of the reference run, and how many changed things."""

    calls: dict[int, int] = field(default_factory=dict)
    changes: dict[int, int] = field(default_factory=dict)

    def note(self, running: Invocation) -> None:
        """Record how many calls and changes it has made so far."""
        self.calls[running.number] = running.calls
        self.changes[running.number] = running.changes


@dataclass
class DistinctPoints:
    """Which points need a run of their own.

    A kill leaves nothing but what was changed outside, so all kills of an invocation between two
    changes lead to the same run. After the last change they lead to the reference run, unless the
    event is retried. So does a second run of an invocation that changes nothing.
    """

    record: CallCounts
    functions: Mapping[str, Function]
    each: bool = False
    """Run every point by itself."""
    _run: set[tuple[int, int]] = field(default_factory=set)

    def needs_run(self, fault: Fault, running: Invocation) -> bool:
        """Whether this point is not covered by another run."""
        if self.each:
            return True
        changes = self.record.changes[running.number]
        if fault not in KILLS:
            return changes > 0
        is_retried = not self._has_queue(running) and self.functions[running.function].retries > 0
        if running.changes == changes and not is_retried:
            return False
        place = (running.number, running.changes)
        if place in self._run:
            return False
        self._run.add(place)
        return True

    def _has_queue(self, running: Invocation) -> bool:
        return self.functions[running.function].queue is not None


def faults_at(moment: Moment) -> tuple[Fault, ...]:
    """What may happen before, or after, an outward call."""
    return (
        ("killed before", "twice at once", "in turns") if moment == "before" else ("killed after",)
    )


def inject(world: FaultyWorld, fault: Fault, calls: int, seed: int) -> None:
    """Inject the fault now; `calls` is how many calls the invocation makes without it."""
    if fault in KILLS:
        world.kill()
    stop = 1 + Random(f"{seed} {world.passed}").randrange(max(1, calls))
    world.run_again(stop if fault == "in turns" else None)
