"""Reading conversations: by key, or by way of the index."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pulse.conversations.facts import ConversationKey, Mention, Reply
from pulse.conversations.fold import State
from pulse.conversations.store.documents import StoredConversation, key_from_pk, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import sortable_time
from pulse.dynamodb.table import Table
from pulse.kernel.company import Company


class ConversationQueries:
    """Reads conversations and writes nothing.

    The index may be a moment behind the table, so it only says where to look. Who is alerted of
    what depends on what is then read by key.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, wanted: Iterable[ConversationKey]) -> dict[ConversationKey, StoredConversation]:
        """Return the conversations as they are now; one that is not there has revision 0."""
        ats = {keys.document(*key): key for key in wanted}
        found = self._table.get_many(ats)
        return {
            key: stored_in(found[at]) if at in found else StoredConversation(key)
            for at, key in ats.items()
        }

    def states(
        self, wanted: Iterable[ConversationKey], company: Company
    ) -> dict[ConversationKey, State]:
        """Return the states of the conversations that exist."""
        loaded = self.load(wanted)
        return {key: one.state(company.policy) for key, one in loaded.items() if one.rev}

    def open(self, company: Company) -> dict[ConversationKey, State]:
        """Return all open conversations."""
        states = self.states(self.due(company), company)
        return {key: state for key, state in states.items() if state.status == "open"}

    def due(self, company: Company, now: datetime | None = None) -> list[ConversationKey]:
        """Return the open conversations that need attention by `now`, or all; longest due first."""
        high = sortable_time(now) + keys.LAST if now else keys.LAST
        marks = self._table.query_index(keys.open_index(company.name), high=high)
        return [key_from_pk(mark["pk"]) for mark in marks]

    def spoken_in_since(
        self, company: Company, start: datetime | None = None
    ) -> Iterator[StoredConversation]:
        """Yield the conversations that were spoken in since `start`, or all, the latest last."""
        # Each conversation is in this list once, and only ever moves towards its end. So whoever
        # reads towards the end finds each of them, also one that moves meanwhile; that one may
        # come twice.
        low = sortable_time(start) if start else ""
        return map(stored_in, self._table.query_index(keys.spoken_index(company.name), low))

    def published(
        self, company: Company, start: datetime, end: datetime
    ) -> list[tuple[StoredConversation, Mention | Reply]]:
        """Return mentions and replies published in [start, end), by time; each version is one."""
        conversations = {one.key: one for one in self.spoken_in_since(company, start)}
        found = [
            (one, fact)
            for one in conversations.values()
            for fact in one.facts
            if isinstance(fact, (Mention, Reply)) and start <= fact.at < end
        ]
        return sorted(found, key=lambda x: (x[1].at, x[1].token))
