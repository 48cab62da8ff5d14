"""Posts of the company's accounts that answer no customer."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pulse.audit.entries import AuditRecord
from pulse.audit.store import RemovalEntries
from pulse.conversations.store.codec import day_index_ranges
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey, sortable_time
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table
from pulse.kernel.posts import Post


@dataclass(frozen=True, slots=True)
class OwnPost:
    """A version of a post by one of the company's accounts, without its text.

    `id` is that of its first version, `named` the X user ids that the post names.
    """

    id: str
    version: str
    account_id: str
    named: frozenset[str]
    at: datetime


class OwnPosts:
    """Own posts that answer no customer, each version an item; they share the index of mentions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, company: str, posts: Iterable[Post], retention: timedelta | None) -> None:
        """Store own posts that answer no customer, for `retention` from publishing."""
        self._table.put_many(
            (
                keys.own_post(company, p.id, p.version),
                {
                    "account": p.author_id,
                    "named": sorted(p.named),
                    "at": sortable_time(p.created_at),
                    "text": p.text,
                    "gpk": keys.day_index(company, p.created_at),
                    "gsk": keys.day_index_sort(p.created_at, keys.own_post_token(p.version)),
                    "ttl": int((p.created_at + retention).timestamp()) if retention else None,
                },
            )
            for p in posts
        )

    def published(self, company: str, start: datetime, end: datetime) -> Iterator[OwnPost]:
        """Yield the versions of own posts published in [start, end) that answer no customer."""
        for key_range in day_index_ranges(company, start, end):
            for item in self._table.query_index(*key_range):
                # Items of mentions and replies are in the same index, and have no attribute `at`.
                ours = item["pk"] == keys.own_posts(company)
                if ours and sortable_time(start) <= item["at"] < sortable_time(end):
                    first, version = keys.parse_own_post(item["sk"])
                    at = datetime.fromisoformat(item["at"])
                    yield OwnPost(first, version, item["account"], frozenset(item["named"]), at)

    def delete(
        self, company: str, ids: Iterable[str], log_entries: RemovalEntries = lambda _: ()
    ) -> int:
        """Delete own posts, by their first ids, with all their versions; return how many.

        `log_entries` makes the entries of the audit log about a post; they are written in the
        transaction that deletes it (D-029).
        """
        pk = keys.own_posts(company)
        removed = 0
        for post_id in dict.fromkeys(ids):
            found = [
                ItemKey(pk, i["sk"])
                for i in self._table.query(pk, *keys.own_post_versions(post_id))
            ]
            if found:
                rows = [
                    AuditRecord(company, row, distinct=post_id) for row in log_entries([post_id])
                ]
                deleted = [self._table.delete_action(at) for at in found]
                self._table.transact(
                    [*deleted, *(self._table.put_action(*item_of(row)) for row in rows)]
                )
                removed += 1
        return removed
