"""The backlog: the conversations in which a customer still waits, and which of them comes first."""

from collections.abc import Mapping

from pulse.conversations.facts import ConversationKey
from pulse.conversations.fold import State
from pulse.kernel.policy import Policy


def worst_first(states: Mapping[ConversationKey, State], policy: Policy) -> list[ConversationKey]:
    """Return the conversations that still wait, in the order in which to answer them.

    The highest level that was raised for the present wait comes first, conversations without one
    (or with one that the policy no longer has) last; within a level, the longest wait comes first.
    """
    # The level goes before the age, since a level is what people were alerted of: a conversation
    # that was snoozed, or that began before Pulse did, may have waited longer than a critical one
    # without being more urgent. Python's sort is stable, so equal ones keep the order given, and
    # the same states always make the same mail.
    waiting = [(key, s) for key, s in states.items() if s.waiting_since is not None]
    waiting.sort(key=lambda x: (-policy.rank(x[1].level), x[1].waiting_since))
    return [key for key, _ in waiting]
