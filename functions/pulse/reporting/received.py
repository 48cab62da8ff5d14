"""Mentions of a period as stored, each once, with the states of their conversations."""

from datetime import datetime

from pulse.conversations.facts import ConversationKey, Mention
from pulse.conversations.store.conversations import ConversationStore
from pulse.reporting.stats import Received


def latest_mentions(
    conversations: ConversationStore, company: str, start: datetime, end: datetime
) -> dict[str, tuple[ConversationKey, Mention]]:
    """Return the mentions published in [start, end) by id, each with its conversation's key."""
    found: dict[str, tuple[ConversationKey, Mention]] = {}
    for key, fact in conversations.published(company, start, end):
        # Each version of an edited post is a fact of its own (D-011); a mention counts once, as
        # its latest version has it.
        if isinstance(fact, Mention) and (
            fact.id not in found or int(fact.version) > int(found[fact.id][1].version)
        ):
            found[fact.id] = (key, fact)
    return found


def load_received(
    conversations: ConversationStore, company: str, start: datetime, end: datetime
) -> list[Received]:
    """Return the mentions published in [start, end) whose conversations still have a state."""
    found = latest_mentions(conversations, company, start, end)
    # DynamoDB removes the items of an expired conversation one by one. A mention whose state is
    # already removed belongs to a conversation that is past its retention.
    states = conversations.states({key for key, _ in found.values()})
    return [Received(key, mention, states[key]) for key, mention in found.values() if key in states]
