"""Checks for tests in which X answered oddly and nothing is wrong."""

from typing import Any

from tests.simulations.faults.two_companies import TwoCompanies
from tests.small_company import HELP

Json = dict[str, Any]
MENTIONS = f"/2/users/{HELP}/mentions"
MIDNIGHT = 15 * 60


def assert_no_trouble(here: TwoCompanies, end: float, start: float = 0) -> None:
    """Nobody was told of trouble, the digest reports full coverage, and no scan is unfinished."""
    assert here.troubles == []
    assert here.failures == []
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    [line] = here.coverage_section(end, start)
    assert line.endswith("Nothing was missed.")
