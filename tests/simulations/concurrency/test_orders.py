"""Two and three functions at once, in every order of their calls that can make a difference."""

from collections.abc import Callable

import pytest

from tests.simulations.concurrency.run_scenario import run_scenario
from tests.simulations.concurrency.scenarios import LATE, SCENARIOS, Scenario
from tests.tiers import SEED, TEST_ALL

DRAWN = 3
"""How many orders `make test` tries of a scenario with `many`; of others it tries all."""
MOST = 800
"""Outcomes after which `make test-all` goes on with drawn orders: one scenario has 10,000."""


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_functions_at_once_in_every_order(
    scenario: Scenario, figure: Callable[[str, object], None], request: pytest.FixtureRequest
) -> None:
    """Functions that work at once lose and repeat nothing, whatever the order of their calls."""
    if TEST_ALL:
        result = run_scenario(scenario, seed=SEED, most=MOST)
    else:
        result = run_scenario(scenario, drawn=DRAWN if scenario.many else None)
    assert result.violations == []
    assert result.outcomes > 1
    share = "all" if result.whole else f"a part, seed {SEED}"
    figure(
        f"orders of {request.node.callspec.id}",
        f"{result.outcomes} outcomes ({share}), {result.states} states on the way",
    )


def test_a_sender_whose_claim_expired() -> None:
    """If a sender is so slow that another takes over, a mail is sent twice at most.

    The slow run fails with an error that says so. The mail is recorded once, and no entry is lost.
    """
    result = run_scenario(LATE)
    assert result.outcomes > len(result.violations) > 0
    for failed, *mails in result.violations:
        assert "ClaimLostError('the claim on anna ran out" in failed
        assert [what.partition(":")[0] for what in mails] in ([], ["sent and not recorded"])
