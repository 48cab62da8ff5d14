"""Writing the table: single items, batches, and transactions (all of it or nothing)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulse.dynamodb.codec import Item, ItemKey, from_dynamodb, key_to_dynamodb, to_dynamodb
from pulse.dynamodb.reading import PAUSES, TableReader, key_of
from pulse.dynamodb.records import item_of
from pulse.kernel.errors import RetryLaterError

Values = Mapping[str, Any]
_MAX_BATCH = 25
"""Items that DynamoDB takes in one BatchWriteItem."""
MAX_ACTIONS = 100
"""Actions that DynamoDB takes in one transaction."""

_BACK_OFF = (0.0, 0.0, 0.05, 0.1, 0.2, 0.4)
"""Seconds to wait, time after time, while others write the same items."""
_LOST_RACE = {"None", "ConditionalCheckFailed", "TransactionConflict"}
_BUSY = {"ThrottlingError", "ProvisionedThroughputExceeded"}


class TransactionCancelledError(RetryLaterError):
    """A transaction was cancelled; `failed` are the places of the actions that failed.

    With `conflict`, others were writing the same items and no condition failed: the same
    transaction may go through a moment later.
    """

    def __init__(self, failed: Sequence[int], *, conflict: bool = False) -> None:
        super().__init__(f"transaction cancelled by actions {list(failed)}")
        self.failed = tuple(failed)
        self.conflict = conflict


class Table(TableReader):
    """Reads and writes one table with one sparse index (`gpk`, `gsk`)."""

    def put(self, at: ItemKey, values: Values) -> None:
        """Put an item in place of whatever was there."""
        self.client.put_item(TableName=self.name, Item=to_dynamodb({**at._asdict(), **values}))

    def put_many(self, items: Iterable[tuple[ItemKey, Values]]) -> None:
        """Put items in any order, without conditions, so no other writer may change them."""
        self._write_batches(
            {"PutRequest": {"Item": to_dynamodb({**at._asdict(), **values})}}
            for at, values in dict(items).items()
        )

    def delete_many(self, keys: Iterable[ItemKey]) -> None:
        """Delete items without conditions; those that are not there are no error."""
        self._write_batches(
            {"DeleteRequest": {"Key": key_to_dynamodb(at)}} for at in dict.fromkeys(keys)
        )

    def _write_batches(self, requests: Iterable[Any]) -> None:
        def write(batch: list[Any]) -> list[Any]:
            answer = self.client.batch_write_item(RequestItems={self.name: batch})
            return answer.get("UnprocessedItems", {}).get(self.name, [])  # type: ignore[no-any-return]

        self._in_batches(requests, _MAX_BATCH, write)

    def update(
        self, at: ItemKey, values: Values, condition: str | None = None, given: Values | None = None
    ) -> Item | None:
        """Set attributes of an item (None removes one), and return the whole item as written.

        Return None when the condition does not hold, or others are writing the item.
        """
        action = self.update_action(at, values, condition, given)["Update"]
        try:
            answer = self.client.update_item(**action, ReturnValues="ALL_NEW")
        except self._lost_race as problem:
            return self._written_by_lost_answer(at, values, problem)
        return from_dynamodb(answer["Attributes"])

    def put_action(
        self, at: ItemKey, values: Values, condition: str | None = None, given: Values | None = None
    ) -> Item:
        """Return a Put for `transact`; `given` binds the names (`:rev`) of the condition."""
        item = to_dynamodb({**at._asdict(), **values})
        return self._action("Put", {"Item": item}, condition, given)

    def record_actions(self, records: Iterable[object]) -> list[Item]:
        """Return a Put for each of these records, as their stores write them."""
        return [self.put_action(*item_of(record)) for record in records]

    def update_action(
        self, at: ItemKey, values: Values, condition: str | None = None, given: Values | None = None
    ) -> Item:
        """Return an Update for `transact`: None among the values removes an attribute."""
        to_set = {name: value for name, value in values.items() if value is not None}
        to_remove = [name for name in values if values[name] is None]
        sets = "SET " + ", ".join(f"#{n} = :{n}" for n in to_set) if to_set else ""
        removes = "REMOVE " + ", ".join(f"#{n}" for n in to_remove) if to_remove else ""
        update = {
            "Key": key_to_dynamodb(at),
            "UpdateExpression": f"{sets} {removes}".strip(),
            "ExpressionAttributeNames": {f"#{n}": n for n in values},
        }
        bound = {f":{n}": v for n, v in to_set.items()} | dict(given or {})
        return self._action("Update", update, condition, bound)

    def delete_action(
        self, at: ItemKey, condition: str | None = None, given: Values | None = None
    ) -> Item:
        """Return a Delete for `transact`."""
        return self._action("Delete", {"Key": key_to_dynamodb(at)}, condition, given)

    def _action(self, kind: str, what: Item, condition: str | None, bound: Values | None) -> Item:
        """Return an action with what its condition and expressions need, of which none is empty."""
        parts = {
            "TableName": self.name,
            **what,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": to_dynamodb(bound or {}),
        }
        return {kind: {name: part for name, part in parts.items() if part}}

    def transact(self, actions: Sequence[Item]) -> None:
        """Write all of the actions or none, waiting for some seconds while the table is busy.

        Raises:
            TransactionCancelledError: a condition failed, or others are writing the same items.
            ClientError: DynamoDB refused for any other reason, or the table stays too busy.
        """
        for pause in (*PAUSES, None):
            try:
                self.client.transact_write_items(TransactItems=list(actions))
            except self.client.exceptions.TransactionCanceledException as problem:
                # DynamoDB gives one reason for each action, "None" for those that it had nothing
                # against. Three cases must not be confused. A busy table cancels as well: nobody
                # was faster, so the very same transaction is right a moment later, also when
                # another action lost its race at the same time. A lost race is for the caller, who
                # has to read and decide again. Anything else (an item too large, a wrong
                # expression) fails in every attempt, and must not be taken for a lost race.
                reasons = problem.response.get("CancellationReasons", [])
                codes = [r.get("Code", "None") for r in reasons]
                if pause is not None and not _BUSY.isdisjoint(codes):
                    self.pause(pause)
                    continue
                if not codes or not set(codes) <= _LOST_RACE:
                    raise
                failed = [i for i, code in enumerate(codes) if code != "None"]
                conflict = "ConditionalCheckFailed" not in codes
                raise TransactionCancelledError(failed, conflict=conflict) from problem
            return

    def write(self, actions: Sequence[Item]) -> None:
        """Do as `transact`; a single Put is written alone, at half the price of a transaction.

        Raises:
            TransactionCancelledError: as `transact`.
            ClientError: as `transact`.
        """
        if len(actions) > 1 or "Put" not in actions[0]:
            self.transact(actions)
            return
        put = actions[0]["Put"]
        try:
            self.client.put_item(**put)
        except self._lost_race as problem:
            item = from_dynamodb(put["Item"])
            if self._written_by_lost_answer(key_of(item), item, problem) is None:
                raced = isinstance(problem, self.client.exceptions.TransactionConflictException)
                raise TransactionCancelledError([0], conflict=raced) from problem

    def write_retrying_conflicts(self, actions: Sequence[Item]) -> None:
        """Do as `write`, and try again, ever more slowly, while others are writing the same items.

        A conflict does not mean that a condition has failed, so nothing has to be read again.

        Raises:
            TransactionCancelledError: a condition failed, or the conflict lasts.
            ClientError: as `transact`.
        """
        for pause in PAUSES:
            try:
                return self.write(actions)
            except TransactionCancelledError as problem:
                if not problem.conflict:
                    raise
            self.pause(pause)
        return self.write(actions)

    def back_off(self, failures: int) -> None:
        """Pause after so many failures (from 1), longer each time, while others write the items."""
        self.pause(_BACK_OFF[min(failures, len(_BACK_OFF)) - 1])

    @property
    def _lost_race(self) -> tuple[type[Exception], ...]:
        """The errors of a single write when others were faster, or are writing the item."""
        known = self.client.exceptions
        return (known.ConditionalCheckFailedException, known.TransactionConflictException)

    def _written_by_lost_answer(self, at: ItemKey, values: Values, problem: Any) -> Item | None:
        """Return the item if this very write has written it before, else None.

        When AWS's answer to a write is lost, botocore sends the write again, and then the condition
        fails because of what the first one wrote: it looks as if another writer had been faster.
        So after a retry the item is read, and if it holds the values of this write, the write has
        succeeded (D-039). A transaction needs none of that: botocore gives it a token, and AWS
        carries out no token twice.
        """
        if not problem.response.get("ResponseMetadata", {}).get("RetryAttempts"):
            return None
        item = self.get(at) or {}
        return item if item and all(item.get(n) == v for n, v in values.items()) else None


def unless_rewritten(rev: int) -> tuple[str, Values | None]:
    """Return the condition that an item still has this revision, 0 for none, and its values."""
    return ("rev = :rev", {":rev": rev}) if rev else ("attribute_not_exists(pk)", None)
