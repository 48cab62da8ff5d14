"""Where X allows no compliance jobs, the posts that mails will show are looked up once a day."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pulse.conversations.backlog import worst_first
from pulse.conversations.facts import Mention
from pulse.kernel.company import Company
from pulse.kernel.time import start_of_day
from pulse.listening.budget import monthly_budget
from pulse.privacy.removal import StoredPost, stored_post
from pulse.privacy.report import StepReport
from pulse.privacy.stores import PrivacyStores

if TYPE_CHECKING:
    from pulse.x.client import XClient

MOST_A_DAY = 200
"""Posts that are looked up for one company in a day: 1 USD at most."""


def look_up(company: Company, x: XClient, stores: PrivacyStores, now: datetime) -> StepReport:
    """Ask X for waiting mentions from before today; delete those that are no longer on X.

    An error of X is reported, not raised: the next run tries again.
    """
    # X bills a post once in a UTC day, however often it is served (D-028). So there is one look-up
    # a day; after an error the next run repeats it, and what was served before is not billed again.
    # Posts of today were read today: the sweeps look these up, free of charge (D-019).
    if stores.compliance_states.looked_up(company.name) == now.date():
        return StepReport("not due")
    if _is_budget_used_up(company, stores, now):
        return StepReport("the month's reads are used up")
    asked = _open_posts(company, stores, now)
    found = x.absent([post.version for post in asked])
    # What was served is billed, also when X failed afterwards: counted first (D-030).
    if found.served:
        stores.cursors.add_reads(company.accounts[0].id, found.served, now)
    if found.error is not None:
        return StepReport(f"trouble: {found.error}", read=found.served)
    gone = {post: found.absent[post.version] for post in asked if post.version in found.absent}
    removed = stores.deleter.delete(company, gone, now, "daily look-up")
    stores.compliance_states.mark_looked_up(company.name, now.date())
    return StepReport("looked up", len(asked), removed, found.served)


def _is_budget_used_up(company: Company, stores: PrivacyStores, now: datetime) -> bool:
    # Polling goes on past 100 % of the budget (D-022), since a company must not go blind; look-ups
    # wait for the next month.
    cursors = stores.cursors.load(company.account_ids).values()
    share = monthly_budget([c.reads for c in cursors], company.reads_per_month, now).share
    return share is not None and share >= 1


def _open_posts(company: Company, stores: PrivacyStores, now: datetime) -> list[StoredPost]:
    """Return the newest version of each waiting mention of before today, the worst waits first."""
    midnight = start_of_day(now)
    order = worst_first(stores.conversations.open(company.name), company.policy)[:MOST_A_DAY]
    found: dict[str, StoredPost] = {}
    for key, loaded in stores.conversations.load(order).items():
        mentions = (fact for fact in loaded.facts if isinstance(fact, Mention))
        for mention in sorted(mentions, key=lambda m: int(m.version)):
            if mention.at < midnight:
                found[mention.id] = stored_post(key, mention)
    return list(found.values())[:MOST_A_DAY]
