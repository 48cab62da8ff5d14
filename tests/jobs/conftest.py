"""A town for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .town import Posts, Town


@pytest.fixture
def posts() -> Posts:
    """What is said on X; the test writes it."""
    return Posts()


@pytest.fixture
def town(tmp_path: Path, posts: Posts) -> Iterator[Callable[..., Town]]:
    """Build the stack over what was said; see `Town` for what may be chosen."""
    with ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(Town(tmp_path, posts, *args, **how))
