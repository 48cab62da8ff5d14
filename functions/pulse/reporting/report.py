"""The report of a company: figures of a period, who waits now, and how well Pulse watched.

A report knows nothing of mails and their readers, apart from the time zone by which hours and
days are counted. Digests, `pulse try` and the demo are made from it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pulse.audit.store import AuditLog
from pulse.conversations.backlog import worst_first
from pulse.conversations.facts import ConversationKey
from pulse.conversations.fold import State
from pulse.conversations.store.conversations import ConversationStore
from pulse.incidents.surge import Surge, detect_surge
from pulse.kernel.company import Account, Company
from pulse.listening.budget import monthly_budget
from pulse.listening.cursor import Cursor, accounts_unread
from pulse.listening.store import CursorStore
from pulse.outbox.store.suppressions import SuppressionList
from pulse.outbox.suppressions import suppressions_for
from pulse.reporting.breakdown import Breakdown
from pulse.reporting.coverage import Coverage, measure_coverage
from pulse.reporting.received import load_received
from pulse.reporting.stats import PeriodStats, Received, ageing, period_stats

_SURGE_HISTORY = timedelta(hours=25)
"""A surge is compared with the 24 hours before the hour in which it began."""


@dataclass(frozen=True, slots=True)
class ReportStores:
    """What a report is made from."""

    conversations: ConversationStore
    cursors: CursorStore
    audit_log: AuditLog
    suppressions: SuppressionList


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of [start, end) as they stood at its end, and the backlog as of `at`."""

    start: datetime
    end: datetime
    at: datetime
    waiting: Mapping[ConversationKey, State]
    """Conversations that wait for an answer at `at`, worst first."""
    longest: timedelta | None
    """The longest wait among them; None when nobody waits."""
    critical: int
    """How many of them have reached the policy's highest level."""
    ageing: tuple[int, ...]
    """Their number by age: 0-15 min, 15-60 min, 1-4 h, 4-24 h, over 24 h."""
    figures: PeriodStats
    before: PeriodStats | None
    """Figures of the period before, of the same length; None when not all of it is known."""
    target: float
    """Share of waits that should end within the policy's deadline."""
    accounts: Mapping[Account, PeriodStats]
    """Figures of each account; a mention that names two counts for both."""
    hours: Mapping[int, PeriodStats]
    """Figures of each hour of the local clock, of all days together, as they passed."""
    days: Mapping[date, PeriodStats | None]
    """Figures of each local day; None for one of which nothing is known."""
    night: PeriodStats
    """Figures of the mentions that came between 22:00 and 08:00 local time; `day` of the rest."""
    day: PeriodStats
    coverage: Coverage
    counted_from: datetime
    """From when its figures count: its start, or the first moment of which anything is known."""
    has_past: bool
    """Whether it holds mentions from before Pulse watched, for which no alert was raised."""
    unread: tuple[str, ...]
    """Usernames of accounts whose own posts could not be read: customers may be answered."""
    surge: Surge | None


def report(
    company: Company,
    start: datetime,
    end: datetime,
    now: datetime,
    zone: ZoneInfo,
    stores: ReportStores,
) -> Report:
    """Return the report of [start, end), with hours and days by the clock of `zone`."""
    before = start - (end - start)
    deadline = company.policy.response_deadline
    history = min(before, now - _SURGE_HISTORY)
    received = load_received(stores.conversations, company, history, now)
    inside = [one for one in received if start <= one.mention.at < end]
    parts = Breakdown(company, inside, start, end, zone)
    night, day = parts.night_and_day()
    states = stores.conversations.open(company)
    waiting = {key: states[key] for key in worst_first(states, company.policy)}
    since = [state.waiting_since for state in waiting.values() if state.waiting_since is not None]
    cursors = stores.cursors.load(account.id for account in company.accounts)
    begun = [cursor.watched_from for cursor in cursors.values()]
    watched_from = min(begun, default=now)
    # Unknown must not be shown as zero. The first poll of an account also read the posts of the
    # `look_back` before it, so they are known. But `look_back` is a setting that may have been
    # longer then: a mention stored from before shows that more is known. Two periods can be
    # compared only if all accounts were known in both.
    looked_back = [moment - company.look_back for moment in begun]
    known_from = min([*looked_back, *(one.mention.at for one in inside)], default=now)
    all_known_from = max(looked_back, default=now)
    unread = accounts_unread(company.accounts, cursors)
    coverage = measure_coverage(
        {account.username: cursors.get(account.id) for account in company.accounts},
        stores.audit_log.read(company.name, start, now),
        # Minutes before Pulse was installed are no minutes missed.
        max(start, min(watched_from, end)),
        end,
        now,
        suppressions_for(company, stores.suppressions.all().values(), now),
    )
    reads = (cursor.reads for cursor in cursors.values())
    published = [one.mention.at for one in received]
    last_own_post = None if unread else _last_own_post(cursors.values(), received)
    previous = period_stats(received, before, start, deadline)
    return Report(
        start=start,
        end=end,
        at=now,
        waiting=waiting,
        longest=now - min(since) if since else None,
        critical=len([s for s in waiting.values() if s.level == company.policy.top.name]),
        ageing=ageing(since, now),
        figures=period_stats(received, start, end, deadline),
        # Compared with a period that is only partly known, this one would look better or worse.
        before=previous if all_known_from <= before else None,
        target=company.policy.target,
        accounts=parts.by_account(),
        hours=parts.by_hour(known_from),
        days=parts.by_day(known_from),
        night=night,
        day=day,
        coverage=replace(
            coverage,
            reads=monthly_budget(reads, company.reads_per_month, now),
            since=watched_from if start < watched_from < end else None,
        ),
        counted_from=max(start, min(known_from, end)),
        has_past=max(start, known_from) < watched_from <= end,
        unread=unread,
        surge=detect_surge(published, all_known_from, last_own_post, now),
    )


def _last_own_post(cursors: Iterable[Cursor], received: Iterable[Received]) -> datetime | None:
    """Return when any of the company's accounts last published something."""
    # Not asked for while own posts of an account cannot be read: it may be answering all the time.
    # That it published nothing is not known then, so nothing is claimed about it.
    #
    # The cursors know the newest post of each timeline as of the last poll; replies to the
    # mentions at hand may have been stored since, or come from a sweep.
    moments = [c.high_water["posts"].at for c in cursors if "posts" in c.high_water]
    moments += [
        w.until for one in received for w in one.state.waits if w.how == "reply" and w.until
    ]
    return max(moments, default=None)
