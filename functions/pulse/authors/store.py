"""Stores the names of authors, and the people whose earlier posts must not be stored again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pulse.dynamodb import keys
from pulse.dynamodb.codec import sortable_time
from pulse.dynamodb.table import Table
from pulse.kernel.posts import Author

AUTHOR_KEPT = timedelta(days=30)
"""Handles change owners (D-041), so that a name is looked up again once a month."""
_ERASURE_KEPT = timedelta(days=30)
"""Longer than any scan reaches back to posts that were read before."""


class AuthorCache:
    """Names and handles by X user id, each for a month after it was stored last."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, ids: Iterable[str]) -> dict[str, Author]:
        """Return those of the authors that are known, by id."""
        wanted = {keys.author(user_id): user_id for user_id in ids}
        found = self._table.get_many(wanted)
        return {
            wanted[at]: Author(wanted[at], item.get("username"), item.get("name"))
            for at, item in found.items()
        }

    def put(self, authors: Iterable[Author], now: datetime) -> None:
        """Store authors for a month; one without name and handle is known to be not shown by X."""
        ttl = int((now + AUTHOR_KEPT).timestamp())
        self._table.put_many(
            (keys.author(a.id), {"username": a.username, "name": a.name, "ttl": ttl})
            for a in authors
        )

    def delete(self, ids: Iterable[str]) -> None:
        """Delete authors by their X user ids."""
        self._table.delete_many(keys.author(i) for i in ids)


class ErasureList:
    """People who were erased; what they published before is not stored again."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, company: str, user_id: str, now: datetime) -> None:
        """Add a person, by X user id: nothing that they published before `now` is stored again."""
        ttl = int((now + _ERASURE_KEPT).timestamp())
        self._table.put(keys.erasure(company, user_id), {"at": sortable_time(now), "ttl": ttl})

    def of_company(self, company: str) -> dict[str, datetime]:
        """Return when each person was erased, by X user id; entries are kept for 30 days."""
        items = self._table.query(keys.erasures(company))
        return {item["sk"]: datetime.fromisoformat(item["at"]) for item in items}
