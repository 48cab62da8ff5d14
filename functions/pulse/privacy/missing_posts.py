"""After a sweep: what we hold of its stretch and it did not serve, X is asked for by id.

Timelines lose posts, so that one is missing says nothing; only what X itself calls gone goes.
All of it was read today, so that nothing of it is billed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pulse.conversations.facts import Mention
from pulse.dynamodb.keys import parse_own_post
from pulse.kernel.posts import RemovalReason
from pulse.listening.scan import TimelineScan
from pulse.privacy.deletion import delete_posts
from pulse.privacy.removal import StoredPost, stored_post
from pulse.x.faults import XError

if TYPE_CHECKING:
    from pulse.listening.run import PollRun

_AT_ONCE = 100
_MOST = 1000
"""Asked for after one sweep: ten requests, should X serve an empty timeline."""


def delete_missing(reading: PollRun, walk: TimelineScan) -> None:
    """Remove what vanished since this sweep's `walk` began; what it served is in `served`."""
    missing: dict[str, StoredPost] = {}
    for post in _held(reading, walk):
        known = missing.get(post.id, post)
        if post.id not in reading.served:
            missing[post.id] = max(known, post, key=lambda p: int(p.version))
    asked = list(missing.values())[-_MOST:]
    gone: dict[StoredPost, RemovalReason] = {}
    try:
        for start in range(0, len(asked), _AT_ONCE):
            some = asked[start : start + _AT_ONCE]
            reading.checked += len(some)
            absent = reading.x.absent([post.version for post in some])
            gone |= {post: absent[post.version] for post in some if post.version in absent}
    except XError as trouble:  # the next sweep asks again
        reading.problems.append(f"look-up: {trouble}")
    reading.removed += delete_posts(
        reading.company,
        gone,
        reading.retraction,
        reading.outbox,
        reading.author_cache,
        reading.own_posts,
        reading.now,
        f"@{reading.account.username}",
    )


def _held(reading: PollRun, walk: TimelineScan) -> Iterator[StoredPost]:
    """What we hold of the walk's timeline, from where it ends, which is of today."""
    account, company = reading.account.id, reading.company.name
    end = walk.start.replace(hour=23, minute=59, second=59, microsecond=999_999)
    for key, fact in reading.conversations.published(company, walk.start, end):
        if isinstance(fact, Mention):
            if walk.endpoint == "mentions" and account in fact.named:
                yield stored_post(key, fact)
        elif walk.endpoint == "posts" and fact.account_id == account:
            yield stored_post(key, fact)
    if walk.endpoint == "posts":
        for item in reading.own_posts.published(company, walk.start, end):
            if item["account"] == account:
                first, version = parse_own_post(item["sk"])
                yield StoredPost(first, version, None, ours=True)
