"""The table client: pages, unprocessed items, transactions, conflicts, lost answers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.table import Table, TransactionCancelledError
from pulse.kernel.errors import StaleWriteError
from pulse.listening.cursor import Cursor
from pulse.listening.store import CursorStore
from pulse.outbox.mailbox import Completion
from pulse.outbox.store.outbox import Outbox
from tests.interleaving import HookedClient, failing
from tests.outbox.sample_entries import MINUTE, NOON


class PartialClient:
    """A client that processes only the first item of a batch, as DynamoDB may."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - AWS's word
        self.calls += 1
        [(table, request)] = RequestItems.items()
        now, later = request["Keys"][:1], request["Keys"][1:]
        answer = self._client.batch_get_item(RequestItems={table: {**request, "Keys": now}})
        return {**answer, "UnprocessedKeys": {table: {**request, "Keys": later}} if later else {}}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - AWS's word
        self.calls += 1
        [(table, request)] = RequestItems.items()
        answer = self._client.batch_write_item(RequestItems={table: request[:1]})
        return {**answer, "UnprocessedItems": {table: request[1:]} if request[1:] else {}}


def test_more_items_than_a_batch_takes(table: Table) -> None:
    """Of 230 items, all are written and read; keys without an item are left out."""
    table.put_many((ItemKey("a", f"{n:03}"), {"n": n}) for n in range(230))
    found = table.get_many([*(ItemKey("a", f"{n:03}") for n in range(230)), ItemKey("b", "0")] * 2)
    assert [found[ItemKey("a", f"{n:03}")]["n"] for n in range(230)] == list(range(230))
    assert len(found) == 230


def test_unprocessed_items_of_a_batch_are_retried(table: Table, pauses: list[float]) -> None:
    """When the table takes one item at a time, all are written in the end, with growing pauses."""
    client = PartialClient(table.client)
    partial = Table(client, table.name, table.index, pauses.append)
    keys = [ItemKey("a", str(n)) for n in range(7)]
    partial.put_many((key, {"n": key.sk}) for key in keys)
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
    assert len(partial.get_many(keys)) == 7
    assert client.calls == 14
    partial.delete_many([*keys, ItemKey("a", "not there")])
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6] * 3 + [1.6]
    assert list(table.query("a")) == []


def test_a_partition_is_read_to_its_last_page(table: Table) -> None:
    """More than the megabyte of one page is read completely and in order."""
    for n in range(6):
        table.put(ItemKey("a", str(n)), {"n": n, "text": "x" * 300_000})
    assert [i["n"] for i in table.query("a")] == list(range(6))
    assert [i["n"] for i in table.query("a", "2", "4")] == [2, 3, 4]
    assert [i["n"] for i in table.query("a", limit=2)] == [0, 1]
    assert [i["n"] for i in table.query("a", limit=5)] == [0, 1, 2, 3, 4]


def test_only_items_with_index_keys_are_in_the_index(table: Table) -> None:
    """Items without index keys are not in the index."""
    table.put(ItemKey("a", "1"), {"gpk": "g", "gsk": "2"})
    table.put(ItemKey("a", "2"), {"gpk": None, "gsk": None})
    table.put(ItemKey("a", "3"), {"gpk": "g", "gsk": "1"})
    assert [i["sk"] for i in table.query_index("g")] == ["3", "1"]
    assert [i["sk"] for i in table.query_index("g", high="1")] == ["3"]
    assert [i["sk"] for i in table.query_index("g", limit=1)] == ["3"]
    assert list(table.query_index("h")) == []


def test_reads_that_decide_are_consistent(table: Table) -> None:
    """All reads by key are consistent; only the index may be a moment late."""
    calls: list[tuple[str, Any]] = []

    class RecordingClient(HookedClient):
        def __getattr__(self, name: str) -> Any:
            real = super().__getattr__(name)

            def call(**arguments: Any) -> Any:
                calls.append((name, arguments))
                return real(**arguments)

            return call if name in ("get_item", "batch_get_item", "query") else real

    recorded = Table(RecordingClient(table.client), table.name, table.index)
    recorded.get(ItemKey("a", "1"))
    recorded.get_many([ItemKey("a", "1")])
    list(recorded.query("a"))
    [got, batch, query] = [arguments for _, arguments in calls]
    assert got["ConsistentRead"] is True
    assert batch["RequestItems"][table.name]["ConsistentRead"] is True
    assert query["ConsistentRead"] is True


def test_an_update_says_whether_its_condition_held(table: Table) -> None:
    """If the condition does not hold, nothing is written; None removes an attribute."""
    assert table.update(ItemKey("a", "1"), {"n": 1, "m": 2}, condition="attribute_not_exists(pk)")
    assert not table.update(ItemKey("a", "1"), {"n": 5}, condition="attribute_not_exists(pk)")
    assert table.update(ItemKey("a", "1"), {"m": None}, condition="n = :n", given={":n": 1})
    assert table.get(ItemKey("a", "1")) == {"pk": "a", "sk": "1", "n": 1}


def test_a_transaction_is_all_or_nothing(table: Table) -> None:
    """If one condition does not hold, nothing is written, and the error says which one it was."""
    table.put(ItemKey("a", "1"), {"n": 1})
    actions = [
        table.put_action(ItemKey("a", "2"), {"n": 2}),
        table.put_action(ItemKey("a", "1"), {"n": 3}, "attribute_not_exists(pk)"),
        table.delete_action(ItemKey("a", "1")),
    ]
    with pytest.raises(TransactionCancelledError) as caught:
        table.transact(actions[:2])
    assert caught.value.failed == (1,)
    assert [i["n"] for i in table.query("a")] == [1]
    with pytest.raises(TransactionCancelledError):
        table.write(actions[1:2])


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_waits_for_a_table_that_is_too_busy(
    table: Table, pauses: list[float], code: str
) -> None:
    """When the table throttles for a while, the transaction is repeated until it succeeds."""
    busy = Table(failing(table.client, code, 6), table.name, table.index, pauses.append)
    busy.transact([table.put_action(ItemKey("a", "1"), {"n": 1})])
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
    assert table.get(ItemKey("a", "1")) is not None


def test_a_table_that_is_too_busy_for_long_is_an_error(table: Table, pauses: list[float]) -> None:
    """When the table throttles for good, the error is not one of a conflict; nothing is written."""
    busy = Table(
        failing(table.client, "ThrottlingError", 99), table.name, table.index, pauses.append
    )
    with pytest.raises(table.client.exceptions.TransactionCanceledException):
        busy.transact([table.put_action(ItemKey("a", "1"), {"n": 1})])
    assert len(pauses) == 6
    assert table.get(ItemKey("a", "1")) is None


@pytest.mark.parametrize("single", ["put_item", "update_item"])
def test_a_single_write_gives_way_to_a_transaction(
    table: Table, single: str, pauses: list[float]
) -> None:
    """During a transaction on the item, a single write counts as having lost the race."""

    def raise_conflict(name: str) -> None:
        if name == single:
            response = {"Error": {"Code": "TransactionConflictException"}}
            raise table.client.exceptions.TransactionConflictException(response, single)

    busy = Table(HookedClient(table.client, raise_conflict), table.name, table.index, pauses.append)
    if single == "update_item":
        assert Outbox(busy).claim("acme", "anna", NOON, NOON + MINUTE) is None
    else:
        with pytest.raises(StaleWriteError):
            CursorStore(busy).save(Cursor("100", NOON))


def lose_answer(table: Table, call: str) -> list[str]:
    """Let the answer of this call be lost once, after it took effect; botocore repeats the call."""
    lost: list[str] = []

    def retry_once(**_: Any) -> float | None:
        if lost:
            return None
        lost.append(call)
        return 0

    table.client.meta.events.register_first(f"needs-retry.dynamodb.{call}", retry_once)
    return lost


def test_a_claim_whose_answer_is_lost_is_recognised_as_ones_own(table: Table) -> None:
    """When botocore repeats a claim that took effect, the claim is ours, and nobody else's."""
    lost = lose_answer(table, "UpdateItem")
    mailbox = Outbox(table).claim("acme", "anna", NOON, NOON + MINUTE)
    assert lost
    assert mailbox is not None
    assert Outbox(table).claim("acme", "anna", NOON, NOON + MINUTE) is None
    Outbox(table).complete(Completion(mailbox))


def test_a_cursor_whose_answer_is_lost_is_saved(table: Table) -> None:
    """When botocore repeats a save that took effect, it does not count as a lost race."""
    cursors = CursorStore(table)
    first = cursors.save(Cursor("100", NOON))
    lost = lose_answer(table, "PutItem")
    assert cursors.save(first).rev == 2
    assert lost
    with pytest.raises(StaleWriteError):
        cursors.save(first)


def test_writes_of_others_during_a_lost_answer_stay_theirs(table: Table) -> None:
    """When another run saved first, the repeated call does not count as done."""
    cursors = CursorStore(table)
    first = cursors.save(Cursor("100", NOON))
    cursors.save(replace(first, vocabulary="post"))
    lost = lose_answer(table, "PutItem")
    with pytest.raises(StaleWriteError):
        cursors.save(first)
    assert lost


def test_a_transaction_has_an_idempotency_token(table: Table) -> None:
    """Each transaction gets a token, so that AWS executes it once although it is sent twice."""
    names: list[str] = []
    table.client.meta.events.register(
        "before-call.dynamodb.TransactWriteItems",
        lambda params, **_: names.append(json.loads(params["body"])["ClientRequestToken"]),
    )
    for _ in range(2):
        table.transact([table.put_action(ItemKey("a", "1"), {"n": 1})])
    assert len(set(names)) == 2
