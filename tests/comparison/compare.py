"""Replay by an old commit and by this tree, and compare all results: `make compare BASE=<commit>`.

This is how a change that must not change behaviour is proved. Each side runs two inputs:

- demo: `pulse demo`, then `pulse replay` over the archive that the demo leaves, with the demo's
  settings, because only `replay` writes state.json and run.json;
- replay: `pulse replay` over 31 October 2017 of the shared data, all companies, default settings.

Compared are, text for text: state.json; run.json without `wall_seconds`, which is different each
time; the files in mail/; the demo's archive; and every call that sends a mail or a topic message,
with sender, recipient, headers, text and HTML, as it was passed to botocore. In mails only the
MIME boundary, which is random, is replaced. What the commands print on the screen is compared too,
but its differences do not count: wording of the command may change.

The base is unpacked into a temporary folder by `git archive` and runs with the requirements of this
checkout's .venv, but with its own code, templates and template.yaml; every process that sends
something is checked for modules of another tree. The driver names no module of Pulse, only the
`pulse` command of each tree's pyproject.toml and the files that it writes, so modules may move.
Results of commits are stored in build/comparison/ and used again. `--only demo` or `--only replay`
takes one input; `--new COMMIT` compares with a commit instead of this tree. Without
the shared data the replay is skipped; where CI=true, that is an error. Exits with 1 if something
differs or a command fails.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results import MAIL_FILES, MAILS_SENT, Parts, compare, differences, read

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUNNER, WIRE = HERE / "run_tree.py", HERE / "wire"
STORED = ROOT / "build" / "comparison"
DAY = ("--since", "2017-10-31T00:00Z", "--until", "2017-10-31T23:59Z")
SOURCES = ("functions", "infra")
"""Folders of a tree that contain packages."""
INPUTS = ("demo", "replay")
SCREEN = "screen (not counted)"
TOOK = re.compile(r"(this took +).*")

Results = dict[str, dict[str, Parts]]
"""The parts of all results, by command and kind of result."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sides: a commit, or the working tree (`commit` is None)."""

    name: str
    commit: str | None

    @property
    def label(self) -> str:
        """The name of the side on the screen."""
        return f"{self.name} ({self.commit[:10] if self.commit else 'working tree'})"


def main() -> int:
    """Compare; returns 1 if something differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", default="HEAD", help="the commit to compare with (HEAD)")
    parser.add_argument("--new", help="a commit instead of the working tree")
    parser.add_argument("--only", choices=INPUTS)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    args = parser.parse_args()
    inputs = [name for name in INPUTS if args.only in {None, name}]
    archive = args.shared.resolve() / "data" / "support-2017"
    if "replay" in inputs and not archive.is_dir():
        missing = f"no real data at {archive}; name the parent of data/ with --shared"
        if os.environ.get("CI") == "true" or args.only == "replay":
            sys.exit(missing)
        say(f"REPLAY SKIPPED: {missing}")
        inputs.remove("replay")
    sides = [
        Side("base", resolved(args.base)),
        Side("new", resolved(args.new) if args.new else None),
    ]
    results = [results_of(side, inputs, archive) for side in sides]
    wrong = report(*results)
    say(f"{wrong} kinds of results differ" if wrong else "all results are equal")
    return 1 if wrong else 0


def resolved(revision: str) -> str:
    """The commit that a revision names."""
    command = ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
    found = subprocess.run(  # noqa: S603 - git, no shell
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if found.returncode:
        sys.exit(f"{revision!r} is no commit of this repository")
    return found.stdout.strip()


def results_of(side: Side, inputs: Sequence[str], archive: Path) -> Results:
    """Run the inputs on one side, or read their stored results."""
    results: Results = {}
    with tempfile.TemporaryDirectory(prefix="pulse-compare-") as temporary, ready(side) as tree:
        for name in inputs:
            data = [archive] if name == "replay" else []
            place = STORED / side.commit / fingerprint(data) / name if side.commit else None
            if place and (place / "complete").exists():
                say(f"{side.label}: {name}: stored before, in {place.relative_to(ROOT)}")
            else:
                made = Path(temporary) / name
                run_input(name, side, tree(), made, archive)
                if place is None:
                    place = made
                else:
                    shutil.rmtree(place, ignore_errors=True)
                    shutil.copytree(made, place)
                    (place / "complete").touch()
            for command in sorted(one for one in place.iterdir() if one.is_dir()):
                results[command.name] = read(command) | {SCREEN: screen(command)}
                if not results[command.name][MAILS_SENT]:
                    sys.exit(f"{side.label}: {command.name}: no mail was seen, nothing to compare")
    return results


@contextmanager
def ready(side: Side) -> Iterator[Any]:
    """Yield a function that returns the side's tree; a commit is unpacked at its first call."""
    if side.commit is None:
        yield lambda: ROOT
        return
    commit = side.commit
    with tempfile.TemporaryDirectory(prefix="pulse-tree-") as folder:
        tree = Path(folder).resolve() / "tree"

        def unpacked() -> Path:
            if not tree.exists():
                packed = Path(folder) / "tree.tar"
                git = ["git", "archive", "--output", str(packed), commit]
                subprocess.run(git, cwd=ROOT, check=True)  # noqa: S603 - git, no shell
                with tarfile.open(packed) as tar:
                    tar.extractall(tree, filter="data")
            return tree

        yield unpacked


def fingerprint(data: Sequence[Path]) -> str:
    """Identify what results depend on besides the commit: driver, data, requirements, Python."""
    files = [Path(__file__), RUNNER, WIRE / "sitecustomize.py", ROOT / "requirements" / "dev.txt"]
    files += [file for folder in data for file in sorted(folder.glob("*.*json"))]
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def run_input(name: str, side: Side, tree: Path, made: Path, archive: Path) -> None:
    """Run the commands of one input; each leaves a folder of its own below `made`."""
    if name == "replay":
        run("replay", side, tree, made, ["replay", str(archive), *DAY, "--out", "out"])
        return
    run("demo", side, tree, made, ["demo", "--out", "out"])
    [settings] = tree.glob("infra/**/pulse.demo.yaml")
    again = ["replay", "../demo/out/archive", "--settings", str(settings), "--out", "out"]
    run("demo, replayed", side, tree, made, again)


def run(title: str, side: Side, tree: Path, made: Path, arguments: Sequence[str]) -> None:
    """Run one `pulse` command of a tree in its own folder, and check whose code it was."""
    folder = made / title
    wire = folder / "wire"
    wire.mkdir(parents=True)
    began = time.perf_counter()
    with (folder / "screen.txt").open("wb") as screen, (folder / "errors.txt").open("wb") as errors:
        ended = subprocess.run(  # noqa: S603 - our own programs, no shell
            [sys.executable, "-P", str(RUNNER), str(tree), *arguments],
            cwd=folder,
            env=environment(tree, wire),
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=errors,
            check=False,
        )
    if ended.returncode:
        last_lines = (folder / "errors.txt").read_text("utf-8", "replace").splitlines()[-20:]
        sys.exit(f"{side.label}: pulse {' '.join(arguments)} failed\n" + "\n".join(last_lines))
    say(
        f"{side.label}: {title}: {time.perf_counter() - began:.0f} s; "
        f"{origin([json.loads(file.read_text()) for file in wire.glob('*.modules')], tree)}"
    )


def environment(tree: Path, wire: Path) -> dict[str, str]:
    """The environment of a command: packages of the tree first, no AWS or Pulse variables."""
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULSE_", "PYTHON"))}
    return outer | {
        "PYTHONPATH": os.pathsep.join([str(WIRE), *(str(tree / one) for one in SOURCES)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "COMPARISON_WIRE": str(wire),
        "COLUMNS": "100",
        "TERM": "dumb",
        "TZ": "UTC",
    }


def origin(processes: Sequence[dict[str, str]], tree: Path) -> str:
    """Describe where the packages come from; exits if any module is from another tree."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    libraries = [Path(sysconfig.get_path(name)).resolve() for name in names]
    ours: set[str] = set()
    packages: dict[str, str] = {}
    for modules in processes:
        for name, file in modules.items():
            path = Path(file).resolve()
            if any(path.is_relative_to(one) for one in [HERE, *libraries]):
                continue
            if not path.is_relative_to(tree):
                sys.exit(f"module {name} came from {file}, not from {tree}")
            ours.add(file)
            if "." not in name and path.name == "__init__.py":
                packages[name] = str(path.parent)
    if not packages:
        sys.exit(f"no package was imported from {tree}")
    places = ", ".join(f"{name} from {place}" for name, place in sorted(packages.items()))
    return f"{len(ours)} modules, {len(processes)} processes: {places}"


def screen(folder: Path) -> Parts:
    """What the command printed, without its duration."""
    text = (folder / "screen.txt").read_text("utf-8", "replace")
    return {"screen.txt": TOOK.sub(r"\1(time)", text)}


def report(base: Results, new: Results) -> int:
    """Print a table, then what differs; returns how many kinds of results differ.

    Differences of the mails as sent are not shown again for the mail files.
    """
    wrong, shown = 0, list[str]()
    say(f"\n{'input':16}{'result':22}{'parts':>7}{'differ':>8}")
    for command in dict.fromkeys([*base, *new]):
        kinds: list[str] = []
        for one in compare(base.get(command, {}), new.get(command, {})):
            if not one.total:
                say(f"{command:16}{one.kind:22}{0:7}{'none':>8}")
                continue
            differing = len(one.differing)
            say(f"{command:16}{one.kind:22}{one.total:7}{differing or 'equal':>8}")
            if differing:
                kinds.append(one.kind)
                wrong += one.kind != SCREEN
                if one.kind != MAIL_FILES or MAILS_SENT not in kinds:
                    shown += [f"\n{command}", *differences(one)]
    for line in shown:
        say(line)
    say("")
    return wrong


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    sys.exit(main())
