"""A scene, played in every order, and what was wrong at the ends."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.interleaving import SteppedWriter
from tests.simulations.concurrency.interleaved_world import InterleavedWorld, function
from tests.simulations.concurrency.invariants import violations
from tests.simulations.concurrency.order_search import OrderSearch, drawn_orders
from tests.simulations.concurrency.posts import ExpectedPosts
from tests.simulations.concurrency.scenarios import Scenario

_AFTER = (("flag", 1), ("flag", 2), ("send", 5), ("send", 40))
"""What goes on afterwards, past claims, old settings and the alert window."""


@dataclass
class ScenarioResult:
    """How many different ends there were, what was met on the way, and what was wrong at which."""

    outcomes: int = 0
    states: int = 0
    calls: int = 0
    violations: list[list[str]] = field(default_factory=list)


class ScenarioRun:
    """A scene on its stage, to be begun any number of times."""

    def __init__(self, scene: Scenario, stage: InterleavedWorld, said: ExpectedPosts) -> None:
        self.stage = stage
        self._scene = scene
        self._writers = scene.writers(list(said.facts))

    def start(self) -> list[SteppedWriter]:
        """All writers at their first calls."""
        return self.stage.restart(*self._writers, push=self._scene.push)

    def end(self) -> list[str]:
        """Let the minutes that follow go by; what is wrong then."""
        last = max(writer.minute for writer in self._writers)
        self.stage.run_in_sequence(*(function(name, last + minute) for name, minute in _AFTER))
        return violations(self.stage.evidence())


@contextmanager
def prepared(scene: Scenario) -> Iterator[ScenarioRun]:
    """Set the stage."""
    said = ExpectedPosts()
    scene.posts(said)
    with (
        tempfile.TemporaryDirectory() as folder,
        InterleavedWorld(Path(folder), said, scene.document) as it,
    ):
        it.prepare(*scene.before)
        yield ScenarioRun(scene, it, said)


def run_scenario(scene: Scenario, drawn: int | None = None) -> ScenarioResult:
    """Play it in every order that can make a difference, or in so many drawn by lot."""
    played = ScenarioResult()
    with prepared(scene) as at:
        search = OrderSearch(at.start, at.stage.state)
        for calls in search.outcomes() if drawn is None else drawn_orders(at.start, drawn):
            played.outcomes += 1
            played.calls += calls
            if found := at.end():
                played.violations.append(found)
        played.states = len(search.states)
    return played
