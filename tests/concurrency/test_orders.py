"""Two and three functions at once, in every order of their calls that can make a difference."""

from collections.abc import Callable

import pytest

from tests.tiers import WHOLE

from .plays import play
from .scenes import SCENES, Scene

DRAWN = 3
"""Orders of a scene that `make test` plays."""


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_in_every_order(
    scene: Scene, figure: Callable[[str, object], None], request: pytest.FixtureRequest
) -> None:
    """Given functions at work at once, when in whatever order, then nothing is lost or doubled."""
    played = play(scene, drawn=None if WHOLE else DRAWN)
    assert played.wrong == []
    assert played.ends > 1
    figure(
        f"orders of {request.node.callspec.id}",
        f"{played.ends} ends, {played.states} states on the way",
    )
