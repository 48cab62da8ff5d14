"""What one transaction writes of a conversation, as actions of the table."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from pulse.conversations.facts import Fact
from pulse.conversations.fold import fold
from pulse.conversations.store.changes import (
    MAX_CONVERSATION_ACTIONS,
    Change,
    StoredConversation,
    estimate_size,
    known_at,
    limit_to_transaction,
)
from pulse.conversations.store.codec import STATE, conversation_pk, fact_item, state_values, ttl_of
from pulse.dynamodb.codec import Item, ItemKey
from pulse.dynamodb.table import Table
from pulse.kernel.policy import Policy


class ChangeBuilder:
    """Builds changes on condition that the revision that was read still stands; writes nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def fold_in(
        self,
        loaded: StoredConversation,
        new_facts: Sequence[Fact],
        policy: Policy,
        retention: timedelta | None,
    ) -> Change:
        """Return the change that adds as many of the new facts as fit into one transaction."""
        wanted, new_facts = new_facts, limit_to_transaction(new_facts)
        state = fold([*loaded.facts, *new_facts], policy)
        ttl = ttl_of(state, retention)
        key, at = loaded.key, ItemKey(conversation_pk(loaded.key), STATE)
        known = loaded.ttls.keys() - {fact.token for fact in new_facts}
        ttl_updates = self._ttl_updates(loaded, known, ttl)
        # When a conversation is answered or reopens, the time to live of all its facts changes.
        # The state and the new facts are written first. A time to live that is still to be written
        # does no harm meanwhile, since the mark says so, and a fact lives as long as the state that
        # lists it. Written before the state, it would be under no revision, and two writers at once
        # could leave facts of an open conversation to be removed (D-033).
        room = MAX_CONVERSATION_ACTIONS - 1 - len(new_facts)
        unfinished = len(new_facts) < len(wanted) or len(ttl_updates) > room
        values = state_values(key, state, _next_revision(loaded, new_facts), ttl, policy.version)
        actions = [
            self._table.put_action(
                at,
                {**values, "partly": unfinished or None},
                "rev = :rev" if loaded.rev else "attribute_not_exists(pk)",
                {":rev": loaded.rev} if loaded.rev else None,
            ),
            *(self._table.put_action(*fact_item(key, fact, ttl)) for fact in new_facts),
            *ttl_updates[:room],
        ]
        size = len(values["state"]) + sum(map(estimate_size, new_facts))
        return Change(loaded, new_facts, actions, unfinished, size)

    def finish(self, loaded: StoredConversation, *, more_to_write: bool = False) -> Change:
        """Return the change that gives the facts listed in the state the time to live of the state.

        Nothing is folded. Where they are too many for one transaction, it is the next part of them.
        """
        at = ItemKey(conversation_pk(loaded.key), STATE)
        ttl_updates = self._ttl_updates(loaded, loaded.state.facts, loaded.ttl)
        room = MAX_CONVERSATION_ACTIONS - 1
        unfinished = len(ttl_updates) > room
        values = {"rev": loaded.rev + 1, "partly": unfinished or None}
        head = self._table.update_action(at, values, "rev = :was", {":was": loaded.rev})
        return Change(loaded, (), [head, *ttl_updates[:room]], unfinished or more_to_write, 0)

    def _ttl_updates(
        self, loaded: StoredConversation, tokens: Collection[str], ttl: int | None
    ) -> list[Item]:
        """Return an action for each of these facts that is stored with another time to live."""
        # DynamoDB may remove an expired fact at any moment; without the condition, the update would
        # bring back an item of nothing but a time to live.
        pk, exists = conversation_pk(loaded.key), "attribute_exists(pk)"
        return [
            self._table.update_action(ItemKey(pk, token), {"ttl": ttl}, exists)
            for token, present in loaded.ttls.items()
            if present != ttl and token in tokens
        ]


def _next_revision(loaded: StoredConversation, new_facts: Sequence[Fact]) -> int:
    """Return the revision after the present one; for a new conversation, a time in milliseconds."""
    # If a removed conversation that comes back began at 1 again, a writer that read the former one
    # could find its revision once more and write what it decided about facts that are gone. The
    # time at which the new facts became known is greater than any revision used before.
    return loaded.rev + 1 if loaded.rev else int(known_at(new_facts).timestamp() * 1000)
