"""Faults of compliance jobs that last: reported once, with look-ups of open posts meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest

from pulse.privacy.compliance import app_of
from tests.privacy.comply_days import DAY, HOUR, run_comply
from tests.privacy.deleted_posts import deleted_at, table_text
from tests.small_company import Build, Posts, ReceivedMail, SmallCompany, one_account_settings
from tests.x_interceptor import XInterceptor, fault

Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
FAULTS = {
    "X is down": fault(0, 3 * DAY, endpoint="compliance", status=503),
    "the storage is down": fault(0, 3 * DAY, endpoint="storage", status=503),
}


def always(status: str) -> Change:
    """Make X report this status for every job."""

    def change(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if "/compliance/jobs/" not in environ["PATH_INFO"]:
            return body
        return {**body, "data": {**body["data"], "status": status}}

    return change


CHANGES = {"every job fails": always("failed"), "no job is ever completed": always("in_progress")}


def reports(here: SmallCompany) -> list[ReceivedMail]:
    return [mail for mail in here.mails if "deleted on X" in mail.subject]


@pytest.mark.parametrize("case", [*FAULTS, *CHANGES])
def test_after_a_day_the_owner_is_told_once_and_waiting_posts_are_looked_up(
    posts: Posts, small_company: Build, case: str
) -> None:
    """In two days without a check, the owner gets one report, and the deleted post is removed."""
    posts.mention(1, "7", text="@acme_help my number is 12345", **deleted_at(1.5 * DAY))
    change = CHANGES.get(case, lambda _, body: body)
    faults = [FAULTS[case]] if case in FAULTS else []
    here = small_company(
        one_account_settings(reads_per_month=1000),
        faults=faults,
        x=lambda sim: XInterceptor(sim, change=change),
    ).run_minutes(0, 2)
    read = sum(here.cursor().reads.values())
    run_comply(here, 10, DAY - HOUR)
    here.flag_and_send_at(DAY - HOUR + 1)
    assert reports(here) == []
    assert here.sim.requests["lookup", "200"] == 0
    run_comply(here, DAY - HOUR + 10, 2 * DAY)
    here.flag_and_send_at(2 * DAY + 1)
    assert "12345" not in table_text(here)
    posts_looked_up = sum(here.cursor().reads.values()) - read
    assert 1 <= posts_looked_up <= here.sim.requests["lookup", "200"] <= 2
    [mail] = reports(here)
    assert mail.who == "vera"
    assert "pulse doctor" in mail.text
    assert here.failures == []


def test_after_the_fault_nothing_more_is_looked_up(posts: Posts, small_company: Build) -> None:
    """After two days of a fault, jobs check all posts again, and look-ups end."""
    answered = posts.mention(1, "7", **deleted_at(DAY))
    posts.reply(3, answered)
    stays = posts.mention(2, "8")
    faults = [fault(0, 2 * DAY, endpoint="compliance", status=503)]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 4)
    run_comply(here, 10, 2 * DAY - 10)
    assert here.stored == {answered, stays}
    run_comply(here, 2 * DAY, 2 * DAY + 30)
    assert here.stored == {stays}
    assert "looked up" not in run_comply(here, 2 * DAY + 40, 3 * DAY)
    assert here.sim.requests["lookup", "200"] == 2
    assert here.world.app.db.compliance_states.load(app_of("rehearsal")).fault is None


def test_faults_that_pass_within_a_day_are_not_reported(posts: Posts, small_company: Build) -> None:
    """Twenty hours of a fault, a check, and twenty more hours of a fault are not reported."""
    posts.mention(1, "7")
    faults = [
        fault(0, 20 * HOUR, endpoint="compliance", status=503),
        fault(21 * HOUR, 41 * HOUR, endpoint="storage", status=503),
    ]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 2)
    steps = run_comply(here, 10, 43 * HOUR)
    here.flag_and_send_at(43 * HOUR + 1)
    assert (steps.count("done"), reports(here)) == (2, [])
    assert here.sim.requests["lookup", "200"] == 0
