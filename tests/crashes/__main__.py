"""Sweep a scene: `python -m tests.crashes hour --share 1` tries every point of the busy hour.

Prints points tried, lost and doubled; ends with 1 when anything is lost, or doubled but at
the one point that the design names: between the yes of SES (or SNS) and the mark.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from .ending import doubled, lost
from .scenes import SCENES
from .sweep import Met, Point, seeded, sweep

DOUBLES = {"sesv2.SendEmail", "sns.Publish"}


def allowed(point: Point) -> bool:
    """Whether a message may come twice: it was taken, and the mark was lost."""
    return point.fault == "killed after" and point.call in DOUBLES


def main() -> int:
    """Sweep, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", choices=SCENES)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--share", type=int, default=1, help="one point in so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="figures alone, for a test")
    asked = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scene = SCENES[asked.scene](asked.shared, Path(folder))
        swept = sweep(*scene, seeded(asked.share, asked.seed))
    wrong: list[str] = []
    twice: list[Met] = []
    for met in swept.met:
        if met.ending is None:
            wrong.append(f"{met.point}: {met.error}")
            continue
        wrong += [f"{met.point}: {what}" for what in lost(swept.undisturbed, met.ending)]
        if pairs := doubled(met.ending):
            twice.append(met)
            if not allowed(met.point):
                wrong.append(f"{met.point}: twice {pairs[0]}")
    figures = {
        "scene": asked.scene,
        "calls": swept.calls,
        "tried": len(swept.met),
        "faults": dict(Counter(met.point.fault for met in swept.met)),
        "doubled": dict(Counter(f"{m.point.fault} {m.point.call}" for m in twice)),
        "wrong": wrong,
        "undisturbed": {
            "failures": swept.undisturbed.failures,
            "conversations": len(swept.undisturbed.rows),
            "messages": len(swept.undisturbed.messages),
        },
        "seconds": round(time.perf_counter() - began, 1),
    }
    if asked.json:
        sys.stdout.write(json.dumps(figures))
        return 0
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    figures["wrong"] = len(wrong)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
