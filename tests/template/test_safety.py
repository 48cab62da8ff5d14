"""Nothing is lost unnoticed: dead letters, alarms, retention, what survives a deletion."""

import re
from typing import Any

import pytest

from pulse_cli.laptop.sam import ROOT
from pulse_cli.template import Template

HOUR = 60 * 60
FORTNIGHT = 14 * 24 * HOUR


def of_type(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == kind}


def dead_letter_queues(resources: dict[str, Any]) -> set[str]:
    return {name for name in of_type(resources, "AWS::SQS::Queue") if "DeadLetters" in name}


def test_the_table_survives(resources: dict[str, Any]) -> None:
    table = resources["Table"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_one_sparse_index_with_everything(resources: dict[str, Any]) -> None:
    properties = resources["Table"]["Properties"]
    assert [one["AttributeName"] for one in properties["KeySchema"]] == ["pk", "sk"]
    [index] = properties["GlobalSecondaryIndexes"]
    assert [one["AttributeName"] for one in index["KeySchema"]] == ["gpk", "gsk"]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_a_poll_is_hidden_long_enough_to_be_retried(template: Template) -> None:
    poll = template.functions["poll"]
    assert poll.queue
    assert poll.queue.batch_size == 1
    assert poll.queue.visibility_timeout >= 6 * poll.timeout
    assert poll.queue.max_receive_count == 3


def test_a_poll_is_retained_until_its_last_attempt(
    template: Template, resources: dict[str, Any]
) -> None:
    queue = template.functions["poll"].queue
    assert queue
    retention = resources[queue.resource]["Properties"]["MessageRetentionPeriod"]
    assert queue.visibility_timeout * queue.max_receive_count < retention < 6 * 60 * 60


def test_fifo_dead_letters_for_a_fifo_queue(template: Template, resources: dict[str, Any]) -> None:
    queue = template.functions["poll"].queue
    assert queue
    for name in (queue.resource, queue.dead_letters):
        assert resources[name]["Properties"]["FifoQueue"] is True
        assert resources[name]["Properties"]["QueueName"]["Fn::Sub"].endswith(".fifo")


def test_queues_are_encrypted_and_dead_letters_retained(resources: dict[str, Any]) -> None:
    for name, properties in of_type(resources, "AWS::SQS::Queue").items():
        assert properties["SqsManagedSseEnabled"] is True
        if name in dead_letter_queues(resources):
            assert properties["MessageRetentionPeriod"] == FORTNIGHT
        else:
            assert properties["RedrivePolicy"]


def test_every_schedule_has_dead_letters(resources: dict[str, Any]) -> None:
    dead_letters = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    for properties in of_type(resources, "AWS::Scheduler::Schedule").values():
        assert properties["Target"]["DeadLetterConfig"] == {"Arn": dead_letters}


def test_every_function_with_a_schedule_or_topic_has_dead_letters(
    template: Template, resources: dict[str, Any]
) -> None:
    dead_letters = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    destinations = {
        one["FunctionName"]["Ref"]: one["DestinationConfig"]["OnFailure"]["Destination"]
        for one in of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
    }
    expected = {f.resource for f in template.functions.values() if f.schedules or f.topic}
    assert destinations == dict.fromkeys(expected, dead_letters)


def test_logs_expire(resources: dict[str, Any]) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert all(one["RetentionInDays"] for one in groups.values())
    for properties in of_type(resources, "AWS::Lambda::Function").values():
        assert properties["LoggingConfig"]["LogGroup"]["Ref"] in groups


def test_alarms_go_straight_to_the_topic(resources: dict[str, Any]) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert alarms
    for properties in alarms.values():
        assert {"Ref": "CriticalTopic"} in properties["AlarmActions"]
        assert properties["AlarmDescription"]
        assert "TreatMissingData" in properties


def test_bounces_and_complaints_reach_feedback(
    template: Template, resources: dict[str, Any]
) -> None:
    [destination] = of_type(resources, "AWS::SES::ConfigurationSetEventDestination").values()
    event = destination["EventDestination"]
    assert event["Enabled"] is True
    assert event["MatchingEventTypes"] == ["BOUNCE", "COMPLAINT", "REJECT"]
    topic = {"Ref": template.functions["feedback"].topic}
    assert event["SnsDestination"] == {"TopicARN": topic}
    assert template.functions["feedback"].retries == 2
    [subscription] = (
        one
        for one in of_type(resources, "AWS::SNS::Subscription").values()
        if one["TopicArn"] == topic
    )
    dead_letters = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": dead_letters}
    [policy] = of_type(resources, "AWS::SQS::QueuePolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    assert policy["Queues"] == [{"Ref": "DeadLetters"}]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}


def test_only_ses_reports_on_mail_and_only_on_ours(
    template: Template, resources: dict[str, Any]
) -> None:
    topic = {"Ref": template.functions["feedback"].topic}
    policies = of_type(resources, "AWS::SNS::TopicPolicy").values()
    [policy] = [one for one in policies if topic in one["Topics"]]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "ses.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    only = statement["Condition"]["StringEquals"]
    assert only["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    arn, names = only["aws:SourceArn"]["Fn::Sub"]
    assert arn.endswith(":${AWS::AccountId}:configuration-set/${Set}")
    assert names["Set"] == template.functions["send"].environment["PULSE_CONFIGURATION_SET"]
    assert resources["MailEvents"]["DependsOn"] == "FeedbackTopicPolicy"


def test_a_configuration_set_is_made_unless_one_is_given(resources: dict[str, Any]) -> None:
    assert resources["MailSet"]["Condition"] == "MakesConfigurationSet"
    assert resources["MailSet"]["Properties"]["Name"] == {"Ref": "AWS::StackName"}
    chosen = resources["MailEvents"]["Properties"]["ConfigurationSetName"]["Fn::If"]
    assert chosen == ["MakesConfigurationSet", {"Ref": "MailSet"}, {"Ref": "ConfigurationSet"}]


@pytest.mark.parametrize(
    "metric", ["PollSucceeded", "FlagAge", "OutboxAge", "DigestAge", "HoursUnchecked"]
)
def test_missing_data_raises_the_alarms_on_pulse_itself(
    resources: dict[str, Any], metric: str
) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm").values()
    [alarm] = [one for one in alarms if one["MetricName"] == metric]
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]


def test_a_night_without_figures_raises_the_alarm_and_a_new_stack_does_not(
    resources: dict[str, Any],
) -> None:
    """Without data, the alarm goes to the state of insufficient data, which notifies the topic.

    A new alarm begins in that state, so it notifies nobody.
    """
    alarm = resources["FiguresAlarm"]["Properties"]
    assert alarm["TreatMissingData"] == "missing"
    assert alarm["InsufficientDataActions"] == [{"Ref": "CriticalTopic"}]
    assert alarm["Period"] >= HOUR, "shorter ones reach back a day at most"
    assert 25 * HOUR < alarm["Period"] * alarm["EvaluationPeriods"] < 7 * 24 * HOUR


def test_alarms_watch_metrics_that_are_counted(resources: dict[str, Any]) -> None:
    handlers = "".join(path.read_text() for path in (ROOT / "functions").glob("*.py"))
    counted = set(re.findall(r'count\("(\w+)"', handlers))
    for properties in of_type(resources, "AWS::CloudWatch::Alarm").values():
        if properties["Namespace"] == "Pulse":
            assert properties["MetricName"] in counted


def test_every_dead_letter_queue_has_an_alarm(resources: dict[str, Any]) -> None:
    watched = {
        one["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for one in of_type(resources, "AWS::CloudWatch::Alarm").values()
        if one["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == dead_letter_queues(resources) == {"DeadLetters", "PollDeadLetters"}


LESS, MORE = "LessThanThreshold", "GreaterThanThreshold"
ALARMS: dict[str, tuple[str, int, Any, str, Any, str]] = {
    "BlindAlarm": ("Sum", 60, {"Ref": "BlindMinutes"}, LESS, 1, "breaching"),
    "AccountBlindAlarm": ("Maximum", 60, 1, MORE, 0, "ignore"),
    "BudgetAlarm": (
        "Maximum", 300, 1, "GreaterThanOrEqualToThreshold", {"Ref": "BudgetPercent"}, "ignore"
    ),
    "FlagAlarm": ("Maximum", 60, 5, MORE, 300, "breaching"),
    "OutboxAlarm": ("Maximum", 60, 5, MORE, {"Ref": "OutboxSeconds"}, "breaching"),
    "DigestAlarm": ("Maximum", 60, 5, MORE, 300, "breaching"),
    "FiguresAlarm": ("Sum", 3600, 26, LESS, 1, "missing"),
    "FeedbackAlarm": ("Sum", 60, 1, MORE, 0, "notBreaching"),
    "UncheckedAlarm": ("Maximum", 3600, 3, MORE, 30, "breaching"),
    "PollErrorsAlarm": ("Sum", 300, 2, MORE, 0, "notBreaching"),
    "PollDeadLettersAlarm": ("Maximum", 60, 1, MORE, 0, "notBreaching"),
    "DeadLettersAlarm": ("Maximum", 60, 1, MORE, 0, "notBreaching"),
}  # fmt: skip
"""Statistic, period in seconds, periods, comparison, threshold, missing data (docs/deploy.md)."""


def test_each_alarm_has_the_documented_values(resources: dict[str, Any]) -> None:
    """Each alarm has exactly these values, so that it neither always nor never goes off."""
    names = ("Statistic", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold")
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    found = {
        name: tuple(alarm[part] for part in (*names, "TreatMissingData"))
        for name, alarm in alarms.items()
    }
    assert found == ALARMS
    assert not any("DatapointsToAlarm" in alarm for alarm in alarms.values())
