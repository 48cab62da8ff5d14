"""A function that is killed or runs twice, at any outward call, loses and repeats nothing.

The design allows one exception: a kill after SES has accepted a mail and before that is recorded.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.simulations.crashes.fork_sweep import sample_points, sweep
from tests.simulations.crashes.injection_points import FAULTS, KILLS, Fault
from tests.simulations.crashes.runs import FaultResult, reference_run, run_with_faults
from tests.simulations.crashes.scenarios import SCENARIOS
from tests.simulations.crashes.statistics import statistics
from tests.tiers import DONE, SEED, TEST_ALL

SAMPLES = {"evening": 100, "many": 150, "deleted": 300, "hour": 900}
"""`make test` tries one point in so many."""
NIGHTLY = {"demo": 8, "hour": 2, "deleted": 2}
"""Where all points take an hour, `make test-all` tries one in so many, others with each seed."""
PAIRS = 100 if TEST_ALL else 4
Note = Callable[[str, object], None]
RunWithFaults = Callable[[Mapping[int, Fault]], FaultResult | None]


@pytest.mark.parametrize("name", [*SAMPLES, pytest.param("demo", marks=pytest.mark.whole)])
def test_a_fault_at_any_call_loses_nothing(
    name: str, tmp_path: Path, request: pytest.FixtureRequest, figure: Note
) -> None:
    """After a kill or a second run at any outward call, no invariant is violated."""
    shared = request.getfixturevalue("shared") if name == "hour" else tmp_path
    share = NIGHTLY.get(name, 1) if TEST_ALL else SAMPLES[name]
    done = DONE.folder / f"crashes-{name}" if DONE else None
    swept = sweep(
        SCENARIOS[name](shared, tmp_path), sample_points(share, SEED), seed=SEED, done=done
    )
    command = f"python -m tests.simulations.crashes {name} --share {share} --seed {SEED}"
    assert [
        f"{point}: {line}" for point, result in swept.results for line in result.violations()
    ] == [], command
    found = statistics(swept)
    assert found["messages"] > 0
    assert found["runs"] > 5
    figure(f"crashes, {name}, one point in {share}, seed {SEED}", found)


@pytest.fixture(scope="module")
def run_with(tmp_path_factory: pytest.TempPathFactory) -> RunWithFaults:
    """Runs the evening with faults at the calls of these numbers."""
    folder = tmp_path_factory.mktemp("evening")
    scenario = SCENARIOS["evening"](folder, folder)
    before = reference_run(scenario)
    return lambda faults: run_with_faults(scenario, before, faults)


@settings(max_examples=PAIRS, derandomize=not TEST_ALL, phases=[Phase.generate])  # no shrinking
@given(
    first=st.integers(1, 460),  # the second by 520: the run ends too soon after later ones
    fault=st.sampled_from(KILLS),
    further=st.integers(1, 60),
    another=st.sampled_from(FAULTS[:-1]),
)
def test_two_faults_lose_nothing(
    run_with: RunWithFaults, first: int, fault: Fault, further: int, another: Fault
) -> None:
    """After a kill, and another fault some calls later, no invariant is violated."""
    result = run_with({first: fault, first + further: another})
    assert result is not None
    assert list(result.violations()) == []
