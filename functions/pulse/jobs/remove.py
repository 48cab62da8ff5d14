"""What X says is gone goes from all that is kept; how many and why is noted, nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pulse.domain.facts import Key
from pulse.domain.journal import Row
from pulse.domain.removal import OF_THE_ACCOUNT, Held, Why
from pulse.domain.settings import Company

if TYPE_CHECKING:
    from pulse.adapters.table import Journal, Outbox, Retraction, Shelf


def remove(
    company: Company,
    gone: Mapping[Held, Why],
    retraction: Retraction,
    outbox: Outbox,
    shelf: Shelf,
    journal: Journal,
    now: datetime,
    by: str,
) -> int:
    """Remove these posts with all their versions; returns how many. `by` is what found out.

    All of it may be done again. A poll under way may still store one that it read before; the
    next sweep or compliance job then finds it as it found this one.
    """
    going = {post: why for post, why in gone.items() if post.goes(why)}
    posts: dict[Key, set[str]] = defaultdict(set)
    for post in going:
        if post.key is not None:
            posts[post.key].add(post.id)
    removed = retraction.retract(posts, company.policy, company.keep)
    outbox.untell(company.name, retraction.ended(posts), now)
    removed += shelf.drop_said(company.name, [p.id for p in going if p.key is None])
    shelf.drop_authors(
        {p.key.customer_id for p, why in going.items() if p.key and why in OF_THE_ACCOUNT}
    )
    whys = {post.id: why for post, why in going.items()}
    journal.note(
        company.name,
        [
            Row("removed", now, {"posts": posts, "why": why, "by": by})
            for why, posts in Counter(whys.values()).items()
        ]
        if removed
        else (),
    )
    return removed
