"""Once a day: the figures of the days gone by, kept for good. No text, no names."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from pulse.domain.facts import Mention
from pulse.domain.measures import Histogram
from pulse.domain.settings import Company

if TYPE_CHECKING:
    from pulse.adapters.table import Conversations, Shelf

_DAYS = 8
"""How many days are counted again, as far as all of them is kept: answers may come late."""


def figures(company: Company, conversations: Conversations, shelf: Shelf, now: datetime) -> int:
    """Count the last days (UTC) by account and hour; returns how many days had mentions."""
    today = now.astimezone(UTC).date()
    counted = 0
    whole = _DAYS if company.keep is None else min(_DAYS, company.keep.days)
    for back in range(1, whole + 1):
        day = today - timedelta(days=back)
        counts = _count(company, conversations, day)
        if counts or shelf.has_figures(company.name, day):
            shelf.put_figures(company.name, day, counts)
        counted += bool(counts)
    return counted


def _count(company: Company, conversations: Conversations, day: date) -> dict[str, Any]:
    """{account id: {hour: {received, first_response: {bucket: count}, waits: ...}}}."""
    start = datetime.combine(day, time(0), UTC)
    mentions = {
        fact.id: (key, fact)
        for key, fact in conversations.published(company.name, start, start + timedelta(days=1))
        if isinstance(fact, Mention)
    }
    states = conversations.states({key for key, _ in mentions.values()})
    received: Counter[tuple[str, int]] = Counter()
    first: dict[tuple[str, int], Histogram] = defaultdict(Histogram)
    waits: dict[tuple[str, int], Histogram] = defaultdict(Histogram)
    for key, mention in mentions.values():
        state = states.get(key)
        for account in mention.named:
            cell = (account, mention.at.hour)
            received[cell] += 1
            if state is None:
                continue
            if state.first_mention_id == mention.id and state.first_response_seconds is not None:
                first[cell].add(state.first_response_seconds)
            for wait in state.waits:
                if wait.first_id == mention.id and wait.until and wait.how == "reply":
                    waits[cell].add((wait.until - wait.since).total_seconds())
    found: dict[str, Any] = defaultdict(dict)
    for (account, hour), count in sorted(received.items()):
        found[account][str(hour)] = {
            "received": count,
            "first_response": dict(first[account, hour].counts),
            "waits": dict(waits[account, hour].counts),
        }
    return dict(found)
