"""`pulse doctor`: what is in order, what is to be mended, what nobody can tell."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.ses.models import EmailIdentity, RawMessage
from moto.sesv2.models import sesv2_backends

from pulse.adapters.secrets import Secrets
from pulse.adapters.table import Accounts, Table
from pulse.domain.access import Token
from pulse.domain.cursor import Cursor
from pulse.domain.trouble import OpenTrouble
from pulse_cli.deployment import INDEX
from pulse_cli.doctor.sender import judge_account, judge_identity
from pulse_cli.simulated_x import SimulatedX
from pulse_cli.stack import Stack
from pulse_cli.template import load_template

from .shell import SETTINGS, Said, always, run

Posts = Callable[..., SimulatedX]
MINUTE = timedelta(minutes=1)
HEALTHY = {
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
    "SendingEnabled": True,
    "SendQuota": {"Max24HourSend": 50_000.0, "SentLast24Hours": 3.0},
}
VERIFIED = {
    "VerifiedForSendingStatus": True,
    "VerificationStatus": "SUCCESS",
    "DkimAttributes": {"Status": "SUCCESS", "SigningEnabled": True},
}


def cursor(account_id: str, minutes_ago: int = 1, **more: Any) -> Cursor:
    now = datetime.now(UTC)
    return Cursor(account_id, now - timedelta(days=1), last_ok=now - minutes_ago * MINUTE, **more)


def save(stack: Stack, *cursors: Cursor) -> None:
    for one in cursors:
        Accounts(Table(boto3.client("dynamodb"), stack.table, INDEX)).save(one)


@pytest.fixture
def sound(
    deployed: Stack,
    pulse_yaml: Path,
    x: Posts,
    ses_account: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Stack:
    """A stack in which nothing is wrong: what moto leaves out is put in by hand."""
    x()
    ses_account()
    assert run("push").code == 0
    Secrets(boto3.client("ssm"), deployed.outputs["TokensPath"]).keep("svyaz_help", Token("bearer"))
    save(deployed, cursor("700000001"), cursor("700000002"))
    scheduler = boto3.client("scheduler")
    scheduler.create_schedule_group(Name="pulse")
    for name in schedules():
        scheduler.create_schedule(
            Name=name,
            GroupName="pulse",
            State="ENABLED",
            ScheduleExpression="cron(* * * * ? *)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:lambda:us-east-1:123456789012:function:x", "RoleArn": "r"},
        )
    for name in alarms():
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=f"pulse-{name}-A1B2C3",
            AlarmDescription=f"{name} has a reason.",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
        )
        state(name, "OK")
    topic = deployed.outputs["CriticalTopicArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15555550100")
    boto3.client("sesv2").create_email_identity(EmailIdentity="example.com")
    answer = EmailIdentity.get_response_object.fget  # type: ignore[attr-defined]
    signed = VERIFIED["DkimAttributes"]
    monkeypatch.setattr(
        EmailIdentity,
        "get_response_object",
        property(lambda self: answer(self) | {"DkimAttributes": signed}),
    )
    return deployed


def schedules() -> list[str]:
    resources = load_template().body["Resources"]
    return [n for n, r in resources.items() if r["Type"] == "AWS::Scheduler::Schedule"]


def alarms() -> list[str]:
    resources = load_template().body["Resources"]
    return [n for n, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"]


def state(alarm: str, value: str) -> None:
    name = f"pulse-{alarm}-A1B2C3"
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason="because")


def found(said: Said) -> dict[str, tuple[str, str, str | None]]:
    """The findings by what they are about."""
    return {f["what"]: (f["status"], f["said"], f["mend"]) for f in said.json["findings"]}


def mails() -> list[RawMessage]:
    sent: list[RawMessage] = sesv2_backends["123456789012"]["us-east-1"].core_backend.sent_messages
    return sent


def test_a_sound_stack(sound: Stack) -> None:
    said = run("doctor")
    assert said.code == 0, said.out
    told = said.out.splitlines()
    assert told[-1] == f"0 to mend, 0 to look at, of {len(told) - 1}"
    assert all(line.startswith("OK    ") for line in told[:-1]), said.out
    assert "OK    schedules: all 5 are on" in told
    assert "OK    critical topic: wakes 1" in told
    [mail] = mails()
    assert set(mail.destinations) == {"boris@example.com"}
    assert "Boris" in mail.raw_data


def test_the_test_mail_goes_where_it_is_told(sound: Stack) -> None:
    said = run("doctor", "--mail", "me@example.org", "--json")
    assert said.json["ok"] is True
    assert "test mail to me@example.org" in found(said)
    assert set(mails()[0].destinations) == {"me@example.org"}


def test_no_mail_when_none_is_wanted(sound: Stack) -> None:
    assert run("doctor", "--no-mail").code == 0
    assert not mails()


def test_a_bare_stack(deployed: Stack, ses_account: Callable[..., None]) -> None:
    ses_account()
    said = run("doctor", "--json")
    assert said.code == 1
    by_name = found(said)
    assert by_name["settings"] == (
        "FAIL",
        "none were pushed, so nothing runs",
        "pulse push pulse.yaml",
    )
    assert by_name["schedules"][:2] == (
        "WARN",
        "could not be checked: this stack was built without them",
    )
    assert by_name["critical topic"][0] == "FAIL"
    assert by_name["sender pulse@example.com"] == (
        "FAIL",
        "SES does not know it, nor its domain",
        "aws sesv2 create-email-identity --email-identity example.com",
    )
    assert by_name["test mail"][0] == "WARN"


def test_what_may_not_be_looked_at_is_told_and_the_rest_is_looked_at(
    sound: Stack, ses_account: Callable[..., None]
) -> None:
    ses_account(Refused=True)
    by_name = found(run("doctor", "--json"))
    for name in ("SES account", "recipients"):
        assert by_name[name][0] == "WARN"
        assert by_name[name][1].startswith("could not be checked: AWS does not let you GetAccount")
    assert by_name["sender pulse@example.com"][0] == "OK"


def test_the_sandbox_asks_for_every_recipient(
    sound: Stack, ses_account: Callable[..., None], pulse_yaml: Path
) -> None:
    ses_account(production=False)
    pulse_yaml.write_text(SETTINGS.replace("anna@example.com", "anna@example.org"), "utf-8")
    run("push")
    said = run("doctor", "--json")
    by_name = found(said)
    assert by_name["SES sandbox"][0] == "WARN"
    assert by_name["recipient anna@example.org"] == (
        "FAIL",
        "not verified, and SES is in its sandbox: mail to it is refused",
        "aws sesv2 create-email-identity --email-identity anna@example.org",
    )
    assert "recipient boris@example.com" not in by_name


def test_shadow_mode_is_told_and_gets_the_test_mail(sound: Stack, pulse_yaml: Path) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    shadow = f"    shadow: {{to: anna, until: {until}}}\n"
    pulse_yaml.write_text(SETTINGS + shadow, "utf-8")
    assert run("push").code == 0
    said = run("doctor", "--json")
    assert found(said)["shadow mode of svyaz"][0] == "WARN"
    assert set(mails()[0].destinations) == {"anna@example.com"}


def test_a_sender_that_the_stack_may_not_use(sound: Stack, pulse_yaml: Path) -> None:
    pulse_yaml.write_text(SETTINGS + "    sender: Svyaz <care@example.com>\n", "utf-8")
    run("push")
    status, said, mend = found(run("doctor", "--json", "--no-mail"))["sender care@example.com"]
    assert (status, said) == ("FAIL", "svyaz writes from it, and the stack may not")
    assert mend == "deploy again with Senders=pulse@example.com,care@example.com"


def test_a_mail_that_ses_refuses(sound: Stack) -> None:
    boto3.client("sesv2").delete_email_identity(EmailIdentity="example.com")
    by_name = found(run("doctor", "--json"))
    status, said, mend = by_name["test mail to boris@example.com"]
    assert status == "FAIL"
    assert said.startswith("SES refused it: MessageRejected")
    assert mend


def test_tokens_that_are_missing_or_refused(sound: Stack, x: Posts) -> None:
    x(faults=always(401, "Unauthorized"))
    status, said, mend = found(run("doctor", "--json", "--no-mail"))["token svyaz_help"]
    assert (status, said) == (
        "FAIL",
        "The token for @svyaz_help does not work (401 Unauthorized)",
    )
    assert mend
    assert mend.endswith("Then pulse connect @svyaz_help")
    x(faults=always(503, "over capacity"))
    status, said, _ = found(run("doctor", "--json", "--no-mail"))["token svyaz_help"]
    assert status == "WARN"
    assert said.startswith("could not be checked: X did not answer (503 over capacity)")
    boto3.client("ssm").delete_parameter(Name="/pulse/pulse/tokens/svyaz_help")
    assert found(run("doctor", "--json", "--no-mail"))["token svyaz_help"] == (
        "FAIL",
        "no secret is kept at /pulse/pulse/tokens/svyaz_help",
        "pulse connect @svyaz_help",
    )


def test_an_id_that_is_another_account_s(sound: Stack, pulse_yaml: Path) -> None:
    mixed = SETTINGS.replace('"700000002"', '"800000001"').replace("700000001", "700000003")
    pulse_yaml.write_text(mixed, "utf-8")
    run("push")
    said = run("doctor", "--json", "--no-mail")
    told = [one["said"] for one in said.json["findings"] if one["what"] == "token svyaz_help"]
    assert "X shows no account with the id 700000003 (@svyaz_help)" in told
    assert "the id 800000001 is @user1, and the settings say @svyaz" in told


def test_polls_that_do_not_come(sound: Stack) -> None:
    now = datetime.now(UTC)
    table = Table(boto3.client("dynamodb"), sound.table, INDEX)
    known = Accounts(table).load(["700000001", "700000002"])
    broke = OpenTrouble("credits", "402 none", now - 20 * MINUTE, 9, now + MINUTE)
    for old, new in (
        (known["700000001"], cursor("700000001", 20, rev=1, troubles={"mentions": broke})),
        (known["700000002"], cursor("700000002", 5, rev=1)),
    ):
        assert old.rev == 1
        Accounts(table).save(new)
    said = run("doctor", "--json", "--no-mail")
    told = {f["said"]: f for f in said.json["findings"] if f["what"].startswith("polls of")}
    assert told["the last good one 20 min ago"]["status"] == "FAIL"
    assert told["the last good one 5 min ago"]["status"] == "WARN"
    [trouble] = [f for words, f in told.items() if words.startswith("No credits left at X")]
    assert trouble["status"] == "FAIL"
    assert trouble["mend"] == "Buy credits in the X developer console."


def test_schedules_that_are_off_or_gone(sound: Stack) -> None:
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
    said = run("doctor", "--no-mail")
    assert said.code == 1
    assert "FAIL  schedules: missing: SendEachMinute — deploy again: make deploy" in said.out
    assert "FAIL  schedules: switched off: FlagEachMinute; nobody is watched" in said.out


def test_alarms_that_ring_or_have_no_data(sound: Stack) -> None:
    state("BlindAlarm", "ALARM")
    state("OutboxAlarm", "INSUFFICIENT_DATA")
    boto3.client("cloudwatch").delete_alarms(AlarmNames=["pulse-DeadLettersAlarm-A1B2C3"])
    by_name = found(run("doctor", "--json", "--no-mail"))
    assert by_name["alarm BlindAlarm"][:2] == ("FAIL", "rings: BlindAlarm has a reason.")
    assert by_name["alarm OutboxAlarm"][0] == "WARN"
    assert by_name["alarm DeadLettersAlarm"][:2] == ("FAIL", "missing")
    assert by_name["alarm PollErrorsAlarm"][0] == "OK"


def test_dead_letters(sound: Stack) -> None:
    url = sound.outputs["DeadLettersUrl"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    status, said, mend = found(run("doctor", "--json", "--no-mail"))["ticks that failed"]
    assert (status, said) == ("FAIL", "1 ticks that were not delivered or ended in error")
    assert mend
    assert f"--queue-url {url}" in mend


@pytest.mark.parametrize(
    "arguments", [("--mail", "me"), ("--mail", "me@example.org", "--no-mail"), ("--sms",)]
)
def test_wrong_use(arguments: tuple[str, ...]) -> None:
    assert run("doctor", *arguments).code == 2


@pytest.mark.parametrize(
    ("differs", "what", "status"),
    [
        ({}, "SES sandbox", "OK"),
        ({"ProductionAccessEnabled": False}, "SES sandbox", "WARN"),
        ({"SendingEnabled": False}, "SES account", "FAIL"),
        ({"EnforcementStatus": "PROBATION"}, "SES account", "WARN"),
        ({"EnforcementStatus": "SHUTDOWN"}, "SES account", "FAIL"),
        ({"SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 159}}, "SES quota", "OK"),
        ({"SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 160}}, "SES quota", "WARN"),
        ({"SendQuota": {"Max24HourSend": 200, "SentLast24Hours": 200}}, "SES quota", "FAIL"),
        ({"SendQuota": {"Max24HourSend": -1, "SentLast24Hours": 200}}, "SES quota", "OK"),
    ],
)
def test_what_ses_says_of_the_account(differs: dict[str, Any], what: str, status: str) -> None:
    judged = {finding.what: finding for finding in judge_account(HEALTHY | differs)}
    assert judged[what].status == status
    assert (judged[what].mend is None) == (status == "OK")


@pytest.mark.parametrize(
    ("name", "differs", "status", "mend"),
    [
        ("example.com", {}, "OK", None),
        (None, {}, "FAIL", "--email-identity example.com"),
        (
            "a@example.com",
            {"VerifiedForSendingStatus": False, "VerificationStatus": "PENDING"},
            "FAIL",
            "open the link",
        ),
        (
            "example.com",
            {"VerifiedForSendingStatus": False, "VerificationStatus": "FAILED"},
            "FAIL",
            "into the DNS",
        ),
        ("a@example.com", {"DkimAttributes": {"Status": "NOT_STARTED"}}, "WARN", "with DKIM"),
    ],
)
def test_what_ses_says_of_a_sender(
    name: str | None, differs: dict[str, Any], status: str, mend: str | None
) -> None:
    [finding] = judge_identity("sender", "a@example.com", name, VERIFIED | differs)
    assert finding.status == status
    assert (mend is None and finding.mend is None) or (mend and mend in str(finding.mend))
