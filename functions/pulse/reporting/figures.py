"""The job that counts the figures of each day, which never expire: no text, no names."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pulse.conversations.facts import Mention, Reply
from pulse.conversations.store.conversations import ConversationStore
from pulse.conversations.store.documents import StoredConversation
from pulse.kernel.company import Company
from pulse.kernel.time import DAY, day_bounds
from pulse.reporting.received import received_among
from pulse.reporting.stats import Received, bucket_of
from pulse.reporting.store import FigureStore

_DAYS = 8
"""How many of the last days are counted each night."""


def count_figures(
    company: Company, conversations: ConversationStore, figure_store: FigureStore, now: datetime
) -> int:
    """Count the last days (UTC), by account and hour; return how many of them had mentions.

    Days of nights that were missed are counted too, as far back as all of a day is still stored.
    """
    today = now.astimezone(UTC).date()
    last = figure_store.last_day_counted(company.name)
    with_mentions = 0
    day = _first_day(today, last, company.retention)
    # Read once for all days: what was published since a day lies in all that was spoken in since,
    # so that a query for each day would read the last days again and again.
    posts: dict[date, list[tuple[StoredConversation, Mention | Reply]]] = defaultdict(list)
    if day < today:
        start, end = day_bounds(day)[0], day_bounds(today)[0]
        for stored, fact in conversations.published(company, start, end):
            posts[fact.at.astimezone(UTC).date()].append((stored, fact))
    while day < today:
        counts = _count(received_among(posts[day], company.policy))
        # A day without mentions is not stored, unless it had some when it was last counted: the
        # mentions were removed since then, and so must their counts be.
        if counts or figure_store.has(company.name, day):
            figure_store.put(company.name, day, counts)
        if counts:
            with_mentions += 1
        # Marked day by day, after the day's figures are stored: the run after one that was
        # stopped continues where it ended. If it was stopped between the two, that day is counted
        # twice, which gives the same figures.
        if last is None or day > last:
            figure_store.mark_day_counted(company.name, day)
        day += DAY
    return with_mentions


def _first_day(today: date, last: date | None, retention: timedelta | None) -> date:
    """Return the first day to count, given the last one that was counted before."""
    # Days are counted again for a week, since their figures still change: customers are answered
    # days later, posts are deleted, and X shows some posts late. After an outage the count begins
    # where the first missed night would have begun, so that late answers to the days before the
    # outage are counted too (D-038). A run of tonight counts up to yesterday, `today - 1`; if
    # `last` is the day before that, no night was missed.
    missed = 0 if last is None else max(0, (today - last).days - 2)
    days = _DAYS + missed
    # Conversations expire `retention` after they ended, which may be on the day of the mention.
    # So the last day within `retention` may already be incomplete, and its count would replace a
    # complete one forever (D-038).
    return today - (days if retention is None else min(days, retention.days - 1)) * DAY


def _count(received: Iterable[Received]) -> dict[str, Any]:
    """Return {account id: {hour: {received, first_response: {bucket: count}, waits: ...}}}."""
    figures: dict[str, Any] = {}
    for _, mention, state in received:
        # Hours are those of UTC: readers in several time zones look at the same figures.
        for account in mention.named:
            cell = figures.setdefault(account, {}).setdefault(
                str(mention.at.hour),
                {"received": 0, "first_response": Counter(), "waits": Counter()},
            )
            cell["received"] += 1
            # As in `period_stats`, a response belongs to the mention that began the wait. Here
            # only waits that have ended are counted: one that still runs has no length yet, and
            # what is stored must not depend on the hour of the run.
            if state.first_mention_id == mention.id and state.first_response_seconds is not None:
                cell["first_response"][bucket_of(state.first_response_seconds)] += 1
            for wait in state.waits:
                if wait.first_id == mention.id and wait.until and wait.how == "reply":
                    seconds = (wait.until - wait.since).total_seconds()
                    cell["waits"][bucket_of(seconds)] += 1
    return figures
