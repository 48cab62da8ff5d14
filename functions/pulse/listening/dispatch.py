"""Each minute: which accounts are due, and for what; which are not read, and what it all costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulse.kernel.company import Settings
from pulse.listening.budget import monthly_budget
from pulse.listening.cursor import Cursor, is_blind
from pulse.listening.tasks import PollTask, kinds_due

if TYPE_CHECKING:
    from pulse.listening.store import CursorStore


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """What a minute asks for, and how it stands."""

    tasks: list[PollTask]
    """One per due account and kind."""
    blind: list[str]
    """Usernames of accounts not read for longer than one may go unread."""
    budget_used: float
    """The highest per cent that a company has used of the reads it pays for."""


def dispatch(
    settings: Settings, accounts: CursorStore, now: datetime, patience: timedelta
) -> DispatchPlan:
    """The tasks to put on the queue, and how it stands, whether they can be put there or not."""
    minute = now.replace(second=0, microsecond=0)
    watched = [(c.name, a) for c in settings.companies for a in c.accounts]
    cursors = accounts.load(account.id for _, account in watched)
    tasks = [
        PollTask(company, account.id, kind, minute)
        for company, account in watched
        if (cursor := cursors.get(account.id)) is None or cursor.is_due(now)
        for kind in kinds_due(minute, cursor.swept if cursor else None)
    ]
    blind = [
        account.username
        for _, account in watched
        if is_blind(cursors.get(account.id), settings.pushed_at, now, patience)
    ]
    return DispatchPlan(tasks, blind, _budget_used(settings, cursors, now))


def _budget_used(settings: Settings, cursors: Mapping[str, Cursor], now: datetime) -> float:
    budgets = (
        monthly_budget(
            [cursors[a.id].reads for a in company.accounts if a.id in cursors],
            company.reads_per_month,
            now,
        )
        for company in settings.companies
    )
    return round(100 * max((one.share or 0 for one in budgets), default=0), 1)
