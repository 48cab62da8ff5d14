"""What `make test` leaves to `make test-all`, and what must be there where CI runs."""

import os
from typing import NoReturn

import pytest

TEST_ALL = bool(os.environ.get("PULSE_TEST_ALL"))
"""Try everything, not a sample."""


def skip_or_fail(what: str) -> NoReturn:
    """Skip, saying what to get; where CI runs it must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
