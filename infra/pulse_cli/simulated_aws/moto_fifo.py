"""Corrects moto's FIFO queues where they differ from SQS.

In moto, if several messages of a group were received and their time-outs passed, only the last
becomes visible again; here all do, in their order, one after the other. In moto, deleting a message
also deletes its deduplication id; here an id is accepted once in five minutes, as in SQS. A message
is visible again at the moment when its time-out ends, not only after it.
"""

from __future__ import annotations

from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import DEDUPLICATION_TIME_IN_SECONDS, Message, Queue

_Queue: Any = Queue
_Message: Any = Message
_KEPT_MS = DEDUPLICATION_TIME_IN_SECONDS * 1000
_add = _Queue.add_message


def install() -> None:
    """Patch moto for this process; a second call changes nothing."""
    _Queue.add_message = _add_once
    _Queue.pending_message_groups = property(_groups_in_flight)
    _Message.visible = property(_visible)


def _add_once(self: Any, message: Any) -> None:
    if not self.fifo_queue or not message.deduplication_id:
        _add(self, message)
        return
    now = message.sent_timestamp
    recent = {i: at for i, at in getattr(self, "recent", {}).items() if now - at < _KEPT_MS}
    if message.deduplication_id not in recent:
        recent[message.deduplication_id] = now
        _add(self, message)
    self.recent = recent


def _groups_in_flight(self: Any) -> set[str]:
    pending = self.pending_messages
    return {m.group_id for m in pending if m.group_id is not None and not m.visible}


def _visible(self: Any) -> bool:
    return bool(unix_time_millis() >= self.visible_at)
