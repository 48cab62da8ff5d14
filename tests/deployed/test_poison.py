"""A message that no try can work off ends where an alarm looks, and holds up nobody."""

import json

import pytest

from pulse_cli.template import load_template
from tests.deployed.deployment import Deployment, eventually

pytestmark = pytest.mark.built

FED = {one.name: one.queue for one in load_template().functions.values() if one.queue}
POISON = "nothing that anybody can read"
SOON = 3
"""Seconds that a message stays hidden after a try; three times five minutes is too long here."""
PATIENCE = 120


@pytest.mark.parametrize("name", sorted(FED))
def test_poison_is_given_up_after_as_many_tries_as_the_template_says(
    deployment: Deployment, name: str
) -> None:
    """Given a message that the function cannot read, when it has failed often, it is put aside.

    ministack's CloudFormation leaves a queue's redrive policy out; the template's is set here.
    """
    queue, sqs = FED[name], deployment.client("sqs")
    url, aside = deployment.resources[queue.resource], deployment.resources[queue.dead_letters]
    found = sqs.get_queue_attributes(QueueUrl=aside, AttributeNames=["QueueArn"])["Attributes"]
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
    assert eventually(lambda: deployment.receive(aside), PATIENCE) == [POISON]
    assert len(deployment.logged("Traceback")) - failed == queue.max_receive_count
    sqs.purge_queue(QueueUrl=aside)
