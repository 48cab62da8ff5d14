"""Fixtures: the posts of both companies, and a builder of the two companies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.simulations.faults.two_companies import TwoCompanies, TwoCompaniesPosts


@pytest.fixture
def posts() -> TwoCompaniesPosts:
    """The posts on X; the test adds them."""
    return TwoCompaniesPosts()


@pytest.fixture
def two_companies(
    tmp_path: Path, posts: TwoCompaniesPosts
) -> Iterator[Callable[..., TwoCompanies]]:
    """Build two companies over the posts; see `TwoCompanies` for the parameters."""
    with ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(TwoCompanies(tmp_path, posts, *args, **how))
