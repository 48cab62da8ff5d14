"""`pulse doctor`: what works, what has to be fixed and what could not be checked."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from pulse.dynamodb.table import Table
from pulse.listening.store import CursorStore
from pulse.x.access import Token
from pulse.x.credentials import TokenStore
from pulse.x.faults import FaultKind, OpenFault
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.simulated_x import SimulatedX
from pulse_cli.stack.deployment import INDEX
from tests.cli.command_runner import SETTINGS, always, run
from tests.cli.healthy_stack import (
    MINUTE,
    cursor,
    enable_bounce_events,
    findings,
    mails,
    mark_checked,
    set_alarm_state,
)

Posts = Callable[..., SimulatedX]


def test_a_healthy_stack(healthy_stack: LocalStack) -> None:
    result = run("doctor")
    assert result.code == 0, result.out
    lines = result.out.splitlines()
    assert lines[-1] == f"0 failed, 0 with warnings, of {len(lines) - 1} checks"
    assert all(line.startswith("OK    ") for line in lines[:-1]), result.out
    assert "OK    schedules: all 6 are on" in lines
    assert "OK    deleted posts of svyaz: last checked 2 h ago" in lines
    assert "OK    critical topic: confirmed subscriptions: 1" in lines
    [mail] = mails()
    assert set(mail.destinations) == {"boris@example.com"}
    assert "Boris" in mail.raw_data


def test_a_bare_stack(deployed: LocalStack, ses_account: Callable[..., None]) -> None:
    ses_account()
    result = run("doctor", "--json")
    assert result.code == 1
    by_name = findings(result)
    assert by_name["settings"] == (
        "FAIL",
        "no settings were pushed, so nothing runs",
        "pulse push pulse.yaml",
    )
    assert by_name["schedules"][:2] == (
        "WARN",
        "could not be checked: this stack was deployed without them",
    )
    assert by_name["critical topic"][0] == "FAIL"
    assert by_name["sender pulse@example.com"] == (
        "FAIL",
        "neither the address nor its domain is set up in SES",
        "aws sesv2 create-email-identity --email-identity example.com",
    )
    assert by_name["test email"][0] == "WARN"


def test_what_aws_forbids_is_reported_and_the_rest_is_checked(
    healthy_stack: LocalStack, ses_account: Callable[..., None]
) -> None:
    ses_account(Refused=True)
    by_name = findings(run("doctor", "--json"))
    for name in ("SES account", "recipients"):
        assert by_name[name][0] == "WARN"
        assert by_name[name][1].startswith("could not be checked: AWS does not allow GetAccount")
    assert by_name["sender pulse@example.com"][0] == "OK"


def test_tokens_that_are_missing_or_refused(healthy_stack: LocalStack, x: Posts) -> None:
    x(faults=always(401, "Unauthorized"))
    status, text, fix = findings(run("doctor", "--json", "--no-mail"))["token svyaz_help"]
    assert (status, text) == ("FAIL", "The token for @svyaz_help does not work (401 Unauthorized)")
    assert fix
    assert fix.endswith("Then run pulse connect @svyaz_help")
    x(faults=always(503, "over capacity"))
    status, text, _ = findings(run("doctor", "--json", "--no-mail"))["token svyaz_help"]
    assert status == "WARN"
    assert text.startswith("could not be checked: X did not answer (503 over capacity)")
    boto3.client("ssm").delete_parameter(Name="/pulse/pulse/tokens/svyaz_help")
    assert findings(run("doctor", "--json", "--no-mail"))["token svyaz_help"] == (
        "FAIL",
        "no secret is stored at /pulse/pulse/tokens/svyaz_help",
        "pulse connect @svyaz_help",
    )


def test_an_id_that_is_another_account_s(healthy_stack: LocalStack, pulse_yaml: Path) -> None:
    mixed = SETTINGS.replace('"700000002"', '"800000001"').replace("700000001", "700000003")
    pulse_yaml.write_text(mixed, "utf-8")
    run("push")
    result = run("doctor", "--json", "--no-mail")
    texts = [one["said"] for one in result.json["findings"] if one["what"] == "token svyaz_help"]
    assert "X has no account with the id 700000003 (@svyaz_help)" in texts
    assert "the id 800000001 belongs to @user1, but the settings have @svyaz" in texts


def test_polls_that_are_missing(healthy_stack: LocalStack) -> None:
    now = datetime.now(UTC)
    table = Table(boto3.client("dynamodb"), healthy_stack.table, INDEX)
    known = CursorStore(table).load(["700000001", "700000002"])
    open_fault = OpenFault("credits", "402 none", now - 20 * MINUTE, 9, now + MINUTE)
    for old, new in (
        (known["700000001"], cursor("700000001", 20, rev=1, faults={"mentions": open_fault})),
        (known["700000002"], cursor("700000002", 5, rev=1)),
    ):
        assert old.rev == 1
        CursorStore(table).save(new)
    result = run("doctor", "--json", "--no-mail")
    by_text = {f["said"]: f for f in result.json["findings"] if f["what"].startswith("polls of")}
    assert by_text["last success 20 min ago"]["status"] == "FAIL"
    assert by_text["last success 5 min ago"]["status"] == "WARN"
    [fault] = [f for text, f in by_text.items() if text.startswith("X credits have run out")]
    assert fault["status"] == "FAIL"
    assert fault["mend"] == "Buy credits in the X developer console."


def test_schedules_that_are_off_or_missing(healthy_stack: LocalStack) -> None:
    scheduler = boto3.client("scheduler")
    scheduler.delete_schedule(Name="SendEachMinute", GroupName="pulse")
    scheduler.update_schedule(
        Name="FlagEachMinute",
        GroupName="pulse",
        State="DISABLED",
        ScheduleExpression="cron(* * * * ? *)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:lambda:us-east-1:123456789012:function:x", "RoleArn": "r"},
    )
    result = run("doctor", "--no-mail")
    assert result.code == 1
    assert "FAIL  schedules: missing: SendEachMinute — deploy again with make deploy" in result.out
    assert (
        "FAIL  schedules: switched off: FlagEachMinute; no account is being watched" in result.out
    )


def test_alarms_that_go_off_or_have_no_data(healthy_stack: LocalStack) -> None:
    set_alarm_state("BlindAlarm", "ALARM")
    set_alarm_state("OutboxAlarm", "INSUFFICIENT_DATA")
    boto3.client("cloudwatch").delete_alarms(AlarmNames=["pulse-DeadLettersAlarm-A1B2C3"])
    by_name = findings(run("doctor", "--json", "--no-mail"))
    assert by_name["alarm BlindAlarm"][:2] == ("FAIL", "in alarm: BlindAlarm has a reason.")
    assert by_name["alarm OutboxAlarm"][0] == "WARN"
    assert by_name["alarm DeadLettersAlarm"][:2] == ("FAIL", "missing")
    assert by_name["alarm PollErrorsAlarm"][0] == "OK"


def test_dead_letters(healthy_stack: LocalStack) -> None:
    url = healthy_stack.outputs["DeadLettersUrl"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    status, text, fix = findings(run("doctor", "--json", "--no-mail"))["ticks that failed"]
    assert (status, text) == (
        "FAIL",
        "1 in the queue: invocations that were not delivered or ended in an error",
    )
    assert fix
    assert f"--queue-url {url}" in fix


@pytest.mark.parametrize("missing", ["bounce", "complaint"])
def test_bounces_or_complaints_that_are_not_reported(
    healthy_stack: LocalStack, missing: str
) -> None:
    """If the event destination lacks one of the two kinds, the doctor says to deploy again."""
    enable_bounce_events(*{"bounce", "complaint", "reject"} - {missing})
    status, text, fix = findings(run("doctor", "--json"))["bounces and complaints"]
    assert status == "FAIL"
    assert f"({missing})" in text
    assert fix == "deploy again with make deploy"


@pytest.mark.parametrize(
    "arguments", [("--mail", "me"), ("--mail", "me@example.org", "--no-mail"), ("--sms",)]
)
def test_wrong_use(arguments: tuple[str, ...]) -> None:
    assert run("doctor", *arguments).code == 2


def make_fault(kind: FaultKind, detail: str, hours: int = 1) -> OpenFault:
    now = datetime.now(UTC)
    since = now - hours * 60 * MINUTE
    return OpenFault(kind, detail, since, 3, now + 60 * MINUTE, reported=True)


CHECKS: dict[str, tuple[dict[str, Any], str]] = {
    "never": ({"hours_ago": 0}, "not checked yet"),
    "late": ({"hours_ago": 30}, "last checked 1 day 6 h ago"),
    "refused": (
        {"fault": make_fault("forbidden", "403 Forbidden.")},
        (
            "X rejects the check (403 Forbidden.), so Pulse looks up the posts of waiting "
            "customers once a day"
        ),
    ),
    "failing": ({"fault": make_fault("unavailable", "503")}, "the check has been failing since"),
    "failing for a day": (
        {"fault": make_fault("unavailable", "503", 25)},
        "the check has been failing since",
    ),
}


@pytest.mark.parametrize("case", CHECKS)
def test_whether_stored_posts_are_checked_for_deletion(
    healthy_stack: LocalStack, case: str
) -> None:
    """A check that is missing, late, refused or failing is a warning, with a fix."""
    stored, expected = CHECKS[case]
    mark_checked(healthy_stack, **stored)
    status, text, fix = findings(run("doctor", "--no-mail", "--json"))["deleted posts of svyaz"]
    assert status == "WARN"
    assert text.startswith(expected)
    assert ("until their retention period ends (for 90 d" in text) == (
        case in ("refused", "failing for a day")
    )
    assert fix


def test_control_characters_from_x_are_not_printed(healthy_stack: LocalStack) -> None:
    """An answer of X that would clear the screen is printed without its control characters."""
    mark_checked(healthy_stack, fault=make_fault("unavailable", "503 \x1b[2J\x1b]0;owned\x07"))
    result = run("doctor", "--no-mail")
    assert "503 [2J]0;owned" in result.out
    assert not {"\x1b", "\x07"} & set(result.out)


def test_without_a_bearer_deleted_posts_stay(healthy_stack: LocalStack) -> None:
    """With a user token alone, the doctor warns and says how to add a bearer token."""
    token = Token(None, "key", "secret", "sim-700000001", "secret")
    TokenStore(boto3.client("ssm"), healthy_stack.outputs["TokensPath"]).put("svyaz_help", token)
    status, text, fix = findings(run("doctor", "--no-mail", "--json"))["deleted posts of svyaz"]
    assert status == "WARN"
    assert text.startswith("no stored token includes a bearer token")
    assert fix == "run pulse connect @svyaz_help with PULSE_X_BEARER set as well"
