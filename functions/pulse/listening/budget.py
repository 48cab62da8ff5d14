"""The posts that X bills for reading, by month, and the limit that a company pays for."""

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
        """The share of the limit that is used, 1 for all; None without a limit."""
        return self.used / self.limit if self.limit else None


def monthly_budget(reads: Iterable[Reads], limit: int | None, now: datetime) -> Budget:
    """Return what the accounts of a company have read together."""
    counts = list(reads)
    this, before = (sum(r.get(month, 0) for r in counts) for month in _months(now))
    return Budget(this, before, limit)


def count_billed(scan: TimelineScan, posts: Sequence[Post], served: int, new: int) -> int:
    """Return how many of the `served` posts of a page X bills; `new` of them were not stored yet.

    `posts` are those of the page that could be read.
    """
    # X bills a post once per UTC day, however often it serves it, and does not say what it billed.
    # A sweep reads posts of today that polls have read today already, and its look-ups ask for
    # posts that were read today as well: only what no poll had stored costs anything. A poll reads
    # for the first time. A re-read goes over posts of yesterday, which were billed yesterday and
    # are billed again today. There, everything served counts, readable or not, except the post at
    # which the scan stops: search, which is bounded by times (D-006), serves it a second time. The
    # estimate may be too high, but never too low (D-030).
    if scan.purpose == "sweep":
        return new
    if scan.stop_at is None:
        return served
    floor = int(scan.stop_at.id)
    return served - len([post for post in posts if int(post.version) <= floor])


def add_reads(reads: Reads, count: int, now: datetime) -> dict[str, int]:
    """Return the counts after `count` more this month; only this month and the last are kept."""
    this, before = _months(now)
    kept = {month: reads[month] for month in (before, this) if month in reads}
    return {**kept, this: kept.get(this, 0) + count} if count else kept


def _months(now: datetime) -> tuple[str, str]:
    # X bills by UTC months, whatever the time zone of the company.
    first = now.astimezone(UTC).replace(day=1)
    return f"{first:%Y-%m}", f"{first - timedelta(days=1):%Y-%m}"
