"""Compares counts of billed reads with the reference run: never fewer, more only after a kill.

The reads of a killed poll are counted by the next poll, and once more by a sweep in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pulse.conversations.facts import Mention, Reply
from pulse.kernel.company import Company
from tests.simulations.crashes.conversation_history import histories
from tests.simulations.crashes.snapshot import Snapshot, reads


def wrong_read_counts(
    company: Company, reference: Mapping[str, int], other: Snapshot, away: timedelta
) -> Iterator[str]:
    """Accounts that count fewer posts than in the reference run, or more than a kill explains.

    `away` is how long a killed poll's message is invisible.
    """
    killed = [at for function, at in other.killed if function in ("poll", "dispatch")]
    found = reads(other.items)
    for account in company.accounts:
        was, is_now = reference.get(account.id, 0), found.get(account.id, 0)
        moments = _stored_times(company, account.id, other)
        twice = sum(any(at <= m <= at + away for at in killed) for m in moments)
        if not was <= is_now <= was + twice:
            yield f"@{account.username} counts {is_now} posts as read, {was} in the reference run"


def _stored_times(company: Company, account: str, other: Snapshot) -> Iterator[datetime]:
    """When each post of the account's timelines was stored."""
    for history in histories(other.items).values():
        for fact in history.facts:
            named = isinstance(fact, (Mention, Reply)) and account in fact.named
            if named or (isinstance(fact, Reply) and fact.account_id == account):
                yield fact.stored_at or fact.at
