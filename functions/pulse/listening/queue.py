"""The FIFO queue of poll tasks: a group for each account, so that none is read twice at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pulse.kernel.batching import batched
from pulse.listening.tasks import PollTask

_AT_ONCE = 10
"""Messages that SQS takes in one request."""


class PollQueue:
    """Tasks are put in here; the event source of the poll function takes them out."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, tasks: Sequence[PollTask]) -> None:
        """Send every task; the same account, kind and minute counts once.

        Raises:
            RuntimeError: SQS did not take some tasks; all others are sent.
        """
        # In a batch SQS may refuse some messages and take others. One that it refuses for reasons
        # of its own is sent once more now: accounts would lose a minute until the next dispatch.
        messages = [_message(number, task) for number, task in enumerate(tasks)]
        failed = self._send(messages)
        again = {one["Id"] for one in failed if not one["SenderFault"]}
        failed = [one for one in failed if one["Id"] not in again]
        failed += self._send([message for message in messages if message["Id"] in again])
        if failed:
            why = failed[0].get("Message")
            raise RuntimeError(f"SQS did not accept {len(failed)} tasks: {why}")

    def _send(self, messages: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
        """Send these in batches; returns what SQS did not take."""
        failed: list[dict[str, Any]] = []
        for batch in batched(messages, _AT_ONCE):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=batch)
            failed += answer.get("Failed", [])
        return failed


def task_of(record: Mapping[str, Any]) -> PollTask:
    """Return the task in a message, as the event source hands it over."""
    raw = json.loads(record["body"])
    received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    minute = datetime.fromisoformat(raw["minute"])
    return PollTask(**{**raw, "minute": minute, "retried": received > 1})


def _message(number: int, task: PollTask) -> dict[str, str]:
    return {
        "Id": str(number),
        "MessageBody": json.dumps(asdict(task), default=datetime.isoformat),
        "MessageGroupId": task.account_id,
        # Two dispatches of one minute, as at-least-once schedules have them, make one poll.
        "MessageDeduplicationId": f"{task.account_id}-{task.kind}-{task.minute:%Y%m%dT%H%M}",
    }
