"""Where no compliance jobs are to be had: what mails will show again is looked up once a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulse.conversations.backlog import worst_first
from pulse.conversations.facts import Mention
from pulse.kernel.company import Company
from pulse.listening.budget import monthly_budget
from pulse.privacy.deletion import delete_posts
from pulse.privacy.removal import StoredPost, stored_post

if TYPE_CHECKING:
    from pulse.repositories import Repositories
    from pulse.x.client import XClient

MOST_A_DAY = 200
"""Posts looked up for one company: 1 USD a day at the most."""


def look_up(company: Company, x: XClient, stores: Repositories, now: datetime) -> dict[str, Any]:
    """Ask for the posts of customers who wait, those of before today; remove what is gone.

    They are billed, once a day. Trouble is returned: the next run tries again, and what was
    asked for today is not billed a second time.
    """
    today = now.date()
    if stores.compliance_states.looked_up(company.name) == today:
        return {"step": "not due"}
    if _spent(company, stores, now):
        return {"step": "the month's reads are used up"}
    asked = _open_posts(company, stores, now)
    found = x.absent([post.version for post in asked])
    # What was served is billed, also when X failed afterwards.
    if found.served:
        stores.cursors.add_reads(company.accounts[0].id, found.served, now)
    if found.error is not None:
        return {"step": f"trouble: {found.error}", "read": found.served}
    removed = delete_posts(
        company,
        {post: found.absent[post.version] for post in asked if post.version in found.absent},
        stores.deletions,
        stores.outbox,
        stores.author_cache,
        stores.own_posts,
        now,
        "daily look-up",
    )
    stores.compliance_states.mark_looked_up(company.name, today)
    return {"step": "looked up", "checked": len(asked), "removed": removed, "read": found.served}


def _spent(company: Company, stores: Repositories, now: datetime) -> bool:
    cursors = stores.cursors.load(company.account_ids).values()
    share = monthly_budget([c.reads for c in cursors], company.reads_per_month, now).share
    return share is not None and share >= 1


def _open_posts(company: Company, stores: Repositories, now: datetime) -> list[StoredPost]:
    """The newest version of each, the worst waits first; what is of today the sweeps see to."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    order = worst_first(stores.conversations.open(company.name), company.policy)[:MOST_A_DAY]
    found: dict[str, StoredPost] = {}
    for key, loaded in stores.conversations.load(order).items():
        for fact in sorted(_mentions(loaded.facts), key=lambda f: int(f.version)):
            if fact.at < midnight:
                found[fact.id] = stored_post(key, fact)
    return list(found.values())[:MOST_A_DAY]


def _mentions(facts: Any) -> Iterator[Mention]:
    return (fact for fact in facts if isinstance(fact, Mention))
