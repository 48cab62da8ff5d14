"""Items in and out of DynamoDB: every page, all of a batch, all or nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import sleep
from typing import TYPE_CHECKING, Any

from pulse.dynamodb.codec import Item, ItemKey, from_dynamodb, key_to_dynamodb, to_dynamodb
from pulse.kernel.errors import RetryLaterError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_GET_AT_ONCE = 100
_PUT_AT_ONCE = 25
MAX_ACTIONS = 100
"""What one transaction may hold."""

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds to wait, time after time, while the table is too busy."""
_GIVE_WAY = (0.0, 0.0, 0.05, 0.1, 0.2, 0.4)
"""Seconds to wait, time after time, while others write the same items."""
_LOST = {"None", "ConditionalCheckFailed", "TransactionConflict"}
_BUSY = {"ThrottlingError", "ProvisionedThroughputExceeded"}


class TransactionCancelledError(RetryLaterError):
    """A transaction was cancelled; `failed` are the places of the actions that failed.

    With `conflict` others were writing the same items, and no condition failed: the same
    once more may go through.
    """

    def __init__(self, failed: Sequence[int], *, conflict: bool = False) -> None:
        super().__init__(f"transaction cancelled by actions {list(failed)}")
        self.failed = tuple(failed)
        self.conflict = conflict


class Table:
    """One table with one sparse index (`gpk`, `gsk`)."""

    def __init__(self, client: DynamoDBClient, name: str, index: str) -> None:
        self.client: Any = client
        self.name = name
        self.index = index

    def get(self, at: ItemKey) -> Item | None:
        """The item as it is now (consistent), or None."""
        answer = self.client.get_item(
            TableName=self.name, Key=key_to_dynamodb(at), ConsistentRead=True
        )
        return from_dynamodb(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[ItemKey]) -> dict[ItemKey, Item]:
        """The items that exist, consistent, whatever their number."""
        wanted = list(dict.fromkeys(keys))
        found: dict[ItemKey, Item] = {}
        pauses = _pauses()
        while wanted:
            asked, wanted = wanted[:_GET_AT_ONCE], wanted[_GET_AT_ONCE:]
            question = {"Keys": [key_to_dynamodb(k) for k in asked], "ConsistentRead": True}
            answer = self.client.batch_get_item(RequestItems={self.name: question})
            for raw in answer["Responses"].get(self.name, []):
                item = from_dynamodb(raw)
                found[ItemKey(item["pk"], item["sk"])] = item
            left: Any = answer.get("UnprocessedKeys") or {}
            again = [ItemKey(**from_dynamodb(k)) for k in left.get(self.name, {}).get("Keys", [])]
            if again:
                sleep(next(pauses))
            wanted += again
        return found

    def query(
        self, pk: str, low: str = "", high: str = "", *, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of a partition, `sk` from `low` to `high` if given, in order, consistent."""
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
        """Items that stand in the index under `gpk`, `gsk` from `low` to `high`, in order.

        Of each, `only` these attributes, if named.
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
        """Every item of the table: for rehearsals and exports, never for a function."""
        for page in self.client.get_paginator("scan").paginate(TableName=self.name):
            yield from map(from_dynamodb, page["Items"])

    def put(self, at: ItemKey, values: Mapping[str, Any]) -> None:
        """Put an item in place of whatever was there."""
        self.client.put_item(TableName=self.name, Item=to_dynamodb({**at._asdict(), **values}))

    def put_many(self, items: Iterable[tuple[ItemKey, Mapping[str, Any]]]) -> None:
        """Put items that nobody else writes differently; order does not matter."""
        self._batches(
            {"PutRequest": {"Item": to_dynamodb({**at._asdict(), **values})}}
            for at, values in dict(items).items()
        )

    def delete_many(self, keys: Iterable[ItemKey]) -> None:
        """Delete items that nobody else writes; those that are not there are no error."""
        self._batches({"DeleteRequest": {"Key": key_to_dynamodb(at)}} for at in dict.fromkeys(keys))

    def _batches(self, requests: Iterable[Any]) -> None:
        waiting = list(requests)
        pauses = _pauses()
        while waiting:
            asked, waiting = waiting[:_PUT_AT_ONCE], waiting[_PUT_AT_ONCE:]
            answer = self.client.batch_write_item(RequestItems={self.name: asked})
            again = answer.get("UnprocessedItems", {}).get(self.name, [])
            if again:
                sleep(next(pauses))
            waiting += again

    def update(
        self,
        at: ItemKey,
        values: Mapping[str, Any],
        *,
        condition: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Item | None:
        """Set attributes (None removes); returns the item.

        None if the condition does not hold, or others are writing the item.
        """
        action = self.update_action(at, values, condition, given)["Update"]
        try:
            answer = self.client.update_item(**action, ReturnValues="ALL_NEW")
        except self._lost_race as problem:
            return self._written_by_lost_answer(at, values, problem)
        return from_dynamodb(answer["Attributes"])

    def put_action(
        self,
        at: ItemKey,
        values: Mapping[str, Any],
        condition: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Item:
        """A Put for `transact`."""
        action: Item = {"TableName": self.name, "Item": to_dynamodb({**at._asdict(), **values})}
        if condition:
            action["ConditionExpression"] = condition
        if given:
            action["ExpressionAttributeValues"] = to_dynamodb(given)
        return {"Put": action}

    def update_action(
        self,
        at: ItemKey,
        values: Mapping[str, Any],
        condition: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Item:
        """An Update for `transact`."""
        kept = {name: value for name, value in values.items() if value is not None}
        gone = [name for name in values if values[name] is None]
        expression = []
        if kept:
            expression.append("SET " + ", ".join(f"#{n} = :{n}" for n in kept))
        if gone:
            expression.append("REMOVE " + ", ".join(f"#{n}" for n in gone))
        action: Item = {
            "TableName": self.name,
            "Key": key_to_dynamodb(at),
            "UpdateExpression": " ".join(expression),
            "ExpressionAttributeNames": {f"#{n}": n for n in values},
        }
        bound = to_dynamodb({**{f":{n}": v for n, v in kept.items()}, **(given or {})})
        if bound:
            action["ExpressionAttributeValues"] = bound
        if condition:
            action["ConditionExpression"] = condition
        return {"Update": action}

    def delete_action(
        self, at: ItemKey, condition: str | None = None, given: Mapping[str, Any] | None = None
    ) -> Item:
        """A Delete for `transact`."""
        action: Item = {"TableName": self.name, "Key": key_to_dynamodb(at)}
        if condition:
            action["ConditionExpression"] = condition
        if given:
            action["ExpressionAttributeValues"] = to_dynamodb(given)
        return {"Delete": action}

    def transact(self, actions: Sequence[Item]) -> None:
        """All or nothing; `CancelledError` when a condition failed or others interfered.

        A table that is too busy is asked again for some seconds, and is an error then.
        """
        for pause in (*_PAUSES, None):
            try:
                self.client.transact_write_items(TransactItems=list(actions))
            except self.client.exceptions.TransactionCanceledException as problem:
                reasons = problem.response.get("CancellationReasons", [])
                codes = [r.get("Code", "None") for r in reasons]
                if pause is not None and not _BUSY.isdisjoint(codes):
                    sleep(pause)
                    continue
                if not codes or not set(codes) <= _LOST:
                    raise
                failed = [i for i, code in enumerate(codes) if code != "None"]
                conflict = "ConditionalCheckFailed" not in codes
                raise TransactionCancelledError(failed, conflict=conflict) from problem
            return

    def write(self, actions: Sequence[Item]) -> None:
        """As `transact`; a single Put goes alone, at half the price."""
        if len(actions) > 1 or "Put" not in actions[0]:
            self.transact(actions)
            return
        put = actions[0]["Put"]
        try:
            self.client.put_item(**put)
        except self._lost_race as problem:
            item = from_dynamodb(put["Item"])
            if self._written_by_lost_answer(ItemKey(item["pk"], item["sk"]), item, problem) is None:
                raced = isinstance(problem, self.client.exceptions.TransactionConflictException)
                raise TransactionCancelledError([0], conflict=raced) from problem

    def write_retrying_conflicts(self, actions: Sequence[Item]) -> None:
        """As `write`, and again, ever more slowly, while others are at it and none was faster."""
        for pause in _PAUSES:
            try:
                return self.write(actions)
            except TransactionCancelledError as problem:
                if not problem.conflict:
                    raise
            sleep(pause)
        return self.write(actions)

    @property
    def _lost_race(self) -> tuple[type[Exception], ...]:
        """What a single write ends in when others were faster, or are at it."""
        known = self.client.exceptions
        return (known.ConditionalCheckFailedException, known.TransactionConflictException)

    def _written_by_lost_answer(
        self, at: ItemKey, values: Mapping[str, Any], problem: Any
    ) -> Item | None:
        """The item, if it is as it was to be, and AWS was asked again: the first answer was lost.

        A transaction needs none of that: botocore names it, and AWS does no name twice.
        """
        if not problem.response.get("ResponseMetadata", {}).get("RetryAttempts"):
            return None
        item = self.get(at) or {}
        return item if item and all(item.get(n) == v for n, v in values.items()) else None

    def _query(self, limit: int | None, **question: Any) -> Iterator[Item]:
        start: Any = None
        left = limit
        while True:
            page = {"ExclusiveStartKey": start} if start else {}
            most = {"Limit": left} if left is not None else {}
            answer = self.client.query(TableName=self.name, **question, **page, **most)
            for raw in answer["Items"]:
                yield from_dynamodb(raw)
            if left is not None:
                left -= len(answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if not start or (left is not None and left <= 0):
                return


def back_off(failures: int) -> None:
    """Let others be done who were at the same items so many times."""
    sleep(_GIVE_WAY[min(failures, len(_GIVE_WAY)) - 1])


def _pauses() -> Iterator[float]:
    return itertools.chain(_PAUSES, itertools.repeat(_PAUSES[-1]))
