"""Reading the table: one item, many by key, a partition, the index, or everything."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulse.dynamodb.codec import Item, ItemKey, from_dynamodb, key_to_dynamodb, to_dynamodb

_MAX_BATCH = 100
"""Keys that DynamoDB takes in one BatchGetItem."""
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds to wait, time after time, while the table is too busy."""


class TableReader:
    """Reads one table with one sparse index (`gpk`, `gsk`).

    `pause` waits for a number of seconds; it is the only way in which Pulse ever waits, and a test
    hands in another.
    """

    def __init__(
        self, client: Any, name: str, index: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.name = name
        self.index = index
        self.pause = pause

    def get(self, at: ItemKey) -> Item | None:
        """Return the item as it is now (a consistent read), or None."""
        answer = self.client.get_item(
            TableName=self.name, Key=key_to_dynamodb(at), ConsistentRead=True
        )
        return from_dynamodb(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[ItemKey]) -> dict[ItemKey, Item]:
        """Return those of the items that exist, by key; consistent reads, whatever their number."""
        found: dict[ItemKey, Item] = {}

        def ask(batch: list[Any]) -> list[Any]:
            question = {"Keys": batch, "ConsistentRead": True}
            answer = self.client.batch_get_item(RequestItems={self.name: question})
            items = map(from_dynamodb, answer["Responses"].get(self.name, []))
            found.update((key_of(item), item) for item in items)
            left: Any = answer.get("UnprocessedKeys") or {}
            return left.get(self.name, {}).get("Keys", [])  # type: ignore[no-any-return]

        self._in_batches(map(key_to_dynamodb, dict.fromkeys(keys)), _MAX_BATCH, ask)
        return found

    def _in_batches(
        self, requests: Iterable[Any], size: int, send: Callable[[list[Any]], list[Any]]
    ) -> None:
        """Send requests a few at a time; `send` returns those that DynamoDB left undone."""
        # An answer holds at most 16 MB, and less from a busy table: what it left out is sent again
        # with the rest. Without the pause, a busy table would be asked in a tight loop and stay
        # busy.
        waiting = list(requests)
        pauses = itertools.chain(PAUSES, itertools.repeat(PAUSES[-1]))
        while waiting:
            left = send(waiting[:size])
            if left:
                self.pause(next(pauses))
            waiting = waiting[size:] + left

    def query(
        self, pk: str, low: str = "", high: str = "", *, limit: int | None = None
    ) -> Iterator[Item]:
        """Yield the items of a partition in order of `sk`; consistent reads.

        If `high` is given, only those whose `sk` is between `low` and `high`, both included.
        """
        between = " AND sk BETWEEN :low AND :high" if high else ""
        return self._query(
            limit,
            ConsistentRead=True,
            KeyConditionExpression=f"pk = :pk{between}",
            ExpressionAttributeValues=to_dynamodb(
                {":pk": pk, **({":low": low or " ", ":high": high} if high else {})}
            ),
        )

    def query_index(
        self,
        gpk: str,
        low: str = "",
        high: str = "~",
        limit: int | None = None,
        only: Sequence[str] = (),
    ) -> Iterator[Item]:
        """Yield the items of the index under `gpk`, in order of `gsk`.

        `gsk` is between `low` and `high`, both included. If `only` names attributes, the items
        hold no others. The index may be a moment behind the table: DynamoDB offers no consistent
        read of it.
        """
        some = {"ProjectionExpression": ", ".join(only)} if only else {}
        return self._query(
            limit,
            IndexName=self.index,
            **some,
            KeyConditionExpression="gpk = :g AND gsk BETWEEN :low AND :high",
            ExpressionAttributeValues=to_dynamodb({":g": gpk, ":low": low or " ", ":high": high}),
        )

    def scan(self) -> Iterator[Item]:
        """Yield every item of the table: for rehearsals and exports, never for a function."""
        for page in self.client.get_paginator("scan").paginate(TableName=self.name):
            yield from map(from_dynamodb, page["Items"])

    def _query(self, limit: int | None, **question: Any) -> Iterator[Item]:
        # A page ends after 1 MB or after `limit` items, so that the first item alone costs the
        # read of one item.
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name, **question, PaginationConfig={"MaxItems": limit, "PageSize": limit}
        )
        for page in pages:
            yield from map(from_dynamodb, page["Items"])


def key_of(item: Mapping[str, Any]) -> ItemKey:
    """Return the key of an item that was read."""
    return ItemKey(item["pk"], item["sk"])
