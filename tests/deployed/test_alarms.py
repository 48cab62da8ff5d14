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


def described(house: Deployment, name: str) -> dict[str, Any]:
    names = [house.resources[name]]
    [alarm] = house.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return alarm


def dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in alarm["Dimensions"]}


def test_the_topic_wakes_whom_the_parameters_name(house: Deployment) -> None:
    """Given an address and a number, then both are subscribed to the topic."""
    topic = house.outputs["CriticalTopicArn"]
    found = house.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {(one["Protocol"], one["Endpoint"]) for one in found} >= {
        ("email", NIGHT),
        ("sms", house.parameters["CriticalPhone"]),
    }


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_it_watches_something_that_is_there(house: Deployment, name: str) -> None:
    """Given an alarm, then what its dimensions name stands in the stack, and it is on."""
    alarm = described(house, name)
    there = {"pulse", *(one.rpartition("/")[2] for one in house.resources.values())}
    assert set(dimensions(alarm).values()) <= there
    assert alarm["ActionsEnabled"]
    assert alarm["AlarmActions"] == [house.outputs["CriticalTopicArn"]]


@pytest.mark.clock
@pytest.mark.parametrize(
    "name", [name for name, one in ALARMS.items() if one["Namespace"] == "Pulse"]
)
def test_the_functions_count_what_it_watches(house: Deployment, name: str) -> None:
    """Given some minutes of work, then the log holds the metric with the alarm's dimensions."""
    alarm = described(house, name)

    def counted() -> bool:
        found = [json.loads(line) for line in house.logged('"_aws"')]
        return any(_metric(one, alarm["MetricName"]) == dimensions(alarm) for one in found)

    assert eventually(counted, house.until(PATIENCE))


@pytest.mark.clock  # after those of the whole house: the doctor names what rings
@pytest.mark.parametrize("name", sorted(ALARMS))
def test_it_rings(house: Deployment, name: str) -> None:
    """Given its metric past the threshold, then it goes into ALARM, and the topic says so."""
    alarm, url = described(house, name), _subscribed(house, name)
    step = 1 if alarm["ComparisonOperator"].startswith("GreaterThan") else -1
    house.client("cloudwatch").put_metric_data(
        Namespace=alarm["Namespace"],
        MetricData=[
            {
                "MetricName": alarm["MetricName"],
                "Dimensions": alarm["Dimensions"],
                "Value": alarm["Threshold"] + step,
            }
        ],
    )
    assert described(house, name)["StateValue"] == "ALARM"
    heard = eventually(lambda: house.receive(url), within=10)
    told = [json.loads(json.loads(body)["Message"]) for body in heard]
    assert (alarm["AlarmName"], "ALARM") in [(o["AlarmName"], o["NewStateValue"]) for o in told]


def _subscribed(house: Deployment, name: str) -> str:
    """Give a queue that hears the topic; the alarm is quiet before."""
    sqs = house.client("sqs")
    url = sqs.create_queue(QueueName=f"hears-{name}")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic, arn = house.outputs["CriticalTopicArn"], found["QueueArn"]
    house.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    house.client("cloudwatch").set_alarm_state(
        AlarmName=house.resources[name], StateValue="OK", StateReason="so that it can ring"
    )
    return str(url)


def _metric(line: dict[str, Any], name: str) -> dict[str, str] | None:
    """The dimensions under which a line of the log counts a metric, if it does."""
    for one in line["_aws"]["CloudWatchMetrics"]:
        if one["Namespace"] == "Pulse" and name in [metric["Name"] for metric in one["Metrics"]]:
            [keys] = one["Dimensions"]
            return {key: line[key] for key in keys}
    return None
