"""Crowded days on ministack: `python -m tests.simulations.concurrency --minutes 200 --days 3`.

Prints figures and violations of each day; exits with 1 if there are violations.
"""

import argparse
import json
import sys
from collections import Counter

from tests.simulations.concurrency.crowded_day import run_day
from tests.simulations.concurrency.invariants import violations


def main() -> int:
    """Run the days; return 1 if any of them violates an invariant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=20, help="minutes with posts")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    all_violations: list[str] = []
    for seed in range(args.seed, args.seed + args.days):
        day = run_day(seed, args.minutes)
        found = violations(day.evidence)
        figures = {
            "seed": seed,
            "minutes": day.rounds,
            "instances at once": len(day.evidence.call_logs),
            "writes": len(day.evidence.writes),
            "lost to others, and made again": dict(
                sum((log.conflicts for log in day.evidence.call_logs), Counter[str]())
            ),
            "clicks": day.clicks,
            "clicks to be made again": day.contended,
            "mails": len(day.evidence.mails),
            "seconds": round(day.seconds, 1),
            "wrong": found,
        }
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()
        all_violations += found
    return 1 if all_violations else 0


if __name__ == "__main__":
    sys.exit(main())
