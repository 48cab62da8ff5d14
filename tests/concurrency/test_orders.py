"""Two and three functions at once, in every order of their calls that can make a difference."""

from collections.abc import Callable

import pytest

from tests.tiers import SEED, WHOLE

from .plays import play
from .scenes import LATE, SCENES, Scene

DRAWN = 3
"""Orders of a scene of many that `make test` plays; the others it plays whole."""
MOST = 800
"""Ends after which `make test-all` goes on with drawn orders: one scene has ten thousand."""


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_in_every_order(
    scene: Scene, figure: Callable[[str, object], None], request: pytest.FixtureRequest
) -> None:
    """Given functions at work at once, when in whatever order, then nothing is lost or doubled."""
    if WHOLE:
        played = play(scene, seed=SEED, most=MOST)
    else:
        played = play(scene, drawn=DRAWN if scene.many else None)
    assert played.wrong == []
    assert played.ends > 1
    share = "all" if played.whole else f"a part, seed {SEED}"
    figure(
        f"orders of {request.node.callspec.id}",
        f"{played.ends} ends ({share}), {played.states} states on the way",
    )


def test_a_sender_whose_claim_ran_out() -> None:
    """Given a sender so slow that another takes over, then a mail goes twice at most, said aloud.

    It is recorded once, and no entry is lost.
    """
    played = play(LATE)
    assert played.ends > len(played.wrong) > 0
    for failed, *mails in played.wrong:
        assert "ClaimLostError('anna')" in failed
        assert [what.partition(":")[0] for what in mails] in ([], ["sent and not recorded"])
