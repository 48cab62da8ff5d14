"""The backlog of a company: the conversations in which customers wait, in order of urgency."""

from __future__ import annotations

from collections.abc import Mapping

from pulse.conversations.facts import ConversationKey
from pulse.conversations.fold import State
from pulse.kernel.policy import Policy


def worst_first(states: Mapping[ConversationKey, State], policy: Policy) -> list[ConversationKey]:
    """Return the keys of those who still wait: highest level first, then the longest wait."""
    waiting = [(key, state) for key, state in states.items() if state.waiting_since is not None]
    # The level, not the age, comes first: it also holds what people were told, and a level that
    # is no longer in force (rank -1) ranks below all others.
    waiting.sort(key=lambda found: (-policy.rank(found[1].level), found[1].waiting_since))
    return [key for key, _ in waiting]
