"""Counts what was served, in the way in which X bills it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any


class Usage:
    """Counts requests, posts and users, and notes the UTC days on which each post was served."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        self.days_served: dict[str, set[date]] = {}
        self.posts_served = 0
        self.rereads_within_day = 0
        self.rereads_across_days = 0
        self.includes_served = 0
        self.users_served = 0

    def count_served(self, post_ids: Iterable[str], day: date) -> None:
        """Count posts that were served as data on a UTC day."""
        # X bills a post once per UTC day: reading it again on the same day is free.
        for post_id in post_ids:
            self.posts_served += 1
            days = self.days_served.setdefault(post_id, set())
            if day in days:
                self.rereads_within_day += 1
            elif days:
                self.rereads_across_days += 1
            days.add(day)

    def as_dict(self) -> dict[str, Any]:
        """Return all figures, for run.json.

        A post that is served again counts either as a re-read within its UTC day or across days.
        """
        by_endpoint: Counter[str] = Counter()
        by_status: Counter[str] = Counter()
        for (endpoint, status), count in self.requests.items():
            by_endpoint[endpoint] += count
            by_status[status] += count
        return {
            "requests": {
                "total": self.requests.total(),
                "by_endpoint": dict(sorted(by_endpoint.items())),
                "by_status": dict(sorted(by_status.items())),
            },
            "posts_served": self.posts_served,
            "distinct_posts": len(self.days_served),
            "rereads_within_day": self.rereads_within_day,
            "rereads_across_days": self.rereads_across_days,
            "includes_served": self.includes_served,
            "users_served": self.users_served,
        }
