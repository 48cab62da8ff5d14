"""Runs `comply` over days, and counts its requests."""

from pulse.x.access import Token
from tests.small_company import HELP, SmallCompany, at

DAY, HOUR = 24 * 60, 60
THREE_DAYS = 3 * DAY
USER_ONLY = Token(None, "key", "secret", f"sim-{HELP}", "secret")


def run_comply(here: SmallCompany, start: float, end: float) -> list[str]:
    """Run `comply` every ten minutes in [start, end]; returns its steps."""
    steps = []
    for minute in range(int(start), int(end) + 1, 10):
        here.world.move_clock_to(at(minute))
        with here.world.counting_calls() as lambdas:
            result = lambdas.invoke_scheduled("comply") or {}
        steps += [one["step"] for one in result.values() if "step" in one]
        here.fetch_mails(minute)
    return steps


def compliance_requests(here: SmallCompany) -> int:
    """Return the number of all requests about compliance jobs."""
    return sum(n for (endpoint, _), n in here.sim.requests.items() if endpoint == "compliance")
