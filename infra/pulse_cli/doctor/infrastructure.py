"""Checks what AWS runs and watches: schedules, dead-letter queues, alarms, the critical topic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulse_cli.doctor.findings import DoctorFinding, fail, ok, unknown, warn
from pulse_cli.stack.deployment import Deployment
from pulse_cli.template import load_template

__all__ = ["check_alarms", "check_queues", "check_schedules", "check_topic"]

_DEPLOY_AGAIN = "deploy again with make deploy"


def check_schedules(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Check whether every schedule of the template is there and switched on.

    Raises:
        CommandError: there is no such stack.
    """
    expected = _names_in_template("AWS::Scheduler::Schedule")
    group = deployment.outputs.get("ScheduleGroupName", deployment.name)
    pages = deployment.client("scheduler").get_paginator("list_schedules")
    rows = [row for page in pages.paginate(GroupName=group) for row in page["Schedules"]]
    found = {row["Name"]: row.get("State") for row in rows}
    if not found and "ScheduleGroupName" not in deployment.outputs:
        yield unknown("schedules", "this stack was deployed without them")
        return
    missing = [name for name in expected if name not in found]
    off = [name for name in expected if found.get(name) == "DISABLED"]
    if missing:
        yield fail("schedules", f"missing: {', '.join(missing)}", _DEPLOY_AGAIN)
    if off:
        message = f"switched off: {', '.join(off)}; no account is being watched"
        yield fail("schedules", message, "deploy again with Schedules=ENABLED")
    if not missing and not off:
        yield ok("schedules", f"all {len(expected)} are on")


def check_queues(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Check whether a poll or a scheduled run was given up and is in a dead-letter queue.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    client = deployment.client("sqs")
    logs = f"aws logs tail {deployment.outputs.get('LogGroupName', '/pulse/' + deployment.name)}"
    for what, output, words in (
        ("polls given up", "PollDeadLettersUrl", "polls that failed three times because of a bug"),
        (
            "ticks that failed",
            "DeadLettersUrl",
            "invocations that were not delivered or ended in an error",
        ),
    ):
        url = deployment.output(output)
        name = "ApproximateNumberOfMessages"
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        count = int(answer["Attributes"][name])
        if count:
            purge = f"aws sqs purge-queue --queue-url {url}"
            fix = f"find the error ({logs} --since 1d), then run {purge}"
            yield fail(what, f"{count} in the queue: {words}", fix)
        else:
            yield ok(what, "none")


def check_alarms(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Check the state of each alarm of the template.

    Raises:
        CommandError: there is no such stack.
    """
    expected = _names_in_template("AWS::CloudWatch::Alarm")
    found = _alarms(deployment, expected)
    if not found and "ScheduleGroupName" not in deployment.outputs:
        yield unknown("alarms", "this stack was deployed without them")
        return
    for name in expected:
        what, alarm = f"alarm {name}", found.get(name)
        if alarm is None:
            yield fail(what, "missing", _DEPLOY_AGAIN)
        elif alarm["StateValue"] == "ALARM":
            why = alarm.get("AlarmDescription") or alarm.get("StateReason", "")
            yield fail(what, f"in alarm: {why}", f"see docs/runbook.md, {name}")
        elif not alarm.get("ActionsEnabled", True):
            fix = "deploy again with Schedules=ENABLED"
            yield warn(what, "alerts nobody because its actions are switched off", fix)
        elif alarm["StateValue"] != "OK":
            wait = "after a night" if name == "FiguresAlarm" else "in a few minutes"
            fix = f"if the stack is new, check again {wait}; otherwise see docs/runbook.md, {name}"
            yield warn(what, "has no data", fix)
        else:
            yield ok(what, "quiet")


def check_topic(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Check whether anybody has subscribed to the topic of critical waits and alarms.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    arn = deployment.output("CriticalTopicArn")
    pages = deployment.client("sns").get_paginator("list_subscriptions_by_topic")
    rows = [row for page in pages.paginate(TopicArn=arn) for row in page["Subscriptions"]]
    waiting = [r["Endpoint"] for r in rows if r["SubscriptionArn"] == "PendingConfirmation"]
    for endpoint in waiting:
        message = f"{endpoint} has not confirmed the subscription"
        yield warn(
            "critical topic", message, "open the link in the confirmation that SNS sent there"
        )
    if len(rows) > len(waiting):
        yield ok("critical topic", f"confirmed subscriptions: {len(rows) - len(waiting)}")
    else:
        message = "nobody is woken by critical waits and alarms"
        fix = "deploy again with CriticalEmail or CriticalPhone, or add a subscription to the topic"
        yield fail("critical topic", message, fix)


def _names_in_template(kind: str) -> list[str]:
    """Return the logical ids of the template's resources of a type."""
    resources = load_template().body["Resources"]
    return [name for name, resource in resources.items() if resource["Type"] == kind]


def _alarms(deployment: Deployment, expected: list[str]) -> Mapping[str, Mapping[str, Any]]:
    """Return the alarms by their names in the template."""
    # CloudFormation calls them stack-Name-RANDOM.
    pages = deployment.client("cloudwatch").get_paginator("describe_alarms")
    prefix = f"{deployment.name}-"
    called = re.compile(rf"{re.escape(prefix)}({'|'.join(expected)})(-[A-Za-z0-9]+)?")
    found = {}
    for page in pages.paginate(AlarmNamePrefix=prefix):
        for alarm in page["MetricAlarms"]:
            match = called.fullmatch(alarm["AlarmName"])
            if match:
                found[match[1]] = alarm
    return found
