"""UncheckedAlarm, by the metric of `comply`: it goes off for lasting faults only."""

import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from pulse.observability import telemetry
from pulse_cli.template import Template
from tests.privacy.comply_days import DAY, HOUR, USER_ONLY, run_comply
from tests.small_company import Posts, SmallCompany, one_account_settings
from tests.x_interceptor import fault

HoursByMinute = dict[int, float]


def hours_unchecked(here: SmallCompany, start: int, end: int) -> HoursByMinute:
    """Return the metric of each run of `comply` in [start, end], by its minute."""
    found = {}
    telemetry.metrics.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
        for minute in range(start, end + 1, 10):
            with redirect_stdout(StringIO()) as printed:
                run_comply(here, minute, minute)
            [line] = [one for one in printed.getvalue().splitlines() if one.startswith('{"_aws"')]
            [found[minute]] = json.loads(line)["HoursUnchecked"]
    telemetry.metrics.cache_clear()
    return found


def first_alarm(alarm: dict[str, Any], values: HoursByMinute, end: int) -> int | None:
    """Return the minute at which CloudWatch raises the alarm after whole periods, or None."""
    period = alarm["Period"] // 60
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    missing = alarm["TreatMissingData"] == "breaching"
    running = 0
    for begin in range(0, end - period + 1, period):
        present = [v for minute, v in values.items() if begin <= minute < begin + period]
        bad = max(present) > alarm["Threshold"] if present else missing
        running = running + 1 if bad else 0
        if running == alarm["EvaluationPeriods"]:
            return begin + period
    return None


@pytest.fixture
def alarm(resources: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = resources["UncheckedAlarm"]["Properties"]
    assert properties["MetricName"] == "HoursUnchecked"
    return properties


QUIET: dict[str, list[dict[str, Any]]] = {
    "no faults": [],
    "a fault of a day": [fault(5 * HOUR, 29 * HOUR, endpoint="compliance", status=503)],
    "X refuses such jobs": [fault(0, endpoint="compliance", status=403)],
}


@pytest.mark.parametrize("case", QUIET)
def test_the_alarm_stays_quiet(alarm: dict[str, Any], tmp_path: Path, case: str) -> None:
    """The alarm does not go off on a normal day, in a fault of a day, or with look-ups instead."""
    posts = Posts()
    posts.mention(1, "7")
    with SmallCompany(tmp_path, posts, one_account_settings(), QUIET[case]) as here:
        here.run_minutes(0, 2)
        assert first_alarm(alarm, hours_unchecked(here, 0, 2 * DAY), 2 * DAY) is None


def test_the_alarm_stays_quiet_where_nothing_is_stored(
    alarm: dict[str, Any], tmp_path: Path
) -> None:
    """If X is down but no post is stored, no alarm goes off and no mail is sent."""
    down = [fault(0, endpoint="compliance", status=503)]
    with SmallCompany(tmp_path, Posts(), one_account_settings(), down) as here:
        here.run_minutes(0, 2)
        assert first_alarm(alarm, hours_unchecked(here, 0, 2 * DAY), 2 * DAY) is None
        here.flag_and_send_at(2 * DAY + 1)
        assert here.mails == []


def test_without_a_bearer_nothing_is_counted(tmp_path: Path) -> None:
    posts = Posts()
    posts.mention(1, "7")
    with SmallCompany(tmp_path, posts, one_account_settings()) as here:
        here.world.app.tokens.put("acme_help", USER_ONLY)
        here.run_minutes(0, 2)
        assert set(hours_unchecked(here, DAY, DAY + 20).values()) == {0}


@pytest.mark.parametrize("endpoint", ["compliance", "storage"])
def test_the_alarm_goes_off_when_no_check_succeeds(
    alarm: dict[str, Any], tmp_path: Path, endpoint: str
) -> None:
    """If checks fail for two days after a good one, the alarm goes off within a day and a half."""
    posts = Posts()
    posts.mention(1, "7")
    faults = [fault(HOUR, endpoint=endpoint, status=503)]
    with SmallCompany(tmp_path, posts, one_account_settings(), faults) as here:
        here.run_minutes(0, 2)
        raised_at = first_alarm(alarm, hours_unchecked(here, 10, 2 * DAY), 2 * DAY)
        assert raised_at is not None
        assert DAY + 6 * HOUR < raised_at <= 1.5 * DAY


def test_the_alarm_goes_off_when_comply_does_not_run(
    alarm: dict[str, Any], template: Template
) -> None:
    """Without any run, the alarm goes off after three hours; a single lost run does not matter."""
    assert first_alarm(alarm, {}, DAY) == 3 * HOUR
    assert template.functions["comply"].schedules
    assert first_alarm(alarm, dict.fromkeys(range(0, DAY, 50), 0), DAY) is None
