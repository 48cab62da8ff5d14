"""A new `keep` takes effect on what is stored, day by day, the newest first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pulse.kernel.company import SETTINGS_LAG, Company

if TYPE_CHECKING:
    from pulse.repositories import Repositories

_DAY = timedelta(days=1)


def first_stored_day(company: Company, stores: Repositories) -> date | None:
    """The first day of which posts may be kept; None before anything was read."""
    cursors = stores.cursors.load(company.account_ids).values()
    if not cursors:
        return None
    begun = min(cursor.watched_from for cursor in cursors) - company.look_back
    return stores.compliance_states.first_stored_day(company.name, begun.date() - _DAY)


def apply_retention(
    company: Company, stores: Repositories, now: datetime, out_of_time: Callable[[], bool]
) -> int | None:
    """Give all that is kept the time to live of this `keep`; returns how much was written.

    None when it has it, or polls under way may still store by the `keep` of before. When time
    runs out, the next run goes on at the same day.
    """
    keep = company.retention
    wanted = "forever" if keep is None else f"{int(keep.total_seconds())} s"
    done, day = stores.compliance_states.retention_applied(company.name, wanted)
    if done or _lately_pushed(stores, now):
        return None
    first = first_stored_day(company, stores)
    if first is None:
        return None
    day = day or now.date() + _DAY
    written = 0
    while day >= first:
        if out_of_time():
            stores.compliance_states.mark_retention_applied(company.name, wanted, day)
            return written
        keys = {
            post.key
            for post in stores.post_index.posts_of_day(company.name, day)
            if post.key is not None
        }
        written += stores.retention.of_conversations(keys, company.policy, keep, now)
        written += stores.retention.of_said(company.name, day, keep)
        day -= _DAY
    written += stores.audit_log.apply_retention(company.name, keep)
    stores.compliance_states.mark_retention_applied(company.name, wanted, None)
    return written


def _lately_pushed(stores: Repositories, now: datetime) -> bool:
    pushed = stores.settings_store.current()
    return pushed is not None and now - pushed[2] <= SETTINGS_LAG
