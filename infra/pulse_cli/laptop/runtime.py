"""Lambda's own Python: the same version, with only the packages that Lambda brings."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from pathlib import Path

from pulse_cli.laptop.sam import ROOT, BuildError, find_python

__all__ = ["lambda_python"]


def lambda_python(root: Path = ROOT) -> Path:
    """Return the path of the Python that functions run on.

    Its environment is made from `requirements/runtime.txt`, again whenever that file changes.

    Raises:
        BuildError: there is no such Python, or its packages cannot be installed.
    """
    requirements = root / "requirements" / "runtime.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = root / ".aws-sam" / "runtime"
    folder.parent.mkdir(exist_ok=True)
    mark = folder / "requirements.sha256"
    # Tests run in several processes: the first makes the environment, the others wait for it.
    with (folder.parent / "runtime.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            _make_runtime(folder, requirements)
            mark.write_text(wanted)
    return folder / "bin" / "python"


def _make_runtime(folder: Path, requirements: Path) -> None:
    install = ["pip", "install", "--no-deps", "--require-hashes", "-r", str(requirements)]
    commands: list[list[str | Path]] = [
        [find_python(), "-m", "venv", "--clear", folder],
        [folder / "bin" / "python", "-m", *install],
    ]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise BuildError(f"could not set up the Lambda runtime's Python: {done.stderr[-500:]}")
