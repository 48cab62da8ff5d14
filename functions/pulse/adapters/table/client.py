"""Items in and out of DynamoDB: plain dictionaries, every page, retries for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
_GET_AT_ONCE = 100
_PUT_AT_ONCE = 25
ACTIONS_AT_ONCE = 100
"""What one transaction may hold."""

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class At(NamedTuple):
    """The key of an item."""

    pk: str
    sk: str


class CancelledError(Exception):
    """A transaction was cancelled; `failed` are the places of the actions that failed.

    With `conflict` others were writing the same items, and no condition failed: the same
    once more may go through.
    """

    def __init__(self, failed: Sequence[int], *, conflict: bool = False) -> None:
        super().__init__(f"transaction cancelled by actions {list(failed)}")
        self.failed = tuple(failed)
        self.conflict = conflict


def stamp(moment: datetime) -> str:
    """A time as text that sorts by time (UTC, milliseconds)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def time_of(text: str | None) -> datetime | None:
    """The time of a stamp, where there is one."""
    return datetime.fromisoformat(text) if text else None


def to_wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values in DynamoDB's own form; what is None is left out."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def from_wire(raw: Mapping[str, Any]) -> Item:
    """An item of DynamoDB as plain values; numbers are whole."""
    return {name: _plain(_deserialize(value)) for name, value in raw.items()}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


class Table:
    """One table with one sparse index (`gpk`, `gsk`)."""

    def __init__(self, client: DynamoDBClient, name: str, index: str) -> None:
        self.client: Any = client
        self.name = name
        self.index = index

    def get(self, at: At) -> Item | None:
        """The item as it is now (consistent), or None."""
        answer = self.client.get_item(TableName=self.name, Key=_key(at), ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[At]) -> dict[At, Item]:
        """The items that exist, consistent, whatever their number."""
        wanted = list(dict.fromkeys(keys))
        found: dict[At, Item] = {}
        while wanted:
            asked, wanted = wanted[:_GET_AT_ONCE], wanted[_GET_AT_ONCE:]
            answer = self.client.batch_get_item(
                RequestItems={self.name: {"Keys": [_key(k) for k in asked], "ConsistentRead": True}}
            )
            for raw in answer["Responses"].get(self.name, []):
                item = from_wire(raw)
                found[At(item["pk"], item["sk"])] = item
            left: Any = answer.get("UnprocessedKeys") or {}
            wanted += [At(**from_wire(k)) for k in left.get(self.name, {}).get("Keys", [])]
        return found

    def partition(
        self, pk: str, low: str = "", high: str = "", *, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of a partition, `sk` from `low` to `high` if given, in order, consistent."""
        between = " AND sk BETWEEN :low AND :high" if high else ""
        return self._query(
            limit,
            ConsistentRead=True,
            KeyConditionExpression=f"pk = :pk{between}",
            ExpressionAttributeValues=to_wire(
                {":pk": pk, **({":low": low or " ", ":high": high} if high else {})}
            ),
        )

    def indexed(
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
            ExpressionAttributeValues=to_wire({":g": gpk, ":low": low or " ", ":high": high}),
        )

    def all(self) -> Iterator[Item]:
        """Every item of the table: for rehearsals and exports, never for a function."""
        for page in self.client.get_paginator("scan").paginate(TableName=self.name):
            yield from map(from_wire, page["Items"])

    def put(self, at: At, values: Mapping[str, Any]) -> None:
        """Put an item in place of whatever was there."""
        self.client.put_item(TableName=self.name, Item=to_wire({**at._asdict(), **values}))

    def put_many(self, items: Iterable[tuple[At, Mapping[str, Any]]]) -> None:
        """Put items that nobody else writes differently; order does not matter."""
        self._batches(
            {"PutRequest": {"Item": to_wire({**at._asdict(), **values})}}
            for at, values in dict(items).items()
        )

    def delete_many(self, keys: Iterable[At]) -> None:
        """Delete items that nobody else writes; those that are not there are no error."""
        self._batches({"DeleteRequest": {"Key": _key(at)}} for at in dict.fromkeys(keys))

    def _batches(self, requests: Iterable[Any]) -> None:
        waiting = list(requests)
        while waiting:
            asked, waiting = waiting[:_PUT_AT_ONCE], waiting[_PUT_AT_ONCE:]
            answer = self.client.batch_write_item(RequestItems={self.name: asked})
            waiting += answer.get("UnprocessedItems", {}).get(self.name, [])

    def update(
        self,
        at: At,
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
        except self._lost:
            return None
        return from_wire(answer["Attributes"])

    def put_action(
        self,
        at: At,
        values: Mapping[str, Any],
        condition: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Item:
        """A Put for `transact`."""
        action: Item = {"TableName": self.name, "Item": to_wire({**at._asdict(), **values})}
        if condition:
            action["ConditionExpression"] = condition
        if given:
            action["ExpressionAttributeValues"] = to_wire(given)
        return {"Put": action}

    def update_action(
        self,
        at: At,
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
            "Key": _key(at),
            "UpdateExpression": " ".join(expression),
            "ExpressionAttributeNames": {f"#{n}": n for n in values},
        }
        bound = to_wire({**{f":{n}": v for n, v in kept.items()}, **(given or {})})
        if bound:
            action["ExpressionAttributeValues"] = bound
        if condition:
            action["ConditionExpression"] = condition
        return {"Update": action}

    def delete_action(
        self, at: At, condition: str | None = None, given: Mapping[str, Any] | None = None
    ) -> Item:
        """A Delete for `transact`."""
        action: Item = {"TableName": self.name, "Key": _key(at)}
        if condition:
            action["ConditionExpression"] = condition
        if given:
            action["ExpressionAttributeValues"] = to_wire(given)
        return {"Delete": action}

    def transact(self, actions: Sequence[Item]) -> None:
        """All or nothing; `CancelledError` when a condition failed or others interfered."""
        try:
            self.client.transact_write_items(TransactItems=list(actions))
        except self.client.exceptions.TransactionCanceledException as problem:
            reasons = problem.response.get("CancellationReasons", [])
            codes = [r.get("Code", "None") for r in reasons]
            retry = {"None", "ConditionalCheckFailed", "TransactionConflict"}
            if not codes or not set(codes) <= retry:
                raise
            failed = [i for i, code in enumerate(codes) if code != "None"]
            conflict = "ConditionalCheckFailed" not in codes
            raise CancelledError(failed, conflict=conflict) from problem

    def write(self, actions: Sequence[Item]) -> None:
        """As `transact`; a single Put goes alone, at half the price."""
        if len(actions) > 1 or "Put" not in actions[0]:
            self.transact(actions)
            return
        try:
            self.client.put_item(**actions[0]["Put"])
        except self._lost as problem:
            raise CancelledError([0]) from problem

    @property
    def _lost(self) -> tuple[type[Exception], ...]:
        """What a single write ends in when others were faster, or are at it."""
        known = self.client.exceptions
        return (known.ConditionalCheckFailedException, known.TransactionConflictException)

    def _query(self, limit: int | None, **question: Any) -> Iterator[Item]:
        start: Any = None
        left = limit
        while True:
            page = {"ExclusiveStartKey": start} if start else {}
            most = {"Limit": left} if left is not None else {}
            answer = self.client.query(TableName=self.name, **question, **page, **most)
            for raw in answer["Items"]:
                yield from_wire(raw)
            if left is not None:
                left -= len(answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if not start or (left is not None and left <= 0):
                return


def _key(at: At) -> Any:
    return {"pk": {"S": at.pk}, "sk": {"S": at.sk}}
