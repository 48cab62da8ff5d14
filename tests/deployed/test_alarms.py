"""Alarms of a deployed stack: what they watch exists, and they reach the people on call.

ministack takes no metrics from logs and has none of its queues. It evaluates alarms only when a
metric is put, and then by its name, not its dimensions. So the tests compare the dimensions, and
put each metric themselves.
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


def test_the_topic_reaches_the_contacts_of_the_parameters(deployment: Deployment) -> None:
    """The address and the phone number of the parameters are subscribed to the topic."""
    topic = deployment.outputs["CriticalTopicArn"]
    found = deployment.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {(one["Protocol"], one["Endpoint"]) for one in found} >= {
        ("email", NIGHT),
        ("sms", deployment.parameters["CriticalPhone"]),
    }


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_every_alarm_watches_an_existing_resource(deployment: Deployment, name: str) -> None:
    """The dimensions of the alarm name a resource of the stack, and its actions are enabled."""
    alarm = described(deployment, name)
    existing = {"pulse", *(one.rpartition("/")[2] for one in deployment.resources.values())}
    assert set(dimensions(alarm).values()) <= existing
    assert alarm["ActionsEnabled"]
    assert alarm["AlarmActions"] == [deployment.outputs["CriticalTopicArn"]]


@pytest.mark.clock
@pytest.mark.parametrize(
    "name", [name for name, one in ALARMS.items() if one["Namespace"] == "Pulse"]
)
def test_the_functions_write_the_metric_that_it_watches(deployment: Deployment, name: str) -> None:
    """After some minutes of work, the log contains the metric with the alarm's dimensions."""
    alarm = described(deployment, name)

    def counted() -> bool:
        found = [json.loads(line) for line in deployment.logged('"_aws"')]
        return any(_metric(one, alarm["MetricName"]) == dimensions(alarm) for one in found)

    assert eventually(counted, deployment.until(PATIENCE))


@pytest.mark.clock(last=True)  # after test_running: its doctor fails on alarms that have gone off
@pytest.mark.parametrize("name", sorted(ALARMS))
def test_every_alarm_goes_off(deployment: Deployment, name: str) -> None:
    """If its metric passes the threshold, the alarm enters ALARM, and the topic publishes this."""
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
    bodies = eventually(lambda: deployment.receive(url), within=10)
    messages = [json.loads(json.loads(body)["Message"]) for body in bodies]
    assert (alarm["AlarmName"], "ALARM") in [(o["AlarmName"], o["NewStateValue"]) for o in messages]


def _subscribed(deployment: Deployment, name: str) -> str:
    """Subscribe a queue to the topic and reset the alarm; return the queue's URL."""
    sqs = deployment.client("sqs")
    url = sqs.create_queue(QueueName=f"alarm-{name}")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic, arn = deployment.outputs["CriticalTopicArn"], found["QueueArn"]
    deployment.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    deployment.client("cloudwatch").set_alarm_state(
        AlarmName=deployment.resources[name], StateValue="OK", StateReason="so that it can go off"
    )
    return str(url)


def _metric(line: dict[str, Any], name: str) -> dict[str, str] | None:
    """Return the dimensions of the metric in a line of the log, if the line has it."""
    for one in line["_aws"]["CloudWatchMetrics"]:
        if one["Namespace"] == "Pulse" and name in [metric["Name"] for metric in one["Metrics"]]:
            [keys] = one["Dimensions"]
            return {key: line[key] for key in keys}
    return None
