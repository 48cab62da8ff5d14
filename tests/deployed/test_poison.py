"""A message that fails at every attempt ends in a queue that an alarm watches."""

import json

import pytest

from pulse_cli.template import load_template
from tests.deployed.deployment import Deployment, eventually

pytestmark = pytest.mark.built

QUEUES = {one.name: one.queue for one in load_template().functions.values() if one.queue}
POISON = "nothing that anybody can read"
SOON = 3
"""Seconds that a message stays hidden after an attempt; five minutes would be too long here."""
PATIENCE = 120


@pytest.mark.parametrize("name", sorted(QUEUES))
def test_poison_is_given_up_after_as_many_tries_as_the_template_says(
    deployment: Deployment, name: str
) -> None:
    """A message that the function cannot read becomes a dead letter after its last attempt.

    ministack's CloudFormation ignores the redrive policy of a queue, so the test sets it.
    """
    queue, sqs = QUEUES[name], deployment.client("sqs")
    url, dead_letters = (
        deployment.resources[queue.resource],
        deployment.resources[queue.dead_letters],
    )
    found = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])[
        "Attributes"
    ]
    redrive = {
        "deadLetterTargetArn": found["QueueArn"],
        "maxReceiveCount": str(queue.max_receive_count),
    }
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={"VisibilityTimeout": str(SOON), "RedrivePolicy": json.dumps(redrive)},
    )
    failed = len(deployment.logged("Traceback"))
    fifo = {"MessageGroupId": "poison", "MessageDeduplicationId": "poison"}
    sqs.send_message(QueueUrl=url, MessageBody=POISON, **(fifo if url.endswith(".fifo") else {}))
    assert eventually(lambda: deployment.receive(dead_letters), PATIENCE) == [POISON]
    assert len(deployment.logged("Traceback")) - failed == queue.max_receive_count
    sqs.purge_queue(QueueUrl=dead_letters)
