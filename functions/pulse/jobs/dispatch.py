"""Each minute: which accounts are due, and for what; which are not read, and what it all costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulse.domain.budget import budget
from pulse.domain.cursor import Cursor
from pulse.domain.settings import Settings
from pulse.domain.task import Task, kinds_due
from pulse.domain.watch import is_blind

if TYPE_CHECKING:
    from pulse.adapters.queue import PollQueue
    from pulse.adapters.table import Accounts


def dispatch(
    settings: Settings, accounts: Accounts, queue: PollQueue, now: datetime, patience: timedelta
) -> dict[str, Any]:
    """Put one task per due account and kind on the queue; returns how many.

    With it: usernames of accounts not read for longer than `patience`, and the highest per cent
    that a company has used of the reads it pays for.
    """
    minute = now.replace(second=0, microsecond=0)
    watched = [(c.name, a) for c in settings.companies for a in c.accounts]
    cursors = accounts.load(account.id for _, account in watched)
    tasks = [
        Task(company, account.id, kind, minute)
        for company, account in watched
        if (cursor := cursors.get(account.id)) is None or cursor.due(now)
        for kind in kinds_due(minute, cursor.swept if cursor else None)
    ]
    queue.put(tasks)
    return {
        "tasks": len(tasks),
        "blind": [
            account.username
            for _, account in watched
            if is_blind(cursors.get(account.id), settings.pushed_at, now, patience)
        ],
        "budget_used": _budget_used(settings, cursors, now),
    }


def _budget_used(settings: Settings, cursors: Mapping[str, Cursor], now: datetime) -> float:
    budgets = (
        budget(
            [cursors[a.id].reads for a in company.accounts if a.id in cursors],
            company.reads_per_month,
            now,
        )
        for company in settings.companies
    )
    return round(100 * max((one.share or 0 for one in budgets), default=0), 1)
