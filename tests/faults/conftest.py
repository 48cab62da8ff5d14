"""A story for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .story import Said, Story


@pytest.fixture
def posts() -> Said:
    """What is said on X; the test writes it."""
    return Said()


@pytest.fixture
def story(tmp_path: Path, posts: Said) -> Iterator[Callable[..., Story]]:
    """Two companies over what was said; see `Story` for what may be chosen."""
    with ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(Story(tmp_path, posts, *args, **how))
