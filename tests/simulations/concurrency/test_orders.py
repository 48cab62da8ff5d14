"""Two and three functions at once, in every order of their calls that can make a difference."""

from collections.abc import Callable

import pytest

from tests.simulations.concurrency.run_scenario import run_scenario
from tests.simulations.concurrency.scenarios import LATE, SCENES, Scenario
from tests.tiers import SEED, TEST_ALL

DRAWN = 3
"""Orders of a scene of many that `make test` plays; the others it plays whole."""
MOST = 800
"""Ends after which `make test-all` goes on with drawn orders: one scene has ten thousand."""


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_in_every_order(
    scene: Scenario, figure: Callable[[str, object], None], request: pytest.FixtureRequest
) -> None:
    """Given functions at work at once, when in whatever order, then nothing is lost or doubled."""
    if TEST_ALL:
        played = run_scenario(scene, seed=SEED, most=MOST)
    else:
        played = run_scenario(scene, drawn=DRAWN if scene.many else None)
    assert played.violations == []
    assert played.outcomes > 1
    share = "all" if played.whole else f"a part, seed {SEED}"
    figure(
        f"orders of {request.node.callspec.id}",
        f"{played.outcomes} outcomes ({share}), {played.states} states on the way",
    )


def test_a_sender_whose_claim_ran_out() -> None:
    """Given a sender so slow that another takes over, then a mail goes twice at most, said aloud.

    It is recorded once, and no entry is lost.
    """
    played = run_scenario(LATE)
    assert played.outcomes > len(played.violations) > 0
    for failed, *mails in played.violations:
        assert "ClaimLostError('anna')" in failed
        assert [what.partition(":")[0] for what in mails] in ([], ["sent and not recorded"])
