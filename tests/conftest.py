"""What all tests share: real data, what is built, how hard properties are tried; their order."""

import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from pulse_cli.laptop import sam
from pulse_cli.template import load_template
from tests.tiers import WHOLE, missing

settings.register_profile("sample", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("all", max_examples=1500, deadline=None)
settings.load_profile("all" if WHOLE else "sample")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to `make test-all` what is marked `whole`; begin with what waits for the clock."""
    left = [item for item in items if not WHOLE and item.get_closest_marker("whole")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    items.sort(key=lambda item: item.path.parent.name != "deployed")


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One worker more than processors: one waits for minutes to come, in tests/deployed."""
    return (yield) + 1


@pytest.fixture(scope="session")
def built() -> dict[str, Path]:
    """Build, and give each function's artifact; without Lambda's Python, skip (in CI, fail)."""
    try:
        sam.find_python()
    except sam.BuildError as error:
        missing(str(error))
    sam.build()
    return {one.name: sam.BUILD / one.resource for one in load_template().functions.values()}


@pytest.fixture(scope="session")
def shared() -> Path:
    """The test data beside the checkout; without it CI fails, and others skip."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PULSE_SHARED_DATA") or beside)
    if not folder.is_dir():
        missing(f"no shared test data at {folder}; put it beside the checkout")
    return folder


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Note a figure that was measured: what it is of, and what was seen; printed at the end."""
    return lambda of, seen: record_property("figure", [of, seen])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures of the run, as docs/reliability.md quotes them."""
    noted = [
        seen
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
        for name, seen in report.user_properties
        if name == "figure"
    ]
    if noted and WHOLE:
        terminalreporter.section("figures for docs/reliability.md")
        for of, seen in sorted(noted, key=lambda one: one[0]):
            terminalreporter.write_line(f"{of}: {seen}")
