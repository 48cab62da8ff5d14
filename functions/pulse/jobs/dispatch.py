"""Each minute: which accounts are due, and for what."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pulse.domain.settings import Settings
from pulse.domain.task import Task, kinds_due

if TYPE_CHECKING:
    from pulse.adapters.queue import PollQueue
    from pulse.adapters.table import Accounts


def dispatch(settings: Settings, accounts: Accounts, queue: PollQueue, now: datetime) -> int:
    """Put one task per due account and kind on the queue; returns how many."""
    minute = now.replace(second=0, microsecond=0)
    watched = [(c.name, a.id) for c in settings.companies for a in c.accounts]
    cursors = accounts.load(account_id for _, account_id in watched)
    tasks = [
        Task(company, account_id, kind, minute)
        for company, account_id in watched
        if (cursor := cursors.get(account_id)) is None or cursor.due(now)
        for kind in kinds_due(minute, cursor.swept if cursor else None)
    ]
    queue.put(tasks)
    return len(tasks)
