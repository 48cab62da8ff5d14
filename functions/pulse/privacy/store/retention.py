"""A changed retention reaches what is stored: the time to live of items is written anew."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from pulse.conversations.facts import ConversationKey
from pulse.conversations.store.codec import ttl_of
from pulse.conversations.store.conversations import ATTEMPTS, ConversationStore
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.optimistic import attempts
from pulse.dynamodb.table import Table
from pulse.kernel.errors import ContentionError
from pulse.kernel.policy import Policy
from pulse.kernel.time import day_bounds


class RetentionStore:
    """Writes only items whose time to live is not as the retention has it."""

    def __init__(self, table: Table, conversations: ConversationStore) -> None:
        self._table = table
        self._conversations = conversations

    def apply_to_conversations(
        self,
        keys: Iterable[ConversationKey],
        policy: Policy,
        retention: timedelta | None,
        now: datetime,
    ) -> int:
        """Give these conversations the time to live of the retention; return how many changed.

        Raises:
            ContentionError: other writers were faster every time. What was written so far stays.
        """
        return sum(
            self._apply_to_conversation(key, policy, retention, now) for key in dict.fromkeys(keys)
        )

    def apply_to_own_posts(self, company: str, day: date, retention: timedelta | None) -> int:
        """Do so for the own posts of a UTC day that answer no customer; return how many changed."""
        moment, _ = day_bounds(day)
        written = 0
        for item in self._table.query_index(keys.day_index(company, moment)):
            if item["pk"] == keys.own_posts(company):
                at = datetime.fromisoformat(item["at"])
                ttl = int((at + retention).timestamp()) if retention else None
                if item.get("ttl") != ttl:
                    key = ItemKey(item["pk"], item["sk"])
                    # DynamoDB may have removed the post meanwhile; without the condition, the
                    # update would bring back an item of nothing but a time to live.
                    exists = "attribute_exists(pk)"
                    written += self._table.update(key, {"ttl": ttl}, condition=exists) is not None
        return written

    def _apply_to_conversation(
        self, key: ConversationKey, policy: Policy, retention: timedelta | None, now: datetime
    ) -> bool:
        exhausted = ContentionError(f"1 conversation, {key}")
        for attempt in attempts(ATTEMPTS, exhausted, self._table.pause):
            with attempt:
                loaded = self._conversations.load([key])[key]
                wanted = ttl_of(loaded.state, retention)
                # An expired conversation is left alone: it must not live again (D-040).
                ttls = loaded.without_expired(now).ttls.values()
                if not loaded.unfinished and all(ttl == wanted for ttl in ttls):
                    return False
                # With no fact to remove, this writes the state and the time to live of its facts.
                self._conversations.remove_facts(loaded, (), policy, retention, now)
        return True
