"""The SQS event source of `poll` on the real queue: one message at a time, as deployed."""

from collections.abc import Callable
from typing import Any

from pulse_cli.replay.lambda_service import InvocationError
from pulse_cli.simulated_aws.local_stack import Function


class EventSource:
    """Receives a message, invokes the function, and deletes the message if that succeeded."""

    def __init__(self, sqs: Any, function: Function, invoke: Callable[[str, Any], Any]) -> None:
        if function.queue is None:
            raise ValueError(f"no queue feeds {function.name}")
        self._sqs = sqs
        self._name = function.name
        self._queue = function.queue
        self._invoke = invoke
        self.results: list[Any] = []

    def process_one(self) -> bool:
        """Process the next message; returns False when none can be received now."""
        answer = self._sqs.receive_message(
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=self._queue.batch_size,
            AttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return False
        try:
            result = self._invoke(self._name, {"Records": [_record(m) for m in messages]})
        except InvocationError:
            return True
        self.results.append(result)
        for message in messages:
            self._sqs.delete_message(
                QueueUrl=self._queue.url, ReceiptHandle=message["ReceiptHandle"]
            )
        return True

    def drain(self) -> list[Any]:
        """Process messages until none can be received; returns what the invocations returned."""
        before = len(self.results)
        while self.process_one():
            pass
        return self.results[before:]


def _record(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "eventSource": "aws:sqs",
    }
