"""After a sweep: X is asked by id for stored posts of its period that it did not serve.

Timelines lose posts, so that a missing post proves nothing; only what X itself reports as deleted
or hidden is deleted. All of it was read today, so that nothing is billed again (D-019).
"""

from collections.abc import Iterator

from pulse.conversations.facts import Mention
from pulse.listening.run import PollRun
from pulse.listening.scan import TimelineScan
from pulse.listening.timeline import is_in_timeline
from pulse.privacy.deletion import PostDeleter
from pulse.privacy.removal import StoredPost, stored_post
from pulse.x.answers import Lookup

_MOST = 1000
"""Posts asked for after one sweep: ten requests, should X serve an empty timeline."""


def delete_missing_posts(
    deleter: PostDeleter, run: PollRun, sweep: TimelineScan
) -> tuple[Lookup, int]:
    """Delete the posts of a finished sweep's period that X says are no longer there.

    Return X's answer, and how many posts were deleted.
    """
    missing: dict[str, StoredPost] = {}
    for post in _stored(run, sweep):
        known = missing.get(post.id, post)
        if post.id not in run.report.served:
            missing[post.id] = max(known, post, key=lambda p: int(p.version))
    asked = list(missing.values())[-_MOST:]
    # If X fails in the middle, what it answered until then is still carried out; the next
    # sweep asks for the rest.
    found = run.x.absent([post.version for post in asked])
    gone = {post: found.absent[post.version] for post in asked if post.version in found.absent}
    return found, deleter.delete(run.company, gone, run.now, f"@{run.account.username}")


def _stored(run: PollRun, sweep: TimelineScan) -> Iterator[StoredPost]:
    """Yield what is stored of the sweep's timeline, from its start to the end of that day."""
    end = sweep.start.replace(hour=23, minute=59, second=59, microsecond=999_999)
    for stored, fact in run.ingest.conversations.published(run.company, sweep.start, end):
        # A post by another account of ours is looked up with that account's own timeline.
        is_looked_up = sweep.endpoint == "posts" or isinstance(fact, Mention)
        if is_looked_up and is_in_timeline(fact, sweep.endpoint, run.account.id):
            yield stored_post(stored.key, fact)
