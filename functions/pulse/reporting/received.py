"""Mentions of a period as stored, each once, with the states of their conversations."""

from collections.abc import Iterable
from datetime import datetime

from pulse.conversations.facts import ConversationKey, Mention, Reply
from pulse.conversations.fold import State
from pulse.conversations.store.conversations import ConversationStore
from pulse.conversations.store.documents import StoredConversation
from pulse.kernel.company import Company
from pulse.kernel.policy import Policy
from pulse.reporting.stats import Received


def load_received(
    conversations: ConversationStore, company: Company, start: datetime, end: datetime
) -> list[Received]:
    """Return the mentions published in [start, end)."""
    return received_among(conversations.published(company, start, end), company.policy)


def received_among(
    posts: Iterable[tuple[StoredConversation, Mention | Reply]], policy: Policy
) -> list[Received]:
    """Return the mentions among posts, each with its conversation."""
    found: dict[str, Received] = {}
    states: dict[ConversationKey, State] = {}
    for stored, fact in posts:
        # Each version of an edited post is a fact of its own (D-011); a mention counts once, as
        # its latest version has it.
        if isinstance(fact, Mention) and (
            fact.id not in found or int(fact.version) > int(found[fact.id].mention.version)
        ):
            if stored.key not in states:
                states[stored.key] = stored.state(policy)
            found[fact.id] = Received(stored.key, fact, states[stored.key])
    return list(found.values())
