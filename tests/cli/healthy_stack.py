"""A stack in which everything works, for the tests of `pulse doctor` to break."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto.ses.models import RawMessage
from moto.sesv2.models import sesv2_backends

from pulse.dynamodb.table import Table
from pulse.listening.cursor import Cursor
from pulse.listening.store import CursorStore
from pulse.privacy.compliance import app_of
from pulse.privacy.store import ComplianceStore
from pulse.x.access import Token
from pulse.x.credentials import TokenStore
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.stack.deployment import INDEX
from pulse_cli.template import load_template
from tests.cli.command_runner import CommandResult

MINUTE = timedelta(minutes=1)
VERIFIED = {
    "VerifiedForSendingStatus": True,
    "VerificationStatus": "SUCCESS",
    "DkimAttributes": {"Status": "SUCCESS", "SigningEnabled": True},
}


def cursor(account_id: str, minutes_ago: int = 1, **more: Any) -> Cursor:
    now = datetime.now(UTC)
    return Cursor(account_id, now - timedelta(days=1), last_ok=now - minutes_ago * MINUTE, **more)


def save(stack: LocalStack, *cursors: Cursor) -> None:
    for one in cursors:
        CursorStore(Table(boto3.client("dynamodb"), stack.table, INDEX)).save(one)


def mark_checked(stack: LocalStack, hours_ago: float = 2, **more: Any) -> None:
    """Store when the posts were last checked for deletion, with the bearer of `make_healthy`."""
    now = datetime.now(UTC)
    done = now - timedelta(hours=hours_ago) if hours_ago else None
    checks = ComplianceStore(Table(boto3.client("dynamodb"), stack.table, INDEX))
    before = checks.load(app_of("bearer"))
    checks.save(replace(before, done_at=done, **more))


def make_healthy(deployed: LocalStack) -> None:
    """Add what moto leaves out, and what a person sets up."""
    TokenStore(boto3.client("ssm"), deployed.outputs["TokensPath"]).put(
        "svyaz_help", Token("bearer")
    )
    save(deployed, cursor("700000001"), cursor("700000002"))
    mark_checked(deployed)
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
        set_alarm_state(name, "OK")
    topic = deployed.outputs["CriticalTopicArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15555550100")
    boto3.client("sesv2").create_email_identity(EmailIdentity="example.com")
    enable_bounce_events("bounce", "complaint", "reject")


def enable_bounce_events(*kinds: str) -> None:
    """Let SES send the stack events of these kinds, and of no others."""
    ses = boto3.client("ses")
    backend = sesv2_backends["123456789012"]["us-east-1"].core_backend
    if "pulse" not in backend.config_sets:
        ses.create_configuration_set(ConfigurationSet={"Name": "pulse"})
        ses.create_configuration_set_event_destination(
            ConfigurationSetName="pulse",
            EventDestination={"Name": "pulse-feedback", "Enabled": True, "MatchingEventTypes": []},
        )
    backend.config_set_event_destination["pulse"]["MatchingEventTypes"] = list(kinds)


def schedules() -> list[str]:
    resources = load_template().body["Resources"]
    return [n for n, r in resources.items() if r["Type"] == "AWS::Scheduler::Schedule"]


def alarms() -> list[str]:
    resources = load_template().body["Resources"]
    return [n for n, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"]


def set_alarm_state(alarm: str, value: str) -> None:
    name = f"pulse-{alarm}-A1B2C3"
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=value, StateReason="because")


def findings(result: CommandResult) -> dict[str, tuple[str, str, str | None]]:
    """Return the findings by subject: status, text and fix."""
    return {f["what"]: (f["status"], f["said"], f["mend"]) for f in result.json["findings"]}


def mails() -> list[RawMessage]:
    sent: list[RawMessage] = sesv2_backends["123456789012"]["us-east-1"].core_backend.sent_messages
    return sent
