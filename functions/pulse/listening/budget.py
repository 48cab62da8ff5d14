"""What reading X is billed, month by month, and what it may come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pulse.kernel.posts import Post
from pulse.listening.scan import TimelineScan

Reads = Mapping[str, int]
"""Posts billed, by UTC month (`2030-05`)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Posts billed to one company in this UTC month and the last; `limit` is what is paid for."""

    used: int
    before: int
    limit: int | None

    @property
    def share(self) -> float | None:
        """How much of it is used, 1 for all; None without a limit."""
        return self.used / self.limit if self.limit else None


def monthly_budget(reads: Iterable[Reads], limit: int | None, now: datetime) -> Budget:
    """What the accounts of a company have read together."""
    counts = list(reads)
    this, before = (sum(r.get(month, 0) for r in counts) for month in _months(now))
    return Budget(this, before, limit)


def count_billed(name: str, walk: TimelineScan, posts: Sequence[Post], count: int, new: int) -> int:
    """How many of a page's `count` posts X bills; `new` of them were stored.

    A post is billed once per UTC day. So a sweep of today costs what no poll had seen; a poll,
    and a re-read across midnight, costs what it is served, but for the post it stopped at.
    """
    if name.startswith("sweep/"):
        return new
    floor = int(walk.stop_at.id) if walk.stop_at else None
    return count - sum(floor is not None and int(post.version) <= floor for post in posts)


def add_reads(reads: Reads, count: int, now: datetime) -> dict[str, int]:
    """The counts with so many more this month; months before the last go."""
    this, before = _months(now)
    kept = {month: reads[month] for month in (before, this) if month in reads}
    return {**kept, this: kept.get(this, 0) + count} if count else kept


def _months(now: datetime) -> tuple[str, str]:
    first = now.astimezone(UTC).replace(day=1)
    return f"{first:%Y-%m}", f"{first - timedelta(days=1):%Y-%m}"
