"""Where X allows no compliance jobs, the posts that mails will show are looked up once a day."""

from datetime import datetime

from pulse.conversations.backlog import worst_first
from pulse.conversations.facts import Mention
from pulse.kernel.company import Company
from pulse.kernel.time import start_of_day
from pulse.listening.budget import monthly_budget
from pulse.privacy.removal import StoredPost, stored_post
from pulse.privacy.run import ComplyRun, PrivacyStores, StepReport

MOST_A_DAY = 200
"""Posts that are looked up for one company in a day: 1 USD at most."""


def look_up(run: ComplyRun, company: Company) -> StepReport:
    """Ask X for waiting mentions from before today; delete those that are no longer on X.

    An error of X is reported, not raised: the next run tries again.
    """
    stores, now = run.stores, run.now
    # X bills a post once in a UTC day, however often it is served (D-028). So there is one look-up
    # a day; after an error the next run repeats it, and what was served before is not billed again.
    # Posts of today were read today: the sweeps look these up, free of charge (D-019).
    if stores.compliance_states.looked_up(company.name) == now.date():
        return StepReport("not due")
    # Polling goes on past 100 % of the budget (D-022), since a company must not go blind; look-ups
    # wait for the next month.
    reads = [cursor.reads for cursor in stores.cursors.load(company.account_ids).values()]
    if (monthly_budget(reads, company.reads_per_month, now).share or 0) >= 1:
        return StepReport("the month's reads are used up")
    asked = _open_posts(company, stores, now)
    found = run.x(company).absent([post.version for post in asked])
    # What was served is billed, also when X failed afterwards: counted first (D-030).
    if found.served:
        stores.cursors.add_reads(company.accounts[0].id, found.served, now)
    if found.error is not None:
        return StepReport(f"trouble: {found.error}", read=found.served)
    gone = {post: found.absent[post.version] for post in asked if post.version in found.absent}
    removed = stores.deleter.delete(company, gone, now, "daily look-up")
    stores.compliance_states.mark_looked_up(company.name, now.date())
    return StepReport("looked up", len(asked), removed, found.served)


def _open_posts(company: Company, stores: PrivacyStores, now: datetime) -> list[StoredPost]:
    """Return the newest version of each waiting mention of before today, the worst waits first."""
    midnight = start_of_day(now)
    order = worst_first(stores.conversations.open(company), company.policy)[:MOST_A_DAY]
    found: dict[str, StoredPost] = {}
    for key, loaded in stores.conversations.load(order).items():
        mentions = (fact for fact in loaded.facts if isinstance(fact, Mention))
        for mention in sorted(mentions, key=lambda m: int(m.version)):
            if mention.at < midnight:
                found[mention.id] = stored_post(key, mention)
    return list(found.values())[:MOST_A_DAY]
