"""What does not run, or does nothing, rings: what functions count, as their alarms judge it."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest

from pulse.alerting.flag import flag
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

Counted = dict[str, float]
EACH_MINUTE = ("flag", "digest", "send")
AGES = ("FlagAlarm", "DigestAlarm")
DAY = 24 * 60


def run(here: SmallCompany, minute: float, names: Collection[str]) -> Counted:
    """Poll, then these functions; returns what all of them counted, as the log has it."""
    here.world.move_clock_to(at(minute))
    with captured_output() as heard:
        with here.world.counting_calls() as lambdas:
            lambdas.invoke_scheduled("dispatch")
        here.world.drain_queue()
        with here.world.counting_calls() as lambdas:
            for name in names:
                lambdas.invoke_scheduled(name)
        found = heard.metrics()
    here.fetch_mails(minute)
    return found


def minutes(
    here: SmallCompany, numbers: Iterable[float], names: Collection[str] = EACH_MINUTE
) -> list[Counted]:
    return [run(here, number, names) for number in numbers]


def without(*missing: str) -> list[str]:
    return [name for name in EACH_MINUTE if name not in missing]


def rings(name: str, counted: list[Counted]) -> bool:
    """Whether an alarm is on after these minutes, as CloudWatch judges the last of them."""
    alarm = load_template().body["Resources"][name]["Properties"]
    assert (alarm["Statistic"], alarm["Period"]) == ("Maximum", 60)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["TreatMissingData"] == "breaching"
    last = [one.get(alarm["MetricName"]) for one in counted[-alarm["EvaluationPeriods"] :]]
    assert len(last) == alarm["EvaluationPeriods"]
    return all(age is None or age > alarm["Threshold"] for age in last)


def reading(**more: Any) -> dict[str, Any]:
    """Settings with a digest at half past nine and at nine in the evening."""
    rule = {"period": "shift", "to": ["anna"], "at": ["09:30", "21:00"]}
    return settings(digests=[rule], **more)


def two() -> dict[str, Any]:
    """Two companies, one account each."""
    [acme], [blue] = one_account_settings()["companies"], one_account_settings()["companies"]
    blue |= {"name": "blue", "accounts": [{"id": NEWS, "username": "acme", "role": "official"}]}
    return {"companies": [acme, blue]}


def refusing(here: SmallCompany, operation: str, words: str) -> Callable[[], None]:
    """Let DynamoDB fail where a call names these words; returns how to end it."""
    events = here.world.app.db.table.client.meta.events

    def judge(params: Any, **_: Any) -> None:
        if words in str(params["body"]):
            raise RuntimeError("gone")

    name = f"before-call.dynamodb.{operation}"
    events.register(name, judge)
    return lambda: events.unregister(name, judge)


def test_the_alarm_goes_off_without_flag(posts: Posts, small_company: Build) -> None:
    """Given ten hours in which all runs but flag, one customer waiting, then FlagAlarm is on."""
    posts.mention(1)
    here = small_company(reading())
    counted = minutes(here, [0, 2, *range(598, 604)], without("flag"))
    assert here.mails_to() == [(598, "anna")], "the digest alone"
    assert counted[-1] | {"PollSucceeded": 1, "AccountsBlind": 0, "OutboxAge": 0} == counted[-1]
    assert rings("FlagAlarm", counted)
    assert not rings("DigestAlarm", counted)


def test_the_alarm_goes_off_without_digest(posts: Posts, small_company: Build) -> None:
    """Given that all runs but digest, then DigestAlarm is on."""
    here = small_company(reading())
    counted = minutes(here, [0, *range(30, 36)], without("digest"))
    assert rings("DigestAlarm", counted)
    assert not rings("FlagAlarm", counted)


@pytest.mark.parametrize(
    ("alarm", "operation", "words"),
    [("FlagAlarm", "Query", "acme#open"), ("DigestAlarm", "GetItem", "digests")],
)
def test_the_alarm_goes_off_for_one_company_while_another_is_fine(
    posts: Posts, small_company: Build, alarm: str, operation: str, words: str
) -> None:
    """Given a function that fails for one of two companies, then its alarm is on; then off."""
    posts.mention(1)
    posts.mention(1, "8", to=[NEWS])
    here = small_company(two())
    minutes(here, [0, 2])
    mend = refusing(here, operation, words)
    counted = minutes(here, range(16, 22))
    assert here.failures
    assert [name for name in AGES if rings(name, counted)] == [alarm]
    mend()
    counted += minutes(here, [22])
    assert here.world.app.db.outbox.waiting("acme") == []
    assert not rings(alarm, counted)


def test_on_a_normal_day_nothing_is_late(posts: Posts, small_company: Build) -> None:
    """Given waits of all kinds up to critical and a lease, then nothing is ever counted late."""
    posts.mention(-60, "9")
    asked = posts.mention(0.5)
    posts.reply(20, posts.mention(1, "8"))
    here = small_company(reading(look_back="24 h"))
    counted = minutes(here, [1, 15, 16, 17, 30, 31])
    here.add_facts(asked, Lease("mine", "anna", at(31), at(80)))
    counted += minutes(here, [61, 62, 79, 80, 81, 240, 241, 480, 481, 720, 721, DAY])
    assert {who for _, who in here.mails_to()} == {"anna", "boris", "vera"}
    assert [(one["FlagAge"], one["DigestAge"]) for one in counted] == [(0, 0)] * 18
    assert here.failures == []


def test_in_shadow_mode_nothing_is_late(posts: Posts, small_company: Build) -> None:
    """Given the first week, then waits are told to one address, and nothing is counted late."""
    posts.mention(0)
    shadow = {"to": "boss@acme.example", "until": "2030-06-01T00:00:00"}
    counted = minutes(small_company(reading(shadow=shadow)), [0, 15, 16, 60, 61, 240, 241])
    assert {one["FlagAge"] for one in counted} == {0}


def test_a_level_that_is_no_longer_is_not_late(posts: Posts, small_company: Build) -> None:
    """Given a policy that gives up its first level, then nobody is told, and nothing is late."""
    posts.mention(0)
    here = small_company()
    minutes(here, [0, 14])
    level = {"name": "critical", "after": "4 h", "tell": ["vera"]}
    here.world.app.db.settings_store.push(settings(policy={"levels": [level]}), here.world.now())
    assert {one["FlagAge"] for one in minutes(here, [15, 16, 30])} == {0}
    assert here.mails_to() == []


def test_a_function_that_returns_late_ends_the_alarm(posts: Posts, small_company: Build) -> None:
    """Given hours without flag and digest, then all is told in the first minute of both."""
    posts.mention(1)
    here = small_company(reading())
    counted = minutes(here, [0, 2])
    counted += minutes(here, range(600, 606), without("flag", "digest"))
    assert [name for name in AGES if rings(name, counted)] == list(AGES)
    counted += minutes(here, [606])
    assert counted[-1] | {"FlagAge": 0, "DigestAge": 0} == counted[-1]
    assert [name for name in AGES if rings(name, counted)] == []


def test_losing_to_other_writers_for_minutes_raises_no_alarm(
    posts: Posts, small_company: Build
) -> None:
    """Given a conversation that others write all the time, then four minutes of it are quiet."""
    posts.mention(0)
    here = small_company()
    counted = minutes(here, [0, 14])
    table = here.world.app.db.table
    table.pause = lambda _: None
    real, table.client = table.client, failing(table.client, "TransactionConflict", 10**6)
    counted += minutes(here, range(15, 19))
    assert len(here.failures) == 4
    table.client = real
    counted += minutes(here, [19])
    assert here.mails_to() == [(19, "anna")]
    assert not any(rings("FlagAlarm", counted[:end]) for end in (5, 6, 7))


def test_overdue_alerts_are_counted_by_their_age(posts: Posts, small_company: Build) -> None:
    """Given a flag that judges by an older policy than the mark, then it says how late it is."""
    posts.mention(0)
    here = small_company().run_minutes(0)
    app, old = here.world.app, here.world.company
    level = {"name": "critical", "after": "5 min", "tell": ["vera"]}
    here.world.app.db.settings_store.push(settings(policy={"levels": [level]}), here.world.now())
    here.run_minutes(1)
    assert flag(old, app.db.conversations, app.db.policy_progress, at(4)) == (0, 0)
    assert flag(old, app.db.conversations, app.db.policy_progress, at(12)) == (0, 7 * 60)


def test_missing_digests_are_counted_by_their_age(posts: Posts, small_company: Build) -> None:
    """Given another run that is always faster, then the digest says how late it is, then writes."""
    here = small_company(reading()).run_minutes(0)
    app, company = here.world.app, here.world.company
    busy = Table(
        failing(app.db.table.client, "TransactionConflict", 1), app.db.table.name, "by-time"
    )
    ledger = DigestLedger(busy)
    assert schedule_digests(company, ledger, at(29)) == (0, 0)
    assert schedule_digests(company, ledger, at(37)) == (0, 7 * 60)
    assert schedule_digests(company, ledger, at(38)) == (1, 0)


def test_a_night_is_counted_when_all_companies_were(posts: Posts, small_company: Build) -> None:
    """Given a night in which one of two companies fails, then it counts as none; else as two."""
    posts.mention(0)
    here = small_company(two()).run_minutes(0, 1)
    night = 15 * 60 + 40
    assert run(here, night, ["figures"])["FiguresCounted"] == 2
    refusing(here, "Query", "blue#posts")
    assert "FiguresCounted" not in run(here, night + DAY, ["figures"])


@pytest.mark.parametrize("late", ["acme", "blue"])
def test_the_outbox_is_as_old_as_the_oldest_of_all_companies(
    posts: Posts, small_company: Build, late: str
) -> None:
    """Given mail that SES does not take of one company of two, then its age is the one counted."""
    here = small_company(two())
    posts.mention(0.5, "7", to=[HELP if late == "acme" else NEWS])
    here.refuse_mail(lambda _: "TooManyRequestsException")
    counted = minutes(here, [0, 1, 2, *range(16, 40)])
    assert counted[-1]["OutboxAge"] > 10 * 60


def test_a_poll_that_reads_nothing_is_none_that_succeeded(
    posts: Posts, small_company: Build
) -> None:
    """Given an X that is down, then polls run and none is counted; when it is back, they are."""
    here = small_company(one_account_settings(), faults=[fault(1, 3, status=503)])
    counted = [one["PollSucceeded"] for one in minutes(here, [0, 1, 5], ())]
    assert counted == [1, 0, 1]
