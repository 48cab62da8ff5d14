"""All stored posts of a company by day of publication, without their texts."""

from collections.abc import Iterator
from datetime import date

from pulse.conversations.store.codec import key_from_pk
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item
from pulse.dynamodb.table import Table
from pulse.kernel.time import day_bounds
from pulse.privacy.removal import StoredPost


class PostIndex:
    """Reads the index of posts by UTC day."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def posts_of_day(self, company: str, day: date) -> Iterator[StoredPost]:
        """Yield mentions, replies and own posts published on a UTC day; each version is one."""
        moment, _ = day_bounds(day)
        for item in self._table.query_index(keys.day_index(company, moment), only=("pk", "sk")):
            yield _stored_post(item)


def _stored_post(item: Item) -> StoredPost:
    if keys.kind_and_rest(item["pk"])[0] == keys.OWN_POSTS:
        first, version = keys.parse_own_post(item["sk"])
        return StoredPost(first, version, None, ours=True)
    first, version, is_reply = keys.parse_post(item["sk"])
    return StoredPost(first, version, key_from_pk(item["pk"]), ours=is_reply)
