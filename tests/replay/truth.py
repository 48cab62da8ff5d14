"""Compares replays of real posts with known results: `make truth`.

Each company is replayed once in each vocabulary, and compared at every instant with known results.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pulse_cli.replay import ReplayPlan, replay_company
from pulse_cli.settings.defaults import default_settings
from pulse_cli.simulated_x import Archive, VocabularyName

VOCABULARIES: tuple[VocabularyName, ...] = get_args(VocabularyName)
LONGEST_FIRST = ("ChipotleTweets", "AppleSupport", "Delta", "AmericanAir", "comcastcares")


@dataclass(frozen=True)
class Found:
    """The comparison of one run; `differences` is empty if everything agrees."""

    company: str
    vocabulary: str
    differences: list[str]
    conversations: int
    seconds: float


def truths(folder: Path) -> dict[datetime, dict[str, list[dict[str, Any]]]]:
    """The known rows of each company, by instant."""
    found = {
        datetime.strptime(file.stem + "+0000", "%Y-%m-%dT%H%M%SZ%z"): json.loads(file.read_text())
        for file in sorted((folder / "truth").glob("*.json"))
    }
    if not found:
        raise FileNotFoundError(f"no truth in {folder / 'truth'}")
    return found


def compare(
    folder: Path, company: str, vocabulary: VocabularyName, instants: Sequence[datetime] = ()
) -> Found:
    """Replay one company up to the last of these instants (default: all); compare at each."""
    began = time.perf_counter()
    archive, known = _archive(folder), truths(folder)
    at = sorted(instants) or sorted(known)
    [ours] = [c for c in archive.companies if c.name == company]
    accounts = [{"id": a.id, "username": a.username, "role": a.role} for a in ours.accounts]
    outcome = replay_company(
        ReplayPlan(
            archive,
            company,
            default_settings([{"name": company, "accounts": accounts}]),
            until=at[-1],
            vocabulary=vocabulary,
            checkpoints=tuple(at[:-1]),
        )
    )
    seen = {at[-1]: outcome.conversations, **outcome.at_checkpoints}
    differences = [f"{function} at {when}: {error}" for function, when, error in outcome.failures]
    for instant in at:
        true = known[instant].get(company, [])
        differences += [f"{instant:%d %b %H:%M}: {x}" for x in _differ(true, seen.get(instant, []))]
    return Found(
        company, vocabulary, differences, len(outcome.conversations), time.perf_counter() - began
    )


def _differ(true: list[dict[str, Any]], seen: list[dict[str, Any]]) -> Iterator[str]:
    """Rows that are missing, unexpected or different, or in the wrong order."""
    fields = sorted({name for row in true for name in row})
    expected = {(row["conversation_id"], row["author_id"]): row for row in true}
    found = {
        (row["conversation_id"], row["author_id"]): {name: row.get(name) for name in fields}
        for row in seen
    }
    for key, row in expected.items():
        if key not in found:
            yield f"missing {row}"
        for name in fields if key in found else ():
            if found[key][name] != row[name]:
                yield f"{'/'.join(key)}: {name} is {found[key][name]!r}, true is {row[name]!r}"
    yield from (f"too much: {row}" for key, row in found.items() if key not in expected)
    if list(found) != list(expected) and found.keys() == expected.keys():
        yield "the order is not that of the first mentions"


@cache
def _archive(folder: Path) -> Archive:
    return Archive.load(folder)


def main() -> int:
    """Compare everything, on all processors; returns 1 if something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--company", action="append", help="only these")
    parser.add_argument("--vocabulary", action="append", choices=VOCABULARIES, help="only these")
    parser.add_argument("--draw", type=int, help="a seed: each company in one vocabulary only")
    parser.add_argument("--done", type=Path, help="a file of runs that agreed and are skipped")
    args = parser.parse_args()
    folder = args.shared / "data" / "support-2017"
    if not folder.is_dir():
        sys.exit(f"no real data at {folder}; name its parent with --shared")
    names = args.company or [c.name for c in _archive(folder).companies]
    names.sort(key=lambda name: name not in LONGEST_FIRST)
    jobs = [(name, chosen) for chosen in args.vocabulary or VOCABULARIES for name in names]
    if args.draw is not None:
        jobs = [(name, chosen) for name, chosen in jobs if chosen == drawn(name, args.draw)]
    done = args.done.read_text("utf-8").splitlines() if args.done and args.done.exists() else []
    jobs = [job for job in jobs if " ".join(job) not in done]
    if not jobs:
        say("all runs agreed already")
        return 0
    wrong = 0
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(jobs)), mp_context=context) as pool:
        runs = [pool.submit(compare, folder, *job) for job in jobs]
        for number, run in enumerate(as_completed(runs), start=1):
            found = run.result()
            verdict = f"{len(found.differences)} differences" if found.differences else "agrees"
            say(
                f"{number:4}/{len(jobs)} {found.company:16} {found.vocabulary:6} "
                f"{found.conversations:5} conversations {found.seconds:6.1f} s  {verdict}"
            )
            for difference in found.differences:
                say(f"       {difference}")
            wrong += bool(found.differences)
            if args.done and not found.differences:
                with args.done.open("a", encoding="utf-8") as file:
                    file.write(f"{found.company} {found.vocabulary}\n")
    say(f"{len(jobs) - wrong} of {len(jobs)} runs agree with the truth at every instant")
    return 1 if wrong else 0


def drawn(company: str, seed: int) -> VocabularyName:
    """The vocabulary in which a nightly run replays a company: another for each of three seeds."""
    shift = int.from_bytes(hashlib.sha256(company.encode()).digest()[:4])
    return VOCABULARIES[(seed + shift) % len(VOCABULARIES)]


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    sys.exit(main())
