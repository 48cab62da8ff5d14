"""moto's FIFO queues, mended, do what SQS documents, and what ministack's do."""

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
    """A queue whose time-out is two seconds, and a way to let time pass."""

    sqs: Any
    url: str
    pass_by: Callable[[float], None]

    def send(self, group: str, said: str) -> None:
        self.sqs.send_message(
            QueueUrl=self.url, MessageBody=said, MessageGroupId=group, MessageDeduplicationId=said
        )

    def receive(self) -> list[tuple[str, str]]:
        """One message, if there is one: its body, and what deletes it."""
        got = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=1)
        return [(m["Body"], m["ReceiptHandle"]) for m in got.get("Messages", [])]

    def delete(self, receipt: str) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)

    def bodies(self) -> list[str]:
        """All that can be had, each deleted once it is."""
        found = []
        while got := self.receive():
            found.append(got[0][0])
            self.delete(got[0][1])
        return found


@pytest.fixture(params=["moto", "ministack"])
def fifo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fifo]:
    def made(sqs: Any, pass_by: Callable[[float], None]) -> Fifo:
        attributes = {"FifoQueue": "true", "VisibilityTimeout": str(_TIMEOUT)}
        made = sqs.create_queue(QueueName="polls.fifo", Attributes=attributes)
        return Fifo(sqs, made["QueueUrl"], pass_by)

    if request.param == "ministack":
        with ministack(tmp_path) as there:
            yield made(there.client("sqs"), time.sleep)
        return
    with mock_aws(), time_machine.travel("2030-05-14T09:00:00Z", tick=False) as clock:
        moto_speed.install()
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        sqs = boto3.client("sqs", region_name="us-east-1", **keys)
        yield made(sqs, clock.shift)


def test_messages_of_a_group_come_back_in_their_order(fifo: Fifo) -> None:
    """Given one received and not deleted, then its group waits; after the time-out all come."""
    for said in ("first", "second", "third"):
        fifo.send("a", said)
    [(body, _)] = fifo.receive()
    assert body == "first"
    assert fifo.receive() == []
    fifo.send("b", "other")
    assert fifo.bodies() == ["other"]
    fifo.pass_by(_TIMEOUT)
    assert fifo.bodies() == ["first", "second", "third"]


def test_all_that_was_received_comes_back(fifo: Fifo) -> None:
    """Given three received at once and none deleted, then all come back after the time-out."""
    for said in ("first", "second", "third"):
        fifo.send("a", said)
    got = fifo.sqs.receive_message(QueueUrl=fifo.url, MaxNumberOfMessages=10)
    assert len(got["Messages"]) == 3
    fifo.pass_by(_TIMEOUT)
    assert fifo.bodies() == ["first", "second", "third"]


def test_the_same_id_counts_once_though_it_was_deleted(fifo: Fifo) -> None:
    """Given a message received and deleted, when it is sent again, then the queue stays empty."""
    fifo.send("a", "once")
    assert fifo.bodies() == ["once"]
    fifo.send("a", "once")
    assert fifo.bodies() == []
    fifo.send("a", "more")
    assert fifo.bodies() == ["more"]
