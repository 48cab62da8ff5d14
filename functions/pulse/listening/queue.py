"""The FIFO queue of polls: one group an account, so none is read twice at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulse.listening.tasks import PollTask

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

_AT_ONCE = 10


class PollQueue:
    """Tasks go in here; the event source of the poll function takes them out."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, tasks: Sequence[PollTask]) -> None:
        """Send every task; the same account, kind and minute counts once.

        What SQS does not take for reasons of its own is sent once more. RuntimeError, when all
        others are sent, says how many it did not take.
        """
        entries = [_entry(number, task) for number, task in enumerate(tasks)]
        failed = self._send(entries)
        again = {one["Id"] for one in failed if not one["SenderFault"]}
        failed = [one for one in failed if one["Id"] not in again]
        failed += self._send([entry for entry in entries if entry["Id"] in again])
        if failed:
            raise RuntimeError(
                f"SQS did not accept {len(failed)} tasks: {failed[0].get('Message')}"
            )

    def _send(
        self, entries: Sequence[SendMessageBatchRequestEntryTypeDef]
    ) -> list[BatchResultErrorEntryTypeDef]:
        """Send these, whatever becomes of each; returns what was not taken."""
        failed: list[BatchResultErrorEntryTypeDef] = []
        for start in range(0, len(entries), _AT_ONCE):
            some = entries[start : start + _AT_ONCE]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=some)
            failed += answer.get("Failed", [])
        return failed


def task_of(record: Mapping[str, Any]) -> PollTask:
    """The task in a message, as the event source hands it over."""
    raw = json.loads(record["body"])
    received = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    return PollTask(
        raw["company"],
        raw["account_id"],
        raw["kind"],
        datetime.fromisoformat(raw["minute"]),
        retried=received > 1,
    )


def _entry(number: int, task: PollTask) -> SendMessageBatchRequestEntryTypeDef:
    return {
        "Id": str(number),
        "MessageBody": _body(task),
        "MessageGroupId": task.account_id,
        "MessageDeduplicationId": f"{task.account_id}-{task.kind}-{task.minute:%Y%m%dT%H%M}",
    }


def _body(task: PollTask) -> str:
    return json.dumps(
        {
            "company": task.company,
            "account_id": task.account_id,
            "kind": task.kind,
            "minute": task.minute.isoformat(),
        }
    )
