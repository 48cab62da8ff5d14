"""`make test-all`: all tests with a fresh seed, continuing where the last call stopped.

What has passed is recorded in build/test-all, under a digest of all that the tests depend on. A
changed tree begins a new run with a new seed, and so does the same tree when all tests have
passed. The seed is printed; `PULSE_SEED=N make test-all` repeats a run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

ROOT = Path(__file__).resolve().parents[1]
_SOURCES = (
    *("functions", "infra", "templates", "tests", "requirements"),
    *("template.yaml", "samconfig.toml", "pyproject.toml"),
)
_SEEDS = 2**31
_LONGEST_KEY = 12
_NOTHING_LEFT = 5
"""Exit code of pytest when there is no test left to run."""


def main() -> int:
    """Run what has not passed yet; return 0 if all has passed."""
    place = ROOT / "build" / "test-all"
    given_seed = os.environ.get("PULSE_SEED")
    folder = place / "-".join(filter(None, [tree_key()[:_LONGEST_KEY], given_seed]))
    seed_file = folder / "seed"
    if seed_file.exists():
        seed = seed_file.read_text(encoding="utf-8")
        say(f"Continuing where the last run stopped ({folder.relative_to(ROOT)}), seed {seed}.")
    else:
        shutil.rmtree(place, ignore_errors=True)
        folder.mkdir(parents=True)
        seed = given_seed or str(SystemRandom().randrange(_SEEDS))
        seed_file.write_text(seed, encoding="utf-8")
        say(f"A new run, seed {seed}.")
    env = os.environ | {"PULSE_TEST_ALL": "1", "PULSE_SEED": seed, "PULSE_DONE": str(folder)}
    tests = [*sys.argv[1:], f"--hypothesis-seed={seed}", "--durations=20"]
    failed = _run(env, "-m", "pytest", *tests) not in (0, _NOTHING_LEFT)
    shared = Path(os.environ.get("SHARED", ROOT.parent / "shared"))
    drawn = ["--draw", seed, "--done", str(folder / "truth")]
    failed |= _run(env, "tests/replay/truth.py", "--shared", str(shared), *drawn) != 0
    if failed:
        say(f"Not all tests passed. To run the others again: make test-all; to run all with this "
            f"seed: PULSE_SEED={seed} make test-all")  # fmt: skip
        return 1
    shutil.rmtree(folder)
    say(f"All tests passed with seed {seed}; the next run has another.")
    return 0


def tree_key() -> str:
    """Return a digest of all files that the tests depend on."""
    digest = hashlib.sha256()
    for file in sorted(_files()):
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for source in _SOURCES:
        path = ROOT / source
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.is_file() and not any(
                part == "__pycache__" or part.endswith(".egg-info") for part in file.parts
            ):
                yield file


def _run(env: dict[str, str], *arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, check=False).returncode  # noqa: S603 - our own arguments


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    sys.exit(main())
