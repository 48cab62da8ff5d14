"""The event source of `poll`, played on the real queue: one message at a time, as deployed."""

from collections.abc import Callable
from typing import Any

from pulse_cli.replay.lambda_service import InvocationError
from pulse_cli.simulated_aws.local_stack import Function


class EventSource:
    """Takes a message, invokes, and deletes it if that went well; else it comes back."""

    def __init__(self, sqs: Any, function: Function, invoke: Callable[[str, Any], Any]) -> None:
        if function.queue is None:
            raise ValueError(f"no queue feeds {function.name}")
        self._sqs = sqs
        self._name = function.name
        self._queue = function.queue
        self._invoke = invoke
        self.results: list[Any] = []

    def process_one(self) -> bool:
        """Take what is next; False when there is nothing that may be taken now."""
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
        """Go on until nothing may be taken; what the invocations returned."""
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
