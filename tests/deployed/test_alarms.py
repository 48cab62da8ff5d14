"""Alarms of a deployed stack: what they watch is there, and they reach who is to be woken.

ministack takes no metrics out of logs and gives none of its queues, looks at alarms only when a
metric is put, and then at its name, not its dimensions. So the dimensions are compared here, and
each metric is put by hand.
"""

import json
from typing import Any

import pytest

from pulse_cli.template import load_template
from tests.deployed.deployment import NIGHT, Deployment, eventually
from tests.deployed.test_running import PATIENCE

pytestmark = pytest.mark.built

ALARMS = {
    name: one["Properties"]
    for name, one in load_template().body["Resources"].items()
    if one["Type"] == "AWS::CloudWatch::Alarm"
}


def described(deployment: Deployment, name: str) -> dict[str, Any]:
    names = [deployment.resources[name]]
    [alarm] = deployment.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return alarm


def dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in alarm["Dimensions"]}


def test_the_topic_wakes_whom_the_parameters_name(deployment: Deployment) -> None:
    """Given an address and a number, then both are subscribed to the topic."""
    topic = deployment.outputs["CriticalTopicArn"]
    found = deployment.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {(one["Protocol"], one["Endpoint"]) for one in found} >= {
        ("email", NIGHT),
        ("sms", deployment.parameters["CriticalPhone"]),
    }


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_every_alarm_watches_an_existing_resource(deployment: Deployment, name: str) -> None:
    """Given an alarm, then what its dimensions name stands in the stack, and it is on."""
    alarm = described(deployment, name)
    there = {"pulse", *(one.rpartition("/")[2] for one in deployment.resources.values())}
    assert set(dimensions(alarm).values()) <= there
    assert alarm["ActionsEnabled"]
    assert alarm["AlarmActions"] == [deployment.outputs["CriticalTopicArn"]]


@pytest.mark.clock
@pytest.mark.parametrize(
    "name", [name for name, one in ALARMS.items() if one["Namespace"] == "Pulse"]
)
def test_the_functions_count_what_it_watches(deployment: Deployment, name: str) -> None:
    """Given some minutes of work, then the log holds the metric with the alarm's dimensions."""
    alarm = described(deployment, name)

    def counted() -> bool:
        found = [json.loads(line) for line in deployment.logged('"_aws"')]
        return any(_metric(one, alarm["MetricName"]) == dimensions(alarm) for one in found)

    assert eventually(counted, deployment.until(PATIENCE))


@pytest.mark.clock(last=True)  # after test_running: its doctor fails on alarms that have gone off
@pytest.mark.parametrize("name", sorted(ALARMS))
def test_every_alarm_goes_off(deployment: Deployment, name: str) -> None:
    """Given its metric past the threshold, then it goes into ALARM, and the topic says so."""
    alarm, url = described(deployment, name), _subscribed(deployment, name)
    step = 1 if alarm["ComparisonOperator"].startswith("GreaterThan") else -1
    deployment.client("cloudwatch").put_metric_data(
        Namespace=alarm["Namespace"],
        MetricData=[
            {
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm["Dimensions"],
                "Value": alarm["Threshold"] + step,
            }
        ],
    )
    assert described(deployment, name)["StateValue"] == "ALARM"
    heard = eventually(lambda: deployment.receive(url), within=10)
    told = [json.loads(json.loads(body)["Message"]) for body in heard]
    assert (alarm["AlarmName"], "ALARM") in [(o["AlarmName"], o["NewStateValue"]) for o in told]


def _subscribed(deployment: Deployment, name: str) -> str:
    """Give a queue that hears the topic; the alarm is quiet before."""
    sqs = deployment.client("sqs")
    url = sqs.create_queue(QueueName=f"hears-{name}")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic, arn = deployment.outputs["CriticalTopicArn"], found["QueueArn"]
    deployment.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    deployment.client("cloudwatch").set_alarm_state(
        AlarmName=deployment.resources[name], StateValue="OK", StateReason="so that it can ring"
    )
    return str(url)


def _metric(line: dict[str, Any], name: str) -> dict[str, str] | None:
    """The dimensions under which a line of the log counts a metric, if it does."""
    for one in line["_aws"]["CloudWatchMetrics"]:
        if one["Namespace"] == "Pulse" and name in [metric["Name"] for metric in one["Metrics"]]:
            [keys] = one["Dimensions"]
            return {key: line[key] for key in keys}
    return None
