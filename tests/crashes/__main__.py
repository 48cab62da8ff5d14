"""Sweep a scene: `python -m tests.crashes hour` tries every point of the busy hour.

Prints points tried, lost and doubled; ends with 1 when anything is lost, or doubled but at
the one point that the design names: between the yes of SES (or SNS) and the mark.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .points import Point
from .scenes import SCENES
from .sweep import Met, Swept, seeded, sweep

TAKEN = {"sesv2.SendEmail", "sns.Publish"}


def wrong(point: Point, met: Met) -> Iterator[str]:
    """All that may not be. One message may come twice where it was taken and not marked."""
    if met.error:
        yield met.error
    yield from met.verdict.lost
    to = {address for address, _ in met.verdict.doubled}
    unmarked = point.fault in ("killed before", "killed after") and point.changed_by in TAKEN
    if not unmarked or len(to) > 1:
        yield from (f"twice: {address} {what}" for address, what in met.verdict.doubled)


def figures(swept: Swept) -> dict[str, Any]:
    """What was tried, and what came of it."""
    twice = Counter(f"{p.fault} {p.call}" for p, met in swept.met if met.verdict.doubled)
    undisturbed = swept.undisturbed
    return {
        "calls": undisturbed.calls,
        "points": swept.tried.total(),
        "by_fault": dict(swept.tried),
        "runs": len(swept.met),
        "alike_after_minutes": _spread([met.like for _, met in swept.met]),
        "messages": len(undisturbed.ending.messages),
        "lost": sum(any(wrong(*one)) for one in swept.met),
        "doubled": dict(twice),
    }


def _spread(minutes: list[float | None]) -> dict[str, float | None]:
    """How soon all was as it would have been: the median, the longest, and how often never."""
    ended = sorted(m for m in minutes if m is not None)
    if not ended:
        return {"never": len(minutes)}
    return {
        "median": ended[len(ended) // 2],
        "most": ended[-1],
        "never": len(minutes) - len(ended),
    }


def main() -> int:
    """Sweep, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", choices=SCENES)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--share", type=int, default=1, help="one point in so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", action="store_true", help="every point in a run of its own")
    parser.add_argument("--to-the-end", action="store_true", help="no run ends early")
    parser.add_argument("--json", action="store_true", help="figures alone, for a test")
    asked = parser.parse_args()
    began = time.perf_counter()
    seen = 0

    def tell(swept: Swept, calls: int) -> None:
        nonlocal seen
        for point, met in swept.met[seen:]:
            for line in wrong(point, met):
                sys.stdout.write(f"{point}: {line}\n")
        seen = len(swept.met)
        if not asked.json:
            said = f"call {calls} of {swept.undisturbed.calls}, {seen} runs"
            sys.stderr.write(f"\r{said}, {time.perf_counter() - began:.0f} s ")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        scene = SCENES[asked.scene](asked.shared, Path(folder))
        how = {"seed": asked.seed, "each": asked.each, "to_the_end": asked.to_the_end}
        swept = sweep(scene, seeded(asked.share, asked.seed), tell, **how)
    sys.stderr.write("\n")
    found = {"scene": asked.scene, **figures(swept)}
    found["seconds"] = round(time.perf_counter() - began, 1)
    sys.stdout.write(json.dumps(found, indent=None if asked.json else 1) + "\n")
    return 1 if found["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
