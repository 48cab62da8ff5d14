"""Across midnight UTC a re-read is billed again: count first, re-read what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulse.conversations.facts import Mention
from pulse.listening.scan import Endpoint

if TYPE_CHECKING:
    from pulse.listening.run import PollRun

_MINUTE = timedelta(minutes=1)


def minutes_to_reread(
    reading: PollRun, endpoint: Endpoint, start: datetime, end: datetime, late: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Stretches of [start, end) of which X counts more posts than are stored.

    Where X does not count for us, all from `late` on.
    """
    handle = reading.account.username
    who = f"@{handle}" if endpoint == "mentions" else f"from:{handle}"
    there = reading.x.counts(f"{who} -is:retweet", start, end)
    if there is None:
        if late < end:
            yield late, end
        return
    here = _stored(reading, endpoint, start, end)
    low: datetime | None = None
    for minute in _minutes(start, end + _MINUTE):
        more = minute < end and there.get(minute, 0) > here[minute]
        if more and low is None:
            low = minute
        elif not more and low is not None:
            yield low, minute
            low = None


def _stored(
    reading: PollRun, endpoint: Endpoint, start: datetime, end: datetime
) -> Counter[datetime]:
    account, company = reading.account.id, reading.company.name
    seen: dict[str, datetime] = {}
    for _, fact in reading.conversations.published(company, start, end):
        if isinstance(fact, Mention):
            if endpoint == "mentions" and account in fact.named:
                seen[fact.id] = fact.at
        elif endpoint == "posts" and fact.account_id == account:
            seen[fact.id] = fact.at
    for item in reading.own_posts.published(company, start, end):
        mine = item["account"] == account
        if mine if endpoint == "posts" else (not mine and account in item["named"]):
            seen[item["sk"]] = datetime.fromisoformat(item["at"])
    return Counter(at.replace(second=0, microsecond=0) for at in seen.values())


def _minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += _MINUTE
