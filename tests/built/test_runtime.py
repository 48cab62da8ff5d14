"""Every function of the template runs as Lambda would run it, with nothing but its artifact."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pulse_cli.laptop.emulator import Emulator
from pulse_cli.laptop.local_services import LocalServices
from pulse_cli.laptop.runtime import lambda_python
from pulse_cli.laptop.sam import ROOT
from pulse_cli.settings.defaults import default_settings
from pulse_cli.template import load_template

from .conftest import ARCHIVE

pytestmark = pytest.mark.built

FUNCTIONS = sorted(load_template().functions)
STALE = "2026-11-02T09:00:00+00:00"
"""The minute of the sample poll, which Pulse would drop."""


def event(name: str) -> Any:
    """Return the sample event of a function, dated now."""
    text = (ROOT / "infra" / "events" / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text.replace(STALE, datetime.now(UTC).isoformat()))


def files(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in folder.rglob("*")
    }


def loaded(logs: str) -> list[Path]:
    """Return where modules were loaded from, as Python logs with PYTHONVERBOSE."""
    pattern = r"# (?:code object from|extension module '.*' loaded from) '?(.*?)'?$"
    return [Path(place) for place in re.findall(pattern, logs, re.MULTILINE)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_runs_in_lambdas_runtime(
    running: LocalServices, built: dict[str, Path], name: str
) -> None:
    """A function handles its sample event, loads only its own compiled modules, writes no file.

    Its own modules are those of the artifact, and those of Lambda's Python with boto3.
    """
    running.push(default_settings(json.loads((ARCHIVE / "companies.json").read_text())))
    before = files(built[name])
    verbose = running.stack.env[name] | {"PYTHONVERBOSE": "1"}
    with Emulator(name, verbose) as function:
        invocation = function.invoke(event(name))
    assert "errorMessage" not in (invocation.payload or {})
    assert invocation.init_ms > 0
    assert files(built[name]) == before
    places = loaded(invocation.logs)
    ours = [place for place in places if place.is_relative_to(built[name])]
    assert built[name] / "__pycache__" / f"{name}.cpython-313.pyc" in ours
    assert {place.suffix for place in ours} <= {".pyc", ".so"}
    assert [place for place in places if place not in ours and not _is_lambdas(place)] == []


def test_the_runtime_has_only_boto3_and_lambdas_client() -> None:
    """The runtime's Python has exactly the packages that its requirements name."""
    command = [lambda_python(), "-m", "pip", "list", "--format", "json"]
    completed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    pinned = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    expected = set(re.findall(r"^([\w.-]+)==", pinned, re.MULTILINE))
    assert {one["name"].lower() for one in json.loads(completed.stdout)} == {"pip", *expected}
    requirements = (ROOT / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in requirements if not line.startswith("#")] == ["awslambdaric", "boto3"]


def _is_lambdas(place: Path) -> bool:
    python = lambda_python()
    return any(
        place.is_relative_to(one) for one in (python.parents[1], python.resolve().parents[1])
    )
