"""Alarms go off for functions that do not run, or achieve nothing, by the metrics they log."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest

from pulse.alerting.flag import FlagRun
from pulse.conversations.facts import Lease
from pulse.dynamodb.table import Table
from pulse.reporting.digest import schedule_digests
from pulse.reporting.store import DigestLedger
from pulse_cli.template import load_template
from tests.interleaving import failing
from tests.secrecy.log_capture import captured_output
from tests.small_company import (
    HELP,
    NEWS,
    Build,
    Posts,
    SmallCompany,
    at,
    one_account_settings,
    settings,
)
from tests.x_interceptor import fault

Metrics = dict[str, float]
EACH_MINUTE = ("flag", "digest", "send")
AGES = ("FlagAlarm", "DigestAlarm")
DAY = 24 * 60


def run(here: SmallCompany, minute: float, names: Collection[str]) -> Metrics:
    """Poll, run these functions, and return all metrics that they wrote to the log."""
    here.world.move_clock_to(at(minute))
    with captured_output() as output:
        with here.world.counting_calls() as lambdas:
            lambdas.invoke_scheduled("dispatch")
        here.world.drain_queue()
        with here.world.counting_calls() as lambdas:
            for name in names:
                lambdas.invoke_scheduled(name)
        found = output.metrics()
    here.fetch_mails(minute)
    return found


def run_minutes(
    here: SmallCompany, numbers: Iterable[float], names: Collection[str] = EACH_MINUTE
) -> list[Metrics]:
    return [run(here, number, names) for number in numbers]


def without(*missing: str) -> list[str]:
    return [name for name in EACH_MINUTE if name not in missing]


def is_on(name: str, metrics: list[Metrics]) -> bool:
    """Return whether CloudWatch has this alarm on after these minutes."""
    alarm = load_template().body["Resources"][name]["Properties"]
    assert (alarm["Statistic"], alarm["Period"]) == ("Maximum", 60)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "breaching"
    last = [one.get(alarm["MetricName"]) for one in metrics[-alarm["EvaluationPeriods"] :]]
    assert len(last) == alarm["EvaluationPeriods"]
    return all(age is None or age > alarm["Threshold"] for age in last)


def digest_settings(**more: Any) -> dict[str, Any]:
    """Return settings with a digest at 9:30 and one at 21:00."""
    rule = {"period": "shift", "to": ["anna"], "at": ["09:30", "21:00"]}
    return settings(digests=[rule], **more)


def two_companies() -> dict[str, Any]:
    """Return settings of two companies with one account each."""
    [acme], [blue] = one_account_settings()["companies"], one_account_settings()["companies"]
    blue |= {"name": "blue", "accounts": [{"id": NEWS, "username": "acme", "role": "official"}]}
    return {"companies": [acme, blue]}


def refuse_calls(here: SmallCompany, operation: str, text: str) -> Callable[[], None]:
    """Let DynamoDB fail where a call contains this text; returns a function that ends it."""
    events = here.world.app.db.table.client.meta.events

    def refuse(params: Any, **_: Any) -> None:
        if text in str(params["body"]):
            raise RuntimeError("gone")

    name = f"before-call.dynamodb.{operation}"
    events.register(name, refuse)
    return lambda: events.unregister(name, refuse)


def test_the_alarm_goes_off_without_flag(posts: Posts, small_company: Build) -> None:
    """FlagAlarm is on when, for ten hours with a wait, everything runs but `flag`."""
    posts.mention(1)
    here = small_company(digest_settings())
    metrics = run_minutes(here, [0, 2, *range(598, 604)], without("flag"))
    assert here.mails_to() == [(598, "anna")], "only the digest was sent"
    assert metrics[-1] | {"PollSucceeded": 1, "AccountsBlind": 0, "OutboxAge": 0} == metrics[-1]
    assert is_on("FlagAlarm", metrics)
    assert not is_on("DigestAlarm", metrics)


def test_the_alarm_goes_off_without_digest(posts: Posts, small_company: Build) -> None:
    """DigestAlarm is on when everything runs but `digest`."""
    here = small_company(digest_settings())
    metrics = run_minutes(here, [0, *range(30, 36)], without("digest"))
    assert is_on("DigestAlarm", metrics)
    assert not is_on("FlagAlarm", metrics)


@pytest.mark.parametrize(
    ("alarm", "operation", "text"),
    [("FlagAlarm", "Query", "acme#open"), ("DigestAlarm", "GetItem", "digests")],
)
def test_the_alarm_goes_off_for_one_company_while_another_is_fine(
    posts: Posts, small_company: Build, alarm: str, operation: str, text: str
) -> None:
    """The alarm is on while a function fails for one of two companies, and off afterwards."""
    posts.mention(1)
    posts.mention(1, "8", to=[NEWS])
    here = small_company(two_companies())
    run_minutes(here, [0, 2])
    stop_refusing = refuse_calls(here, operation, text)
    metrics = run_minutes(here, range(16, 22))
    assert here.failures
    assert [name for name in AGES if is_on(name, metrics)] == [alarm]
    stop_refusing()
    metrics += run_minutes(here, [22])
    assert here.world.app.db.outbox.waiting("acme") == []
    assert not is_on(alarm, metrics)


def test_on_a_normal_day_nothing_is_late(posts: Posts, small_company: Build) -> None:
    """Waits of all levels, reminders and a lease are never counted as late."""
    posts.mention(-60, "9")
    asked = posts.mention(0.5)
    posts.reply(20, posts.mention(1, "8"))
    here = small_company(digest_settings(look_back="24 h"))
    metrics = run_minutes(here, [1, 15, 16, 17, 30, 31])
    here.add_facts(asked, Lease("mine", "anna", at(31), at(80)))
    metrics += run_minutes(here, [61, 62, 79, 80, 81, 240, 241, 480, 481, 720, 721, DAY])
    assert {who for _, who in here.mails_to()} == {"anna", "boris", "vera"}
    assert [(one["FlagAge"], one["DigestAge"]) for one in metrics] == [(0, 0)] * 18
    assert here.failures == []


def test_in_shadow_mode_nothing_is_late(posts: Posts, small_company: Build) -> None:
    """Alerts that go to the shadow address are not counted as late."""
    posts.mention(0)
    shadow = {"to": "boss@acme.example", "until": "2030-06-01T00:00:00"}
    metrics = run_minutes(
        small_company(digest_settings(shadow=shadow)), [0, 15, 16, 60, 61, 240, 241]
    )
    assert {one["FlagAge"] for one in metrics} == {0}


def test_a_level_removed_from_the_policy_is_not_late(posts: Posts, small_company: Build) -> None:
    """When a push removes the first level, nobody is alerted of it, and nothing is late."""
    posts.mention(0)
    here = small_company()
    run_minutes(here, [0, 14])
    level = {"name": "critical", "after": "4 h", "tell": ["vera"]}
    here.world.app.db.settings_store.push(settings(policy={"levels": [level]}), here.world.now())
    assert {one["FlagAge"] for one in run_minutes(here, [15, 16, 30])} == {0}
    assert here.mails_to() == []


def test_the_first_run_after_an_outage_ends_the_alarms(posts: Posts, small_company: Build) -> None:
    """After hours without `flag` and `digest`, one minute with both turns their alarms off."""
    posts.mention(1)
    here = small_company(digest_settings())
    metrics = run_minutes(here, [0, 2])
    metrics += run_minutes(here, range(600, 606), without("flag", "digest"))
    assert [name for name in AGES if is_on(name, metrics)] == list(AGES)
    metrics += run_minutes(here, [606])
    assert metrics[-1] | {"FlagAge": 0, "DigestAge": 0} == metrics[-1]
    assert [name for name in AGES if is_on(name, metrics)] == []


def test_losing_to_other_writers_for_minutes_raises_no_alarm(
    posts: Posts, small_company: Build
) -> None:
    """Four minutes in which other writers always win a conversation set off no alarm."""
    posts.mention(0)
    here = small_company()
    metrics = run_minutes(here, [0, 14])
    table = here.world.app.db.table
    table.pause = lambda _: None
    real, table.client = table.client, failing(table.client, "TransactionConflict", 10**6)
    metrics += run_minutes(here, range(15, 19))
    assert len(here.failures) == 4
    table.client = real
    metrics += run_minutes(here, [19])
    assert here.mails_to() == [(19, "anna")]
    assert not any(is_on("FlagAlarm", metrics[:end]) for end in (5, 6, 7))


def test_overdue_alerts_are_counted_by_their_age(posts: Posts, small_company: Build) -> None:
    """A run of `flag` with an outdated policy returns how late the due wait is, in seconds."""
    posts.mention(0)
    here = small_company().run_minutes(0)
    app, old = here.world.app, here.world.company
    level = {"name": "critical", "after": "5 min", "tell": ["vera"]}
    here.world.app.db.settings_store.push(settings(policy={"levels": [level]}), here.world.now())
    here.run_minutes(1)
    assert FlagRun(old, app.db.conversations, app.db.policy_progress, at(4)).flag() == (0, 0)
    assert FlagRun(old, app.db.conversations, app.db.policy_progress, at(12)).flag() == (0, 7 * 60)


def test_missing_digests_are_counted_by_their_age(posts: Posts, small_company: Build) -> None:
    """A run of `digest` that loses to another returns how late the digest is, in seconds."""
    here = small_company(digest_settings()).run_minutes(0)
    app, company = here.world.app, here.world.company
    busy = Table(
        failing(app.db.table.client, "TransactionConflict", 1), app.db.table.name, "by-time"
    )
    ledger = DigestLedger(busy)
    assert schedule_digests(company, ledger, at(29)) == (0, 0)
    assert schedule_digests(company, ledger, at(37)) == (0, 7 * 60)
    assert schedule_digests(company, ledger, at(38)) == (1, 0)


def test_a_night_is_counted_when_all_companies_were(posts: Posts, small_company: Build) -> None:
    """The night's figures count for two companies, and not at all if one of the two fails."""
    posts.mention(0)
    here = small_company(two_companies()).run_minutes(0, 1)
    night = 15 * 60 + 40
    assert run(here, night, ["figures"])["FiguresCounted"] == 2
    refuse_calls(here, "Query", "blue#posts")
    assert "FiguresCounted" not in run(here, night + DAY, ["figures"])


@pytest.mark.parametrize("late", ["acme", "blue"])
def test_the_outbox_is_as_old_as_the_oldest_of_all_companies(
    posts: Posts, small_company: Build, late: str
) -> None:
    """The metric shows the oldest entry, whichever of two companies it belongs to."""
    here = small_company(two_companies())
    posts.mention(0.5, "7", to=[HELP if late == "acme" else NEWS])
    here.refuse_mail(lambda _: "TooManyRequestsException")
    metrics = run_minutes(here, [0, 1, 2, *range(16, 40)])
    assert metrics[-1]["OutboxAge"] > 10 * 60


def test_a_poll_that_reads_nothing_does_not_count_as_successful(
    posts: Posts, small_company: Build
) -> None:
    """While X is down, polls run but none is counted as successful; afterwards they are again."""
    here = small_company(one_account_settings(), faults=[fault(1, 3, status=503)])
    metrics = [one["PollSucceeded"] for one in run_minutes(here, [0, 1, 5], ())]
    assert metrics == [1, 0, 1]
