"""What all tests share: real data, built functions, the table on moto, a small company."""

import gc
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from hypothesis import settings
from moto import mock_aws

from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.table import Table
from pulse_cli.laptop import sam
from pulse_cli.simulated_aws import local_stack, moto_speed
from pulse_cli.template import load_template
from tests.small_company import Posts, SmallCompany
from tests.tiers import DONE, SEED, TEST_ALL, skip_or_fail, tier

_GC_THRESHOLD = 50_000
"""Objects created between two garbage collections."""

settings.register_profile("quick", max_examples=15, deadline=None, derandomize=True)
settings.register_profile("sample", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("all", max_examples=600, deadline=None)

# All sessions of boto3 share one loader of AWS's service descriptions: otherwise each of them would
# read megabytes of JSON again, in every test.
botocore.session.create_loader = cache(botocore.session.create_loader)  # type: ignore[attr-defined]


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples Hypothesis tries; if a run is continued, load what has passed."""
    settings.load_profile("all" if TEST_ALL else "quick" if _only_quick(config) else "sample")
    if DONE is not None and not hasattr(config, "workerinput"):
        DONE.begin()


def _only_quick(config: pytest.Config) -> bool:
    return bool(config.getoption("markexpr") == "quick")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record what has passed."""
    if DONE is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        DONE.note(report)


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that are quick or inside, leave out those of `make test-all`, and sort.

    The deployed stack comes first, and among its tests those that wait for the clock come last:
    one worker waits for it while the others run all other tests.
    """
    for item in items:
        if (name := tier(item)) is not None:
            item.add_marker(name)
    passed = DONE.passed() if DONE is not None else frozenset()
    deselected = {
        item
        for item in items
        if item.nodeid in passed or (not TEST_ALL and item.get_closest_marker("whole"))
    }
    if deselected:
        config.hook.pytest_deselected(items=list(deselected))
        items[:] = [item for item in items if item not in deselected]
    items.sort(key=_position)


def _position(item: pytest.Item) -> int:
    if item.path.parent.name != "deployed":
        return 3
    clock = item.get_closest_marker("clock")
    if clock is None:
        return 0
    return 2 if clock.kwargs.get("last") else 1


def pytest_collection_finish() -> None:
    """Exclude from garbage collection what lives as long as the process.

    A full collection visits all modules and service descriptions: it took half of the time of a
    test that builds a stack.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD, 20, 20)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """Use one more worker than there are processors: one waits for the clock in tests/deployed."""
    return (yield) + (not _only_quick(config))


@pytest.fixture(scope="session")
def built() -> dict[str, Path]:
    """Build the functions, return their artifacts; without Lambda's Python, skip (in CI, fail)."""
    try:
        sam.find_python()
    except sam.BuildError as error:
        skip_or_fail(str(error))
    sam.build()
    return {one.name: sam.BUILD / one.resource for one in load_template().functions.values()}


@pytest.fixture(scope="session")
def shared() -> Path:
    """The test data beside the checkout; without it, skip (in CI, fail)."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PULSE_SHARED_DATA") or beside)
    if not folder.is_dir():
        skip_or_fail(f"no shared test data at {folder}; put it beside the checkout")
    return folder


@pytest.fixture(scope="module")
def aws() -> Iterator[local_stack.LocalStack]:
    """The stack of the template on moto, created once for the tests of a file."""
    with pytest.MonkeyPatch.context() as env, mock_aws():
        env.setenv("AWS_DEFAULT_REGION", "us-east-1")
        env.setenv("AWS_CONFIG_FILE", "/dev/null")
        env.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        moto_speed.install()
        boto3.setup_default_session(region_name="us-east-1")
        yield local_stack.create_stack()


@pytest.fixture
def client(aws: local_stack.LocalStack) -> Iterator[Any]:
    """A client of DynamoDB; the table is empty."""
    dynamodb = boto3.client("dynamodb")
    yield dynamodb
    table = Table(dynamodb, aws.table, "by-time")
    table.delete_many([ItemKey(item["pk"], item["sk"]) for item in table.scan()])


@pytest.fixture
def table(aws: local_stack.LocalStack, client: Any) -> Table:
    return Table(client, aws.table, "by-time")


@pytest.fixture
def pauses() -> list[float]:
    """The pauses of a table, in seconds; a test passes `pauses.append` to its table."""
    return []


@pytest.fixture
def posts() -> Posts:
    """The posts on X; the test adds them."""
    return Posts()


@pytest.fixture
def small_company(tmp_path: Path, posts: Posts) -> Iterator[Callable[..., SmallCompany]]:
    """Build a small company over the posts; see `SmallCompany` for the parameters."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(
            SmallCompany(tmp_path, posts, *args, **options)
        )


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Record a measured figure under a name; all are printed at the end of `make test-all`."""
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
    if noted and TEST_ALL:
        terminalreporter.section("figures for docs/reliability.md")
        for of, seen in sorted(noted, key=lambda one: one[0]):
            terminalreporter.write_line(f"{of}: {seen}")
    if TEST_ALL:
        terminalreporter.write_line(f"seed {SEED}: PULSE_SEED={SEED} repeats this run")
