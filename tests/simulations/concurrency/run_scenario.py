"""Runs a scenario in every order of calls, or in drawn ones, and collects violations.

`python -m tests.simulations.concurrency.run_scenario [NAME ...]` runs scenarios whole, however long
that takes.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random

from tests.interleaving import SteppedWriter
from tests.simulations.concurrency.interleaved_world import InterleavedWorld, function
from tests.simulations.concurrency.invariants import violations
from tests.simulations.concurrency.order_search import OrderSearch, drawn_orders
from tests.simulations.concurrency.posts import ExpectedPosts
from tests.simulations.concurrency.scenarios import SCENARIOS, Scenario

_AFTER = (("flag", 1), ("flag", 2), ("send", 5), ("send", 40))
"""Functions that run afterwards, once claims, old settings and the alert window have ended."""


@dataclass
class ScenarioResult:
    """How many outcomes and states were seen, and the violations of each outcome that had any."""

    outcomes: int = 0
    states: int = 0
    calls: int = 0
    whole: bool = True
    """Whether all orders were tried, not only a part."""
    violations: list[list[str]] = field(default_factory=list)


class ScenarioRun:
    """A prepared scenario that can be started any number of times."""

    def __init__(
        self, scenario: Scenario, world: InterleavedWorld, expected: ExpectedPosts
    ) -> None:
        self.world = world
        self._scenario = scenario
        self._writers = scenario.writers(list(expected.facts))

    def start(self) -> list[SteppedWriter]:
        """Restart the scenario; returns all writers, each before its first call."""
        return self.world.restart(*self._writers, push=self._scenario.push)

    def end(self) -> list[str]:
        """Run the minutes that follow; returns the violations at the end."""
        last = max(writer.minute for writer in self._writers)
        self.world.run_in_sequence(*(function(name, last + minute) for name, minute in _AFTER))
        return violations(self.world.evidence())


@contextmanager
def prepared(scenario: Scenario) -> Iterator[ScenarioRun]:
    """Build the world of a scenario, with all that happened before."""
    expected = ExpectedPosts()
    scenario.posts(expected)
    with (
        tempfile.TemporaryDirectory() as folder,
        InterleavedWorld(Path(folder), expected, scenario.document) as world,
    ):
        world.prepare(*scenario.before)
        yield ScenarioRun(scenario, world, expected)


def run_scenario(
    scenario: Scenario, drawn: int | None = None, seed: int = 0, most: int | None = None
) -> ScenarioResult:
    """Run a scenario in every order that can make a difference, or in `drawn` random ones.

    After the first `most` outcomes of the search, half as many random orders follow; another seed
    changes both.
    """
    result = ScenarioResult()
    with prepared(scenario) as at:
        search = OrderSearch(at.start, at.world.state, None if most is None else Random(seed))
        orders = islice(search.outcomes(), most) if drawn is None else iter(())
        for calls in orders:
            _record_end(result, at, calls)
        if drawn is None and result.outcomes == most:
            result.whole, drawn = False, most // 2
        for calls in drawn_orders(at.start, drawn or 0, seed):
            _record_end(result, at, calls)
        result.states = len(search.states)
    return result


def _record_end(result: ScenarioResult, at: ScenarioRun, calls: int) -> None:
    result.outcomes += 1
    result.calls += calls
    if found := at.end():
        result.violations.append(found)


def main() -> int:
    """Run scenarios whole (all, or those named); return 1 when an end violates an invariant."""
    failed = False
    for name in sys.argv[1:] or SCENARIOS:
        result = run_scenario(SCENARIOS[name])
        failed |= bool(result.violations)
        sys.stdout.write(f"{name}: {result.outcomes} ends, wrong: {result.violations}\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
