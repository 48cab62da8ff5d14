"""What else is kept: settings, authors, own posts that answer nobody, the day's figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from pulse.audit.store import AuditLog, RemovalEntries
from pulse.conversations.store.codec import day_index, published_in
from pulse.dynamodb.codec import Item, ItemKey, parse_time, sortable_time
from pulse.dynamodb.table import Table, TransactionCancelledError
from pulse.kernel.posts import Author, Post

AUTHOR_KEPT = timedelta(days=30)
_FORGOTTEN_KEPT = timedelta(days=30)
"""Longer than X shows again what was published before."""
_SETTINGS = ItemKey("settings", "current")


class Shelf:
    """Items that no other writer changes at the same time."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._folded: dict[str, tuple[int, datetime | None]] = {}

    def settings(self) -> tuple[dict[str, Any], int, datetime] | None:
        """The document in force, its version and when it was pushed; None before the first."""
        item = self._table.get(_SETTINGS)
        if item is None:
            return None
        return (
            json.loads(item["document"]),
            item["version"],
            datetime.fromisoformat(item["pushed_at"]),
        )

    def versions(self) -> Iterator[dict[str, Any]]:
        """Every document that was ever in force, oldest first."""
        for item in self._table.partition("settings", "v", "v~"):
            yield json.loads(item["document"])

    def push(self, document: Mapping[str, Any], now: datetime) -> int:
        """Put a new version in force, keeping all; `CancelledError` when another was faster."""
        before = self._table.get(_SETTINGS)
        version = (before["version"] if before else 0) + 1
        values = {
            "document": json.dumps(document, ensure_ascii=False, default=str),
            "version": version,
            "pushed_at": sortable_time(now),
        }
        condition = "version = :was" if before else "attribute_not_exists(pk)"
        given = {":was": before["version"]} if before else None
        self._table.transact(
            [
                self._table.put_action(_SETTINGS, values, condition, given),
                self._table.put_action(ItemKey("settings", f"v{version:06d}"), values),
            ]
        )
        return version

    def folded(self, company: str) -> tuple[int, datetime | None]:
        """By which version of the settings all open conversations were folded, and since when."""
        if company not in self._folded:
            item = self._table.get(ItemKey(f"company#{company}", "folded")) or {"version": 0}
            self._folded[company] = item["version"], parse_time(item.get("at"))
        return self._folded[company]

    def mark_folded(self, company: str, version: int, now: datetime) -> None:
        """All open conversations have been folded by this version."""
        values = {"version": version, "at": sortable_time(now)}
        self._table.put(ItemKey(f"company#{company}", "folded"), values)
        self._folded[company] = version, now

    def digests_done(self, company: str) -> dict[str, str]:
        """By digest and recipient: the last one that was written, as a local date and hour."""
        item = self._table.get(ItemKey(f"company#{company}", "digests"))
        return json.loads(item["done"]) if item else {}

    def write_digests(
        self,
        company: str,
        was: Mapping[str, str],
        done: Mapping[str, str],
        beside: Iterable[tuple[ItemKey, Item]],
    ) -> bool:
        """Mark digests as written, with their entries; False when another run was faster."""
        before = {":was": _text(was)} if was else None
        marks = self._table.put_action(
            ItemKey(f"company#{company}", "digests"),
            {"done": _text(done)},
            "done = :was" if was else "attribute_not_exists(pk)",
            before,
        )
        try:
            self._table.transact([marks, *(self._table.put_action(*item) for item in beside)])
        except TransactionCancelledError:
            return False
        return True

    def authors(self, ids: Iterable[str]) -> dict[str, Author]:
        """Those of the authors that are known."""
        found = self._table.get_many(ItemKey(f"author#{i}", "author") for i in ids)
        return {
            at.pk.removeprefix("author#"): Author(
                at.pk.removeprefix("author#"), item.get("username"), item.get("name")
            )
            for at, item in found.items()
        }

    def keep_authors(self, authors: Iterable[Author], now: datetime) -> None:
        """Remember who they are for a month; an author that X does not show, too."""
        ttl = int((now + AUTHOR_KEPT).timestamp())
        self._table.put_many(
            (
                ItemKey(f"author#{a.id}", "author"),
                {"username": a.username, "name": a.name, "ttl": ttl},
            )
            for a in authors
        )

    def drop_authors(self, ids: Iterable[str]) -> None:
        """Forget who they are."""
        self._table.delete_many(ItemKey(f"author#{i}", "author") for i in ids)

    def forget(self, company: str, person: str, now: datetime) -> None:
        """Store nothing again of what this person (by X id) published before now."""
        ttl = int((now + _FORGOTTEN_KEPT).timestamp())
        self._table.put(
            ItemKey(f"forgotten#{company}", person), {"at": sortable_time(now), "ttl": ttl}
        )

    def forgotten(self, company: str) -> dict[str, datetime]:
        """Whom the company has forgotten of late, by X id, and when."""
        items = self._table.partition(f"forgotten#{company}")
        return {item["sk"]: datetime.fromisoformat(item["at"]) for item in items}

    def keep_said(self, company: str, posts: Iterable[Post], keep: timedelta | None) -> None:
        """Own posts that answer no customer, for counting and for the news of the day."""
        self._table.put_many(
            (
                ItemKey(f"said#{company}", f"{p.id}/{p.version}"),
                {
                    "account": p.author_id,
                    "named": sorted(p.named),
                    "at": sortable_time(p.created_at),
                    "text": p.text,
                    "gpk": day_index(company, p.created_at),
                    "gsk": f"{sortable_time(p.created_at)[11:]}#s{p.version}",
                    "ttl": int((p.created_at + keep).timestamp()) if keep else None,
                },
            )
            for p in posts
        )

    def said(self, company: str, start: datetime, end: datetime) -> Iterator[Item]:
        """Own posts of [start, end) that answer no customer."""
        for stretch in published_in(company, start, end):
            for item in self._table.indexed(*stretch):
                if item["pk"] == f"said#{company}" and sortable_time(start) <= item[
                    "at"
                ] < sortable_time(end):
                    yield item

    def drop_said(
        self, company: str, ids: Iterable[str], told: RemovalEntries = lambda _: ()
    ) -> int:
        """Remove own posts, by their first ids, with all their versions; returns how many.

        The journal is told of each in the same transaction.
        """
        pk = f"said#{company}"
        removed = 0
        for post_id in dict.fromkeys(ids):
            found = [
                ItemKey(pk, i["sk"])
                for i in self._table.partition(pk, f"{post_id}/", f"{post_id}/~")
            ]
            if found:
                rows = [AuditLog.item(company, row, apart=post_id) for row in told([post_id])]
                deleted = [self._table.delete_action(at) for at in found]
                self._table.transact([*deleted, *(self._table.put_action(*row) for row in rows)])
                removed += 1
        return removed

    def counted(self, company: str) -> date | None:
        """The last day whose figures were counted."""
        item = self._table.get(ItemKey(f"company#{company}", "counted"))
        return date.fromisoformat(item["day"]) if item else None

    def mark_counted(self, company: str, day: date) -> None:
        """The figures are counted up to this day."""
        self._table.put(ItemKey(f"company#{company}", "counted"), {"day": day.isoformat()})

    def put_figures(self, company: str, day: date, figures: Mapping[str, Any]) -> None:
        """A day's figures, kept for good: counts and histograms, no text, no names."""
        self._table.put(
            ItemKey(f"figures#{company}", day.isoformat()), {"figures": json.dumps(figures)}
        )

    def has_figures(self, company: str, day: date) -> bool:
        """Whether this day was counted before."""
        return self._table.get(ItemKey(f"figures#{company}", day.isoformat())) is not None

    def figures(self, company: str, start: date, end: date) -> dict[date, dict[str, Any]]:
        """The figures of the days from `start` to `end`, both included."""
        items = self._table.partition(f"figures#{company}", start.isoformat(), end.isoformat())
        return {date.fromisoformat(i["sk"]): json.loads(i["figures"]) for i in items}


def _text(values: Mapping[str, str]) -> str:
    return json.dumps(values, sort_keys=True)
