"""The template's stack on ministack, with queues whose messages return within seconds."""

import copy
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from pulse_cli.simulated_aws import local_stack as stacks
from pulse_cli.simulated_aws.local_stack import LocalStack, load_template
from tests.ministack import KEYS, Ministack, ministack

VISIBILITY = 2
"""Seconds after which a message that was received and not deleted can be received again."""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    """A ministack for the tests of a file; boto3 goes there."""
    folder = tmp_path_factory.mktemp("ministack")
    with pytest.MonkeyPatch.context() as env, ministack(folder) as running:
        for name, value in KEYS.items():
            env.setenv(name, value)
        env.setenv("AWS_ENDPOINT_URL", running.url)
        env.setenv("AWS_CONFIG_FILE", os.devnull)
        env.setenv("POWERTOOLS_LOG_LEVEL", "CRITICAL")
        env.setenv("POWERTOOLS_METRICS_DISABLED", "true")
        boto3.setup_default_session()
        yield running
        boto3.DEFAULT_SESSION = None


@pytest.fixture
def stack(aws: Ministack, request: pytest.FixtureRequest) -> LocalStack:
    """A stack of its own for each test; polls that were not processed return soon."""
    template = load_template()
    body = copy.deepcopy(template.body)
    body["Resources"]["PollQueue"]["Properties"]["VisibilityTimeout"] = VISIBILITY
    name = f"pulse{abs(hash(request.node.name)) % 10**6}"
    made = stacks.create_stack(replace(template, body=body), name=name)
    _redrive(made, body["Resources"]["PollQueue"]["Properties"]["RedrivePolicy"])
    return made


def _redrive(stack: LocalStack, policy: dict[str, Any]) -> None:
    """Set the template's redrive policy, which ministack's CloudFormation leaves out."""
    queue = stack.functions["poll"].queue
    assert queue is not None
    sqs = boto3.client("sqs")
    dead_letters = sqs.get_queue_attributes(
        QueueUrl=queue.dead_letters_url, AttributeNames=["QueueArn"]
    )
    redrive = {**policy, "deadLetterTargetArn": dead_letters["Attributes"]["QueueArn"]}
    sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": json.dumps(redrive)})
