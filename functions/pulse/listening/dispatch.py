"""Each minute: which accounts are due and for what, which are not read, how much was billed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pulse.kernel.company import Settings
from pulse.kernel.time import start_of_minute
from pulse.listening.budget import monthly_budget
from pulse.listening.cursor import Cursor, is_blind
from pulse.listening.store import CursorStore
from pulse.listening.tasks import PollTask, kinds_due


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """The tasks of a minute, and the metrics about all accounts."""

    tasks: list[PollTask]
    """One for each account and kind that is due."""
    blind: list[str]
    """Usernames of accounts that were not read for too long."""
    budget_used: float
    """The highest percentage of its monthly reads that a company has used."""


def dispatch(
    settings: Settings, cursors: CursorStore, now: datetime, blind_after: timedelta
) -> DispatchPlan:
    """Return the tasks for the queue and the metrics, whether the queue then takes them or not."""
    minute = start_of_minute(now)
    watched = [(c.name, a) for c in settings.companies for a in c.accounts]
    known = cursors.load(account.id for _, account in watched)
    tasks = [
        PollTask(company, account.id, kind, minute)
        for company, account in watched
        if (cursor := known.get(account.id)) is None or cursor.is_due(now)
        for kind in kinds_due(minute, cursor.swept if cursor else None)
    ]
    blind = [
        account.username
        for _, account in watched
        if is_blind(known.get(account.id), settings.pushed_at, now, blind_after)
    ]
    return DispatchPlan(tasks, blind, _budget_used(settings, known, now))


def _budget_used(settings: Settings, cursors: Mapping[str, Cursor], now: datetime) -> float:
    # One alarm stands for all companies, so the metric is that of the company closest to its
    # limit. Polling goes on past the limit: an account left unread would cost more (D-022).
    budgets = (
        monthly_budget(
            [cursors[a.id].reads for a in company.accounts if a.id in cursors],
            company.reads_per_month,
            now,
        )
        for company in settings.companies
    )
    return round(100 * max((budget.share or 0 for budget in budgets), default=0), 1)
