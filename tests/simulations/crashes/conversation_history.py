"""Conversations as they became known step by step, to check that each flag was raised in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pulse.conversations.facts import ConversationKey, Fact, Flag, Mention, Reply
from pulse.conversations.fold import fold, levels_due
from pulse.conversations.store.documents import key_from_pk, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey
from pulse.kernel.company import Company
from pulse.kernel.policy import Policy
from pulse.kernel.time import MINUTE
from pulse_cli.replay.next_tick import round_up_to_minute
from tests.simulations.crashes.snapshot import Item
from tests.stored import misplaced

FirstMinuteAlive = Callable[[datetime], datetime]
"""The first minute from this one on in which the function was not killed."""


@dataclass
class ConversationHistory:
    """The facts of a conversation, and its items as they are stored."""

    key: ConversationKey
    facts: list[Fact] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)

    @property
    def flags(self) -> list[Flag]:
        """All flags that were raised."""
        return [f for f in self.facts if isinstance(f, Flag)]

    def facts_known_at(self, moment: datetime, *, flags: bool = True) -> list[Fact]:
        """Facts stored by then; flags raised before then, unless `flags` is false."""
        return [
            f
            for f in self.facts
            if (flags and f.at < moment if isinstance(f, Flag) else _stored(f) <= moment)
        ]

    def still_waits(self, moment: datetime, flagged: datetime, policy: Policy) -> bool:
        """Whether a mention flagged at `flagged` or before was known to wait at `moment`."""
        waiting = frozenset(fold(self.facts_known_at(moment, flags=False), policy).waiting)
        return any(flag.at <= flagged and flag.mentions & waiting for flag in self.flags)


def histories(items: Mapping[ItemKey, Item]) -> dict[ConversationKey, ConversationHistory]:
    """All conversations among these items of the table."""
    found: dict[ConversationKey, ConversationHistory] = {}
    for at, item in items.items():
        if at.pk.startswith("c#"):
            key = key_from_pk(at.pk)
            history = found.setdefault(key, ConversationHistory(key))
            history.items[at.sk] = item
            if at.sk == keys.DOCUMENT:
                history.facts += stored_in(dict(item)).facts
    return found


def wrong_places(history: ConversationHistory, company: Company) -> Iterator[str]:
    """Reports a conversation whose place in the index or time to live is not as its facts say."""
    if keys.DOCUMENT not in history.items:
        yield f"{history.key}: only its mark is left"
        return
    yield from (f"{history.key}: {what}" for what in misplaced(history.items, company))


def wrong_flags(
    history: ConversationHistory, policy: Policy, alive: FirstMinuteAlive, before: datetime
) -> Iterator[str]:
    """Flags that were due and not raised in their minute, or raised and not due.

    A flag may be late only where `flag` was killed in that minute.
    """
    raised: dict[datetime, set[Flag]] = defaultdict(set)
    for flag in history.flags:
        raised[flag.at].add(flag)
    stored = {round_up_to_minute(_stored(f)) for f in history.facts if not isinstance(f, Flag)}
    moments = sorted(stored | raised.keys())
    for moment, following in zip(moments, [*moments[1:], before], strict=True):
        due = set(levels_due(fold(history.facts_known_at(moment), policy), policy, moment))
        for flag in raised[moment] - due:
            yield f"{history.key}: {flag.level} flagged at {moment:%d %H:%M} was not due"
        if due and not raised[moment] and alive(moment) == moment:
            yield f"{history.key}: not flagged at {moment:%d %H:%M}"
        for flag in due - raised[moment] if raised[moment] else ():
            yield f"{history.key}: {flag.level} not flagged at {moment:%d %H:%M}"
        state = fold([*history.facts_known_at(moment), *raised[moment]], policy)
        if state.attention_at is not None:
            at = alive(max(round_up_to_minute(state.attention_at), moment + MINUTE))
            if at < following:
                yield f"{history.key}: not flagged at {at:%d %H:%M}, due {state.attention_at}"


def late_posts(
    history: ConversationHistory,
    before: ConversationHistory,
    by_when: Callable[[datetime, str], datetime],
) -> Iterator[str]:
    """Posts stored later than in `before`, and later than `by_when` allows."""
    stored = {f.token: _stored(f) for f in before.facts if isinstance(f, (Mention, Reply))}
    for fact in history.facts:
        if isinstance(fact, (Mention, Reply)) and fact.token in stored:
            was = stored[fact.token]
            if _stored(fact) > by_when(was, fact.version):
                yield f"{history.key}: {fact.token} stored {_stored(fact) - was} late"


def first_minute_alive(moments: set[datetime]) -> FirstMinuteAlive:
    """For a function that runs each minute and was killed at `moments`: when it next ran."""

    def alive(moment: datetime) -> datetime:
        while moment in moments:
            moment += timedelta(minutes=1)
        return moment

    return alive


def _stored(fact: Fact) -> datetime:
    stored = getattr(fact, "stored_at", None)
    return stored if isinstance(stored, datetime) else fact.at
