"""`make build`: builds the functions as Lambda will run them, in `.aws-sam/build`.

`sam build` installs the locked requirements for Lambda's own Python. Then everything is compiled
(`/var/task` is read-only, so each cold start would compile it again), and of Babel's five hundred
languages only those remain that Pulse uses.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pulse_cli.errors import CommandError
from pulse_cli.template import TEMPLATE, load_template, parse_template

__all__ = ["BUILD", "ROOT", "BuildError", "build", "find_build_problems", "find_python", "is_built"]

ROOT = TEMPLATE.parent
BUILD = ROOT / ".aws-sam" / "build"

_SOURCES = ("template.yaml", "samconfig.toml", "functions", "templates")
_LITTER = re.compile(r"\..*_cache|__pycache__|.*\.egg-info|.*\.data")
_LANGUAGES = ("root", "en", "ru")
_FINGERPRINT = "pulse.sha256"
_MEGABYTE = 1_000_000


class BuildError(CommandError):
    """The functions cannot be built; the message says what to do."""


def find_python(version: str = "3.13") -> Path:
    """Return the path of Lambda's Python, on PATH or under pyenv.

    Raises:
        BuildError: it is not installed.
    """
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    on_path = shutil.which(name)
    candidates = [Path(on_path)] if on_path else []
    for candidate in candidates + sorted(pyenv.glob(f"versions/{version}*/bin/{name}")):
        # pyenv's shim of a version that is not selected exists, but does not run.
        if not _run(candidate, "-c", "").returncode:
            return candidate
    raise BuildError(
        f"{name}, which the functions run on, is neither on PATH nor under pyenv; install "
        f"it (pyenv install {version}, or your system's packages) and run this again"
    )


def build(root: Path = ROOT) -> None:
    """Build the functions into `.aws-sam/build`, unless they were built from the same sources.

    Raises:
        BuildError: `sam build` failed, there is no Python for it, or the result is incomplete.
    """
    with _build_lock(root):
        if not is_built(root):
            python = find_python()
            first, *others = _artifacts(root).values()
            _sam_build(root, python, first.name)
            _finish(first, python)
            _share(first, others)
            if found := find_build_problems(root):
                raise BuildError("The built functions are incomplete: " + "; ".join(found))
            (root / ".aws-sam" / "build" / _FINGERPRINT).write_text(fingerprint(root))


def is_built(root: Path = ROOT) -> bool:
    """Return whether the functions were built from the sources as they are now."""
    mark = root / ".aws-sam" / "build" / _FINGERPRINT
    return mark.exists() and mark.read_text() == fingerprint(root)


def fingerprint(root: Path) -> str:
    """Return a digest of everything that a build is made from, in hexadecimal."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for source in _SOURCES:
        path = root / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            inside = file.relative_to(root)
            if file.is_file() and not any(map(_is_litter, inside.parts)):
                digest.update(bytes(inside) + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _is_litter(name: str) -> bool:
    return _LITTER.fullmatch(name) is not None


@contextmanager
def _build_lock(root: Path) -> Iterator[None]:
    """Let one build at a time write into the folder; others wait."""
    lock = root / ".aws-sam" / "lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(
    program: Path, *arguments: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own programs, no shell
        [program, *arguments],
        cwd=cwd,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )


def _sam_build(root: Path, python: Path, function: str) -> None:
    sam = Path(sys.executable).with_name("sam")
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = _run(sam, "build", function, cwd=root, PATH=path, SAM_CLI_TELEMETRY="0")
    if done.returncode:
        raise BuildError(f"sam build failed:\n{done.stdout}{done.stderr}")


def _finish(artifact: Path, python: Path) -> None:
    for litter in [one for one in artifact.iterdir() if _is_litter(one.name)]:
        shutil.rmtree(litter)
    for locale in (artifact / "babel" / "locale-data").glob("*.dat"):
        if locale.stem.partition("_")[0] not in _LANGUAGES:
            locale.unlink()
    # Zipping may change the time of a file, and Python would then ignore its compiled form.
    flags = ["-q", "-f", "-j", "0", "--invalidation-mode", "unchecked-hash"]
    places = ["-s", str(artifact), "-p", "/var/task", str(artifact)]
    done = _run(python, "-m", "compileall", *flags, *places)
    if done.returncode:
        raise BuildError(f"Some modules do not compile:\n{done.stdout}{done.stderr}")


def _share(first: Path, others: list[Path]) -> None:
    """Link the same files into the other functions, which are built from the same folder."""
    template = first.parent / "template.yaml"
    built = parse_template(template.read_text(encoding="utf-8"))
    for other in others:
        shutil.copytree(first, other, copy_function=os.link)
        built["Resources"][other.name]["Properties"]["CodeUri"] = other.name
    template.write_text(json.dumps(built, indent=2), encoding="utf-8")


def _artifacts(root: Path) -> dict[str, Path]:
    functions = load_template(root / "template.yaml").functions.values()
    return {one.name: root / ".aws-sam" / "build" / one.resource for one in functions}


def find_build_problems(root: Path = ROOT) -> list[str]:
    """Return what is missing from the built functions, or should not be in them, a line each."""
    return [
        f"{name}: {problem}"
        for name, artifact in _artifacts(root).items()
        for problem in _artifact_problems(name, artifact)
    ]


def _artifact_problems(name: str, artifact: Path) -> Iterator[str]:
    wanted = [f"{name}.py", "pulse/__init__.py", "babel/locale-data/ru.dat"]
    requirements = (artifact / "requirements.txt").read_text()
    for package, version in re.findall(r"^([\w.-]+)==([\w.]+) \\$", requirements, re.MULTILINE):
        wanted.append(f"{package.replace('-', '_').lower()}-{version}.dist-info")
    yield from (f"{path} is missing" for path in wanted if not (artifact / path).exists())
    for unwanted in ("boto3", "botocore", "babel/locale-data/zh.dat"):
        if (artifact / unwanted).exists():
            yield f"{unwanted} should not be there"
    for path in artifact.rglob("*"):
        if path.is_symlink():
            yield f"{path.relative_to(artifact)} is a link, which a zip file may lose"
        elif path.suffix == ".py" and not _is_compiled(path):
            yield f"{path.relative_to(artifact)} is not compiled"


def _is_compiled(path: Path) -> bool:
    """Return whether a module has a compiled form that Lambda's Python uses unchecked."""
    compiled = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
    if not compiled.exists():
        return False
    with compiled.open("rb") as file:
        # The flags after the magic number (PEP 552): 1 stands for a hash that is not checked.
        return file.read(8)[4:] == b"\x01\0\0\0"


def main() -> None:
    """Build the functions and print the result; a BuildError ends it with exit code 1."""
    started = time.monotonic()
    try:
        build()
    except BuildError as error:
        click.echo(f"pulse: {error}", err=True)
        sys.exit(1)
    artifacts = _artifacts(ROOT)
    [size, *_] = [sum(one.stat().st_size for one in path.rglob("*")) for path in artifacts.values()]
    click.echo(
        f"Built {', '.join(artifacts)} into {BUILD.relative_to(ROOT)}: "
        f"{size / _MEGABYTE:.0f} MB unpacked, {time.monotonic() - started:.0f} s."
    )


if __name__ == "__main__":
    main()
