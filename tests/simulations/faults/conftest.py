"""A story for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.simulations.faults.two_companies import TwoCompanies, TwoCompaniesPosts


@pytest.fixture
def posts() -> TwoCompaniesPosts:
    """What is said on X; the test writes it."""
    return TwoCompaniesPosts()


@pytest.fixture
def two_companies(
    tmp_path: Path, posts: TwoCompaniesPosts
) -> Iterator[Callable[..., TwoCompanies]]:
    """Two companies over what was said; see `Story` for what may be chosen."""
    with ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(TwoCompanies(tmp_path, posts, *args, **how))
