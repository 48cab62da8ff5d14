"""The patched FIFO queues of moto do what SQS documents, as those of ministack do."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import time_machine
from moto import mock_aws

from pulse_cli.simulated_aws import moto_speed
from tests.ministack import ministack

_TIMEOUT = 2


@dataclass
class Fifo:
    """A queue with a visibility time-out of two seconds, and a way to let time pass."""

    sqs: Any
    url: str
    pass_by: Callable[[float], None]

    def send(self, group: str, body: str) -> None:
        self.sqs.send_message(
            QueueUrl=self.url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body
        )

    def receive(self) -> list[tuple[str, str]]:
        """The body and receipt of one message, if there is one."""
        got = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=1)
        return [(m["Body"], m["ReceiptHandle"]) for m in got.get("Messages", [])]

    def delete(self, receipt: str) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    def bodies(self) -> list[str]:
        """The bodies of all messages that can be received; each is deleted."""
        found = []
        while got := self.receive():
            found.append(got[0][0])
            self.delete(got[0][1])
        return found


@pytest.fixture(params=["moto", "ministack"])
def fifo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fifo]:
    def make_fifo(sqs: Any, pass_by: Callable[[float], None]) -> Fifo:
        attributes = {"FifoQueue": "true", "VisibilityTimeout": str(_TIMEOUT)}
        queue = sqs.create_queue(QueueName="polls.fifo", Attributes=attributes)
        return Fifo(sqs, queue["QueueUrl"], pass_by)

    if request.param == "ministack":
        with ministack(tmp_path) as there:
            yield make_fifo(there.client("sqs"), time.sleep)
        return
    with mock_aws(), time_machine.travel("2030-05-14T09:00:00Z", tick=False) as clock:
        moto_speed.install()
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        sqs = boto3.client("sqs", region_name="us-east-1", **keys)
        yield make_fifo(sqs, clock.shift)


def test_messages_of_a_group_return_in_their_order(fifo: Fifo) -> None:
    """A received message blocks its group; if it is not deleted in time, all return in order."""
    for text in ("first", "second", "third"):
        fifo.send("a", text)
    [(body, _)] = fifo.receive()
    assert body == "first"
    assert fifo.receive() == []
    fifo.send("b", "other")
    assert fifo.bodies() == ["other"]
    fifo.pass_by(_TIMEOUT)
    assert fifo.bodies() == ["first", "second", "third"]


def test_all_received_messages_return(fifo: Fifo) -> None:
    """Three messages received at once and not deleted all return after the time-out."""
    for text in ("first", "second", "third"):
        fifo.send("a", text)
    got = fifo.sqs.receive_message(QueueUrl=fifo.url, MaxNumberOfMessages=10)
    assert len(got["Messages"]) == 3
    fifo.pass_by(_TIMEOUT)
    assert fifo.bodies() == ["first", "second", "third"]


def test_the_same_id_counts_once_even_after_deletion(fifo: Fifo) -> None:
    """If a message was received and deleted, sending it again adds nothing to the queue."""
    fifo.send("a", "once")
    assert fifo.bodies() == ["once"]
    fifo.send("a", "once")
    assert fifo.bodies() == []
    fifo.send("a", "more")
    assert fifo.bodies() == ["more"]
