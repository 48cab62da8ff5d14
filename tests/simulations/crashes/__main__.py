"""Sweep a scene: `python -m tests.simulations.crashes hour` tries every point of the busy hour.

Prints points tried, lost and doubled; ends with 1 when anything is lost, or doubled but at
the one point that the design names: between the yes of SES (or SNS) and the mark.
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
    """Sweep, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", choices=SCENARIOS)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--share", type=int, default=1, help="one point in so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", action="store_true", help="every point in a run of its own")
    parser.add_argument("--to-the-end", action="store_true", help="no run ends early")
    parser.add_argument("--json", action="store_true", help="figures alone, for a test")
    asked = parser.parse_args()
    began = time.perf_counter()
    seen = 0

    def tell(swept: SweepResult, calls: int) -> None:
        nonlocal seen
        for point, met in swept.results[seen:]:
            for line in met.violations():
                sys.stdout.write(f"{point}: {line}\n")
        seen = len(swept.results)
        if not asked.json:
            said = f"call {calls} of {swept.undisturbed.calls}, {seen} runs"
            sys.stderr.write(f"\r{said}, {time.perf_counter() - began:.0f} s ")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        scene = SCENARIOS[asked.scene](asked.shared, Path(folder))
        how = {"seed": asked.seed, "each": asked.each, "to_the_end": asked.to_the_end}
        swept = sweep(scene, sample_points(asked.share, asked.seed), tell, **how)
    sys.stderr.write("\n")
    found = {"scene": asked.scene, **statistics(swept)}
    found["seconds"] = round(time.perf_counter() - began, 1)
    sys.stdout.write(json.dumps(found, indent=None if asked.json else 1) + "\n")
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
