"""Conversations as they lie in the table: loaded whole, their states alone, or by the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from pulse.conversations.facts import ConversationKey, Mention, Reply
from pulse.conversations.fold import State
from pulse.conversations.store.changes import Loaded
from pulse.conversations.store.codec import (
    STATE,
    InconsistentItemError,
    conversation_pk,
    fact_of,
    is_fact,
    key_from_pk,
    published_in,
    state_of,
)
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, sortable_time
from pulse.dynamodb.table import Table


class ConversationQueries:
    """Reads conversations, and writes nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.pause = table.pause

    def load(self, keys: Iterable[ConversationKey]) -> dict[ConversationKey, Loaded]:
        """Revisions first, then every fact of each, consistent."""
        return {key: self.load_one(key, head) for key, head in self.heads(keys).items()}

    def states(self, keys: Iterable[ConversationKey]) -> dict[ConversationKey, State]:
        """The states alone, of those that exist."""
        wanted = {ItemKey(conversation_pk(k), STATE): k for k in keys}
        found = self._table.get_many(wanted)
        return {wanted[at]: state_of(item) for at, item in found.items()}

    def due(self, company: str, now: datetime) -> Iterator[ConversationKey]:
        """Open conversations that need attention by `now`, longest due first."""
        for item in self._table.query_index(
            keys.open_index(company), high=sortable_time(now) + "~"
        ):
            yield key_from_pk(item["pk"])

    def next_due(self, company: str) -> datetime | None:
        """When the next open conversation needs attention."""
        first = next(self._table.query_index(keys.open_index(company), limit=1), None)
        return state_of(first).attention_at if first else None

    def open(self, company: str) -> dict[ConversationKey, State]:
        """All open conversations. As the index says: a moment late at most."""
        items = self._table.query_index(keys.open_index(company))
        return {key_from_pk(item["pk"]): state_of(item) for item in items}

    def published(
        self, company: str, start: datetime, end: datetime
    ) -> Iterator[tuple[ConversationKey, Mention | Reply]]:
        """Mentions and replies published in [start, end), by day and time; each version."""
        for stretch in published_in(company, start, end):
            for item in self._table.query_index(*stretch):
                fact = fact_of(item) if is_fact(item) else None
                if isinstance(fact, (Mention, Reply)) and start <= fact.at < end:
                    yield key_from_pk(item["pk"]), fact

    def heads(self, keys: Iterable[ConversationKey]) -> dict[ConversationKey, Item | None]:
        """The items of the states, which hold the revisions; None where there is none yet."""
        ats = {ItemKey(conversation_pk(key), STATE): key for key in keys}
        found = self._table.get_many(ats)
        return {key: found.get(at) for at, key in ats.items()}

    def load_one(self, key: ConversationKey, head: Item | None) -> Loaded:
        """Every fact of one whose head was read before them, consistent."""
        if head is None:
            return Loaded(key, 0, State(status=None), (), {})
        # What `flag` reads are the items in the index, so a state that is open and not there would
        # never be flagged. State and facts are not compared here: between the two reads another
        # writer may add facts, or remove some, and then the condition on the revision fails.
        state = state_of(head)
        if ("gpk" in head) != (state.status == "open"):
            raise InconsistentItemError(f"{head['pk']} is {state.status}, unlike in the index")
        items = [i for i in self._table.query(conversation_pk(key)) if is_fact(i)]
        return Loaded(
            key,
            head["rev"],
            state,
            tuple(fact_of(item) for item in items),
            {item["sk"]: item.get("ttl") for item in items},
            "partly" in head,
            head.get("ttl"),
        )
