"""The call log records what a transaction writes."""

from typing import Any

from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.table import Table
from tests.simulations.concurrency.call_log import Write, writes_of


def test_what_an_update_sets_is_recorded() -> None:
    """An update is recorded with the attributes it sets, not with those its condition reads."""
    no_client: Any = None
    table = Table(no_client, "pulse", "index")
    head, mark, deleted = (
        ItemKey("c#acme#1#7", "doc"),
        ItemKey("c#acme#1#7", "open"),
        ItemKey("c#acme#2#7", "open"),
    )
    actions = [
        table.update_action(head, {"rev": 8, "open": None}, "rev = :was", {":was": 7}),
        table.put_action(mark, {"gsk": "9999"}, "rev = :rev", {":rev": 5}),
        table.delete_action(deleted, "rev = :rev", {":rev": 5}),
    ]
    assert writes_of("TransactWriteItems", {"TransactItems": actions}) == (
        Write("update", head, {**head._asdict(), "rev": 8}),
        Write("put", mark, {**mark._asdict(), "gsk": "9999"}),
        Write("delete", deleted, deleted._asdict()),
    )
