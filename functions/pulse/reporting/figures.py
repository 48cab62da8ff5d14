"""Once a day: the figures of the days gone by, kept for good. No text, no names."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from pulse.conversations.facts import Mention
from pulse.kernel.company import Company
from pulse.reporting.stats import Histogram

if TYPE_CHECKING:
    from pulse.conversations.store.conversations import ConversationStore
    from pulse.reporting.store import FigureStore

_DAYS = 8
"""How many days are counted again, as far as all of them is kept: answers may come late."""
_DAY = timedelta(days=1)


def count_figures(
    company: Company, conversations: ConversationStore, figure_store: FigureStore, now: datetime
) -> int:
    """Count the last days (UTC) by account and hour; returns how many days had mentions.

    Nights that were missed are made up for, as far back as `keep` lets all of a day be there.
    """
    today = now.astimezone(UTC).date()
    last = figure_store.last_day_counted(company.name)
    counted = 0
    day = _first(today, last, company.retention)
    while day < today:
        counts = _count(company, conversations, day)
        if counts or figure_store.has(company.name, day):
            figure_store.put(company.name, day, counts)
        counted += bool(counts)
        if last is None or day > last:
            figure_store.mark_day_counted(company.name, day)
        day += _DAY
    return counted


def _first(today: date, last: date | None, keep: timedelta | None) -> date:
    """Where the night after the last one that counted would have begun, or tonight begins."""
    missed = 0 if last is None else max(0, (today - last).days - 2)
    days = _DAYS + missed
    return today - (days if keep is None else min(days, keep.days - 1)) * _DAY


def _count(company: Company, conversations: ConversationStore, day: date) -> dict[str, Any]:
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
