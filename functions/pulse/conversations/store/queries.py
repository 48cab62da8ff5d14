"""Reading conversations: with all their facts, their states alone, or by way of the index."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pulse.conversations.facts import ConversationKey, Mention, Reply
from pulse.conversations.fold import State
from pulse.conversations.store.changes import StoredConversation
from pulse.conversations.store.codec import (
    STATE,
    InconsistentItemError,
    conversation_pk,
    day_index_ranges,
    fact_of,
    is_fact,
    key_from_pk,
    state_of,
)
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, sortable_time
from pulse.dynamodb.table import Table


class ConversationQueries:
    """Reads conversations and writes nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.pause = table.pause

    def load(self, keys: Iterable[ConversationKey]) -> dict[ConversationKey, StoredConversation]:
        """Return the conversations with all their facts; one that is not there has revision 0.

        Raises:
            InconsistentItemError: as `load_one`.
        """
        return {key: self.load_one(key, head) for key, head in self.heads(keys).items()}

    def states(self, keys: Iterable[ConversationKey]) -> dict[ConversationKey, State]:
        """Return the states of the conversations that exist."""
        wanted = {ItemKey(conversation_pk(k), STATE): k for k in keys}
        found = self._table.get_many(wanted)
        return {wanted[at]: state_of(item) for at, item in found.items()}

    def due(self, company: str, now: datetime) -> Iterator[ConversationKey]:
        """Yield the open conversations that need attention by `now`, longest due first."""
        for item in self._table.query_index(
            keys.open_index(company), high=sortable_time(now) + "~"
        ):
            yield key_from_pk(item["pk"])

    def next_due(self, company: str) -> datetime | None:
        """Return when the next open conversation needs attention; None if there is none."""
        first = next(self._table.query_index(keys.open_index(company), limit=1), None)
        return state_of(first).attention_at if first else None

    def open(self, company: str) -> dict[ConversationKey, State]:
        """Return all open conversations by the index, which may be a moment behind the table."""
        items = self._table.query_index(keys.open_index(company))
        return {key_from_pk(item["pk"]): state_of(item) for item in items}

    def published(
        self, company: str, start: datetime, end: datetime
    ) -> Iterator[tuple[ConversationKey, Mention | Reply]]:
        """Yield mentions and replies published in [start, end), by time; each version is one."""
        for key_range in day_index_ranges(company, start, end):
            for item in self._table.query_index(*key_range):
                fact = fact_of(item) if is_fact(item) else None
                if isinstance(fact, (Mention, Reply)) and start <= fact.at < end:
                    yield key_from_pk(item["pk"]), fact

    def heads(self, keys: Iterable[ConversationKey]) -> dict[ConversationKey, Item | None]:
        """Return the items of the states, which hold the revisions; None where there is none."""
        ats = {ItemKey(conversation_pk(key), STATE): key for key in keys}
        found = self._table.get_many(ats)
        return {key: found.get(at) for at, key in ats.items()}

    def load_one(self, key: ConversationKey, head: Item | None) -> StoredConversation:
        """Return a conversation with all its facts; its head must have been read before.

        Raises:
            InconsistentItemError: the state is open and not in the index, or the reverse.
        """
        if head is None:
            return StoredConversation(key, 0, State(status=None), (), {})
        # What `flag` reads are the items in the index, so a state that is open and not there would
        # never be flagged. State and facts are not compared here: between the two reads another
        # writer may add facts, or remove some, and then the condition on the revision fails.
        state = state_of(head)
        if ("gpk" in head) != (state.status == "open"):
            raise InconsistentItemError(f"{head['pk']} is {state.status}, unlike in the index")
        items = [i for i in self._table.query(conversation_pk(key)) if is_fact(i)]
        return StoredConversation(
            key,
            head["rev"],
            state,
            tuple(fact_of(item) for item in items),
            {item["sk"]: item.get("ttl") for item in items},
            "partly" in head,
            head.get("ttl"),
        )
