"""What a digest says: figures of a stretch of time, who waits now, what was watched."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pulse.authors.directory import AuthorDirectory
from pulse.conversations.backlog import worst_first
from pulse.conversations.facts import ConversationKey, Mention
from pulse.conversations.fold import State
from pulse.incidents.surge import detect_surge
from pulse.kernel.company import Company, Person
from pulse.listening.budget import monthly_budget
from pulse.listening.cursor import Cursor, accounts_unread
from pulse.outbox.entries import Entry
from pulse.outbox.suppressions import suppressions_for
from pulse.reporting.coverage import Coverage, measure_coverage
from pulse.reporting.stats import PeriodStats, ageing, period_stats
from pulse.screens.cards import make_cards
from pulse.screens.models import AccountFigures, DayFigures, DigestMail, HourFigures

if TYPE_CHECKING:
    from pulse.conversations.store.conversations import ConversationStore
    from pulse.repositories import Repositories

_CARDS = 5
_LONG = ("weekly", "monthly")
_NIGHT = (time(22), time(8))
_HALF_HOUR = timedelta(minutes=30)
"""The least by which clocks are changed."""


@dataclass(frozen=True, slots=True)
class Received:
    """A mention with the state of its conversation."""

    mention: Mention
    state: State


def summary(
    entry: Entry,
    company: Company,
    person: Person,
    stores: Repositories,
    authors: AuthorDirectory,
    now: datetime,
    board_url: str | None = None,
) -> DigestMail:
    """The digest that an entry asks for, as of `now`; its figures stand for their period."""
    start = datetime.fromisoformat(entry.detail("start"))
    end = datetime.fromisoformat(entry.detail("end"))
    before = start - (end - start)
    conversations = stores.conversations
    received = _received(company, conversations, min(before, now - timedelta(hours=25)), now)
    waiting = conversations.open(company.name)
    since = [s.waiting_since for s in waiting.values() if s.waiting_since is not None]
    order = worst_first(waiting, company.policy)
    cursors = stores.cursors.load(a.id for a in company.accounts)
    zone = ZoneInfo(person.time_zone)
    period = entry.detail("period")
    inside = [r for r in received if start <= r.mention.at < end]
    night = [r for r in inside if _at_night(r.mention.at, zone)]
    by_day = [r for r in inside if not _at_night(r.mention.at, zone)]
    begun = [c.watched_from for c in cursors.values()]
    watched_from = min(begun, default=now)
    looked_back = [at - company.look_back for at in begun]
    known_from = min([*looked_back, *(r.mention.at for r in inside)], default=now)
    all_known_from = max(looked_back, default=now)
    unread = accounts_unread(company.accounts, cursors)
    return DigestMail(
        company=company.title_in(person.language),
        period=period,
        start=start,
        end=end,
        at=now,
        waiting=len(since),
        longest=now - min(since) if since else None,
        critical=sum(s.level == company.policy.top.name for s in waiting.values()),
        cards=make_cards(order[:_CARDS], company, conversations, authors, now),
        buckets=ageing(since, now),
        now=_span(received, start, end, company),
        before=_span(received, before, start, company) if all_known_from <= before else None,
        target=company.policy.target,
        accounts=tuple(_account_rows(company, inside, start, end)),
        hours=tuple(_hours(inside, zone, max(start, known_from), end)),
        watch=_watch(company, stores, cursors, watched_from, start, end, now),
        happening=detect_surge(
            [r.mention.at for r in received],
            all_known_from,
            None if unread else _last_said(cursors.values(), received),
            now,
        ),
        trend=tuple(_trend(inside, start, end, known_from, zone, company))
        if period in _LONG
        else (),
        night=_span(night, start, end, company) if period in _LONG else None,
        day=_span(by_day, start, end, company) if period in _LONG else None,
        meant_for=company.intended_recipient(person, now),
        board_url=board_url,
        known_from=known_from,
        first=max(start, known_from) < watched_from <= end,
        unread=unread,
    )


def _watch(
    company: Company,
    stores: Repositories,
    cursors: Mapping[str, Cursor],
    begun: datetime,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Coverage:
    seen = measure_coverage(
        {a.username: cursors.get(a.id) for a in company.accounts},
        stores.audit_log.read(company.name, start, now),
        max(start, min(begun, end)),
        end,
        now,
        suppressions_for(company, stores.suppressions.all().values(), now),
    )
    seen = replace(seen, since=begun if start < begun < end else None)
    if company.reads_per_month is None:
        return seen
    reads = (cursor.reads for cursor in cursors.values())
    return replace(seen, reads=monthly_budget(reads, company.reads_per_month, now))


def _received(
    company: Company, conversations: ConversationStore, start: datetime, end: datetime
) -> list[Received]:
    found: dict[str, tuple[ConversationKey, Mention]] = {}
    for key, fact in conversations.published(company.name, start, end):
        if isinstance(fact, Mention) and (
            fact.id not in found or int(fact.version) > int(found[fact.id][1].version)
        ):
            found[fact.id] = (key, fact)
    states = conversations.states({key for key, _ in found.values()})
    return [Received(m, states[key]) for key, m in found.values() if key in states]


def _span(
    received: Iterable[Received], start: datetime, end: datetime, company: Company
) -> PeriodStats:
    return period_stats(
        ((r.state, r.mention) for r in received), start, end, company.policy.response_deadline
    )


def _account_rows(
    company: Company, inside: Sequence[Received], start: datetime, end: datetime
) -> Iterable[AccountFigures]:
    for account in company.accounts:
        figures = _span([r for r in inside if account.id in r.mention.named], start, end, company)
        yield AccountFigures(
            account.username,
            account.role,
            figures.received,
            figures.answered,
            figures.first_response.median,
        )


def _hours(
    inside: Sequence[Received], zone: ZoneInfo, start: datetime, end: datetime
) -> Iterable[HourFigures]:
    """The hours of the day in the order in which the stretch passes them."""
    by_hour: dict[int, list[Received]] = {}
    for r in inside:
        by_hour.setdefault(r.mention.at.astimezone(zone).hour, []).append(r)
    begun = start.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    passed = math.ceil((end - begun) / _HALF_HOUR)
    moments = (begun + step * _HALF_HOUR for step in range(passed))
    for hour in dict.fromkeys(at.astimezone(zone).hour for at in moments):
        there = by_hour.get(hour, [])
        answered = sum(_covered(r, end) for r in there)
        yield HourFigures(hour, len(there), answered)


def _covered(r: Received, end: datetime) -> bool:
    wait = next((w for w in reversed(r.state.waits) if w.since <= r.mention.at), None)
    return wait is not None and wait.until is not None and wait.until < end


def _trend(
    inside: Sequence[Received],
    start: datetime,
    end: datetime,
    known_from: datetime,
    zone: ZoneInfo,
    company: Company,
) -> Iterable[DayFigures]:
    day = start.astimezone(zone).date()
    known = known_from.astimezone(zone).date()
    while datetime.combine(day, time(0), zone) < end:
        there = [r for r in inside if r.mention.at.astimezone(zone).date() == day]
        yield _row(day, _span(there, start, end, company)) if day >= known else DayFigures(day)
        day += timedelta(days=1)


def _row(day: date, figures: PeriodStats) -> DayFigures:
    silent = 1 - figures.answered / figures.received if figures.received else None
    return DayFigures(
        day, figures.received, figures.answered, figures.first_response.median, silent
    )


def _at_night(at: datetime, zone: ZoneInfo) -> bool:
    clock = at.astimezone(zone).time()
    return clock >= _NIGHT[0] or clock < _NIGHT[1]


def _last_said(cursors: Iterable[Cursor], received: Iterable[Received]) -> datetime | None:
    said = [c.last_published for c in cursors if c.last_published is not None]
    replied = [w.until for r in received for w in r.state.waits if w.until and w.how == "reply"]
    return max([*said, *replied], default=None)
