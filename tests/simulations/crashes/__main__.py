"""Sweep a scenario: `python -m tests.simulations.crashes hour` tries every point of the busy hour.

Prints how many points were tried, and what was lost or sent twice. Exits with 1 if anything was
lost, or sent twice where the design does not allow it: it does if a process is killed after SES
or SNS has accepted a message and before that is recorded.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.simulations.crashes.fork_sweep import SweepResult, sample_points, sweep
from tests.simulations.crashes.scenarios import SCENARIOS
from tests.simulations.crashes.statistics import statistics


def main() -> int:
    """Sweep the scenario named on the command line; return 1 if an invariant was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--share", type=int, default=1, help="one point in so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", action="store_true", help="every point in a run of its own")
    parser.add_argument("--to-the-end", action="store_true", help="no run ends early")
    parser.add_argument("--json", action="store_true", help="figures alone, for a test")
    args = parser.parse_args()
    began = time.perf_counter()
    seen = 0

    def show_progress(swept: SweepResult, calls: int) -> None:
        nonlocal seen
        for point, result in swept.results[seen:]:
            for line in result.violations():
                sys.stdout.write(f"{point}: {line}\n")
        seen = len(swept.results)
        if not args.json:
            progress = f"call {calls} of {swept.reference.calls}, {seen} runs"
            sys.stderr.write(f"\r{progress}, {time.perf_counter() - began:.0f} s ")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        scenario = SCENARIOS[args.scenario](args.shared, Path(folder))
        how = {"seed": args.seed, "each": args.each, "to_the_end": args.to_the_end}
        swept = sweep(scenario, sample_points(args.share, args.seed), show_progress, **how)
    sys.stderr.write("\n")
    found = {"scenario": args.scenario, **statistics(swept)}
    found["seconds"] = round(time.perf_counter() - began, 1)
    sys.stdout.write(json.dumps(found, indent=None if args.json else 1) + "\n")
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
