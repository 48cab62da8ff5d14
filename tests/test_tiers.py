"""Quick tests are found, not listed: code that leads to AWS, a process or a browser is slow."""

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from pulse.kernel.time import to_instant

from .tiers import Done, leads_to

SLOW = frozenset({"moto", "subprocess"})


def starts() -> Any:
    return mock_aws()


def through_another() -> Any:
    return starts()


def through_a_local_import() -> Any:
    import moto  # noqa: PLC0415

    return moto


class Holder:
    def method(self) -> Any:
        return through_another()

    @property
    def shown(self) -> Any:
        return subprocess.run(["true"], check=False)  # noqa: S607


def builds() -> Any:
    return Holder


def quick() -> Any:
    return to_instant


@pytest.mark.parametrize(
    ("start", "slow"),
    [
        (starts, True),
        (through_another, True),
        (through_a_local_import, True),
        (builds, True),
        (Holder(), True),
        (partial(starts), True),
        ({"a": [through_another]}, True),
        (quick, False),
        (to_instant, False),
        ("moto", False),
        (7, False),
    ],
)
def test_what_code_leads_to(start: Any, slow: bool) -> None:
    """Code that reaches moto or a process is recognised, in whatever way it does so."""
    assert leads_to(start, SLOW) is slow


class Report:
    def __init__(self, nodeid: str, when: str, *, passed: bool) -> None:
        self.nodeid, self.when, self.passed = nodeid, when, passed


def test_what_has_passed_is_left_out_from_the_next_call_on(tmp_path: Path) -> None:
    """If an interrupted run is continued, tests that have passed are not run again."""
    done: Any = Done(tmp_path)
    note: Callable[[Any], None] = done.note
    note(Report("a", "setup", passed=True))
    note(Report("b", "call", passed=True))
    note(Report("c", "call", passed=False))
    assert done.passed() == frozenset()  # all processes of a run leave out the same tests
    done.begin()
    assert done.passed() == {"b"}
