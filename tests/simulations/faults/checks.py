"""Checks for tests in which an odd answer of X is no fault."""

from typing import Any

from tests.simulations.faults.two_companies import TwoCompanies
from tests.small_company import HELP

Json = dict[str, Any]
MENTIONS = f"/2/users/{HELP}/mentions"
MIDNIGHT = 15 * 60


def assert_no_fault(here: TwoCompanies, end: float, start: float = 0) -> None:
    """No fault is reported, the digest states full coverage, and no scan is unfinished."""
    assert here.fault_mails == []
    assert here.failures == []
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    [line] = here.coverage_section(end, start)
    assert line.endswith("Nothing was missed.")
