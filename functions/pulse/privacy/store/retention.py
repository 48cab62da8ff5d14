"""What is stored and not written any more gets the time to live that is now in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from pulse.conversations.facts import ConversationKey
from pulse.conversations.store.codec import ttl_of
from pulse.conversations.store.conversations import ATTEMPTS, ConversationStore
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.optimistic import attempts
from pulse.dynamodb.table import Table
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Policy


class RetentionStore:
    """Writes only what has another time to live than it should have."""

    def __init__(self, table: Table, conversations: ConversationStore) -> None:
        self._table = table
        self._conversations = conversations

    def of_conversations(
        self, keys: Iterable[ConversationKey], policy: Policy, keep: timedelta | None, now: datetime
    ) -> int:
        """Of these; returns how many were written. Raises `ContentionError`."""
        return sum(self._of_conversation(key, policy, keep, now) for key in dict.fromkeys(keys))

    def of_said(self, company: str, day: date, keep: timedelta | None) -> int:
        """Of the own posts of a UTC day that answer nobody; returns how many were written."""
        moment = datetime.combine(day, time(0), UTC)
        written = 0
        for item in self._table.query_index(keys.day_index(company, moment)):
            if item["pk"] == keys.own_posts(company):
                at = datetime.fromisoformat(item["at"])
                ttl = int((at + keep).timestamp()) if keep else None
                if item.get("ttl") != ttl:
                    key = ItemKey(item["pk"], item["sk"])
                    there = "attribute_exists(pk)"
                    written += self._table.update(key, {"ttl": ttl}, condition=there) is not None
        return written

    def _of_conversation(
        self, key: ConversationKey, policy: Policy, keep: timedelta | None, now: datetime
    ) -> bool:
        exhausted = ContentionError(f"1 conversation, {key}")
        for attempt in attempts(ATTEMPTS, exhausted, self._table.pause):
            with attempt:
                loaded = self._conversations.load([key])[key]
                ttl = ttl_of(loaded.state, keep)
                lives = loaded.living(now).ttls.values()
                if not loaded.partly and all(one == ttl for one in lives):
                    return False
                self._conversations.remove_facts(loaded, (), policy, keep, now)
        return True
