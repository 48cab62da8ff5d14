"""Finds what looks like a secret in a file.

The rule is simple: known forms, and texts that are long, mixed and even, as if they were random.
It finds no password that is a word, and no unknown secret that is shorter than an AWS key (40).
"""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pulse_cli.laptop.sam import ROOT
from tests.tiers import skip_or_fail

FORMS = {
    "a key of AWS": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a bearer of X": re.compile(r"\bA{10,}[\w%+/=-]{30,}"),
    "an access token of X": re.compile(r"\b[0-9]{6,20}-[A-Za-z0-9]{30,}\b"),
    "a token of a code host or a chat": re.compile(r"\b(?:gh[pousr]_\w{36}|xox[abprs]-[\w-]{10,})"),
}
_LONG = re.compile(r"[A-Za-z0-9+/_-]{40,}")
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9].*[0-9])")
_EVEN = 4.4
"""Bits per character: words and paths have fewer, as has one of 300 keys of 40 characters."""


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line, counted from 1, and the kind of all that looks like a secret."""
    for number, line in enumerate(text.splitlines(), start=1):
        for kind, form in FORMS.items():
            if form.search(line):
                yield number, kind
        for run in _LONG.findall(line):
            if _MIXED.match(run) and _bits(run) >= _EVEN:
                yield number, f"looks random: {run[:4]}..."


def tracked_files() -> list[Path]:
    """Return the files that git tracks or would add."""
    completed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if completed.returncode:
        skip_or_fail("not a checkout of git: which files belong to the project is not known")
    return [ROOT / name for name in completed.stdout.splitlines() if (ROOT / name).is_file()]


def _bits(run: str) -> float:
    counts = Counter(run).values()
    return -sum(n / len(run) * math.log2(n / len(run)) for n in counts)
