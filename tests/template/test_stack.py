"""The stack that is built from the template for replay, tests and `pulse local`."""

import json
import os
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from pulse_cli.laptop import local_env
from pulse_cli.laptop.sam import ROOT
from pulse_cli.simulated_aws.local_stack import create_stack, load_template
from pulse_cli.template import parse_template


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
    with mock_aws():
        yield boto3.Session("test", "test", region_name="us-east-1")


def test_each_function_gets_what_lambda_would_give_it(aws: boto3.Session) -> None:
    stack = create_stack(load_template(), aws, "acme")
    assert set(stack.env) == set(stack.functions)
    assert stack.env["dispatch"]["PULSE_POLL_QUEUE"].endswith("/acme-poll.fifo")
    assert stack.env["poll"]["PULSE_TOKENS"] == "/pulse/acme/tokens"
    assert stack.env["send"]["PULSE_SENDER"] == "pulse@example.com"
    assert stack.env["send"]["PULSE_CRITICAL_TOPIC"] == stack.outputs["CriticalTopicArn"]
    assert stack.env["send"]["PULSE_CONFIGURATION_SET"] == "acme"
    assert stack.env["dispatch"]["PULSE_BLIND_MINUTES"] == "10"
    assert all(env["PULSE_TABLE"] == stack.table for env in stack.env.values())


def test_parameters_reach_the_environment(aws: boto3.Session) -> None:
    template = load_template(parameters={"XUrl": "http://127.0.0.1:1", "ConfigurationSet": "mine"})
    env = create_stack(template, aws).env["send"]
    assert env["PULSE_X_URL"] == "http://127.0.0.1:1"
    assert env["PULSE_CONFIGURATION_SET"] == "mine"


def test_the_table_is_the_templates(aws: boto3.Session) -> None:
    stack = create_stack(session=aws)
    table = aws.client("dynamodb").describe_table(TableName=stack.table)["Table"]
    assert [one["AttributeName"] for one in table["KeySchema"]] == ["pk", "sk"]
    [index] = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == stack.env["flag"]["PULSE_INDEX"]


def test_the_table_outlives_its_stack(aws: boto3.Session) -> None:
    """If the stack is deleted, the table and its items stay."""
    stack, client = create_stack(session=aws), aws.client("dynamodb")
    item = {"pk": {"S": "settings"}, "sk": {"S": "current"}}
    client.put_item(TableName=stack.table, Item=item)
    aws.client("cloudformation").delete_stack(StackName=stack.name)
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    assert client.scan(TableName=stack.table)["Items"] == [item]


def test_the_queue_has_its_dead_letters(aws: boto3.Session) -> None:
    queue = create_stack(session=aws).functions["poll"].queue
    assert queue
    sqs = aws.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["All"])["Attributes"]
    assert int(attributes["VisibilityTimeout"]) == queue.visibility_timeout
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(queue.dead_letters_url.rpartition("/")[2])


def test_several_stacks_side_by_side(aws: boto3.Session) -> None:
    template = load_template()
    stacks = [create_stack(template, aws, f"company-{number}") for number in range(3)]
    assert len({stack.table for stack in stacks}) == 3
    assert len({stack.env["dispatch"]["PULSE_POLL_QUEUE"] for stack in stacks}) == 3


def test_reading_the_template_needs_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    assert load_template(parameters={"Senders": "other@example.com"}).functions


def test_short_forms_are_expanded() -> None:
    text = "{a: !Ref B, c: !GetAtt D.E.F, g: !Sub 'x${H}', i: !If [J, !Ref K, 1]}"
    assert parse_template(text) == {
        "a": {"Ref": "B"},
        "c": {"Fn::GetAtt": ["D", "E.F"]},
        "g": {"Fn::Sub": "x${H}"},
        "i": {"Fn::If": ["J", {"Ref": "K"}, 1]},
    }


def test_the_sample_environment_is_that_of_pulse_local(aws: boto3.Session) -> None:
    addresses = {
        "XUrl": f"http://127.0.0.1:{local_env.X_PORT}",
        "AwsUrl": f"http://127.0.0.1:{local_env.AWS_PORT}",
    }
    stack = create_stack(load_template(parameters=addresses), aws)
    assert json.loads(local_env.SAMPLE.read_text()) == local_env.variables_by_resource(stack)


def test_every_function_has_a_sample_event() -> None:
    events = {path.stem: json.loads(path.read_text()) for path in _EVENTS.glob("*.json")}
    assert set(events) == set(load_template().functions)
    for name, function in load_template().functions.items():
        assert ("Records" in events[name]) == bool(function.queue or function.topic)


_EVENTS = ROOT / "infra" / "events"
