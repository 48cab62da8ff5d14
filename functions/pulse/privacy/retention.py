"""A new retention (`keep` in the settings) is applied to all that is stored, newest day first."""

from collections.abc import Callable
from datetime import date, datetime

from pulse.kernel.company import SETTINGS_LAG, Company
from pulse.kernel.time import DAY
from pulse.listening.store import CursorStore
from pulse.privacy.store.compliance import ComplianceStore
from pulse.privacy.stores import PrivacyStores
from pulse.settings.store import SettingsStore


def first_stored_day(
    company: Company, cursors: CursorStore, states: ComplianceStore
) -> date | None:
    """Return the first UTC day of which posts may be stored; None before anything was read."""
    found = cursors.load(company.account_ids).values()
    if not found:
        return None
    begun = min(cursor.watched_from for cursor in found) - company.look_back
    # One day more, to be on the safe side. The store remembers the earliest day that it was ever
    # asked for: posts stay stored when a company gives up the account that it read first.
    return states.first_stored_day(company.name, begun.date() - DAY)


def apply_retention(
    company: Company, stores: PrivacyStores, now: datetime, out_of_time: Callable[[], bool]
) -> int | None:
    """Give all that is stored the time to live of the company's retention.

    Return how many items were written; None when there is nothing to do, or not yet. When time runs
    out, the next run continues with the same day.

    Raises:
        ContentionError: others kept writing a conversation.
    """
    retention, states = company.retention, stores.compliance_states
    wanted = "forever" if retention is None else f"{int(retention.total_seconds())} s"
    applied, day = states.retention_applied(company.name, wanted)
    if applied or _is_push_recent(stores.settings, now):
        return None
    first = first_stored_day(company, stores.cursors, states)
    if first is None:
        return None
    # From tomorrow on, since clocks differ, back to the first day: the newest posts are those that
    # a reader may ask about. A conversation with posts of several days is written on the first
    # of them; on the others it already has its time to live, and costs a read.
    day = day or now.date() + DAY
    written = 0
    while day >= first:
        if out_of_time():
            states.mark_retention_applied(company.name, wanted, day)
            return written
        posts = stores.post_index.posts_of_day(company.name, day)
        conversations = {post.key for post in posts if post.key is not None}
        written += stores.retention.apply_to_conversations(
            conversations, company.policy, retention, now
        )
        written += stores.retention.apply_to_own_posts(company.name, day, retention)
        day -= DAY
    written += stores.audit_log.apply_retention(company.name, retention)
    states.mark_retention_applied(company.name, wanted, None)
    return written


def _is_push_recent(settings: SettingsStore, now: datetime) -> bool:
    """Return whether a function under way may still store by the settings of before."""
    # A poll that began before the push stores with the old time to live. Were all days done before
    # it ends, nobody would come back for what it stores.
    pushed = settings.current()
    return pushed is not None and now - pushed.pushed_at <= SETTINGS_LAG
