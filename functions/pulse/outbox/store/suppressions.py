"""Addresses that are not written to, each until a person lifts it."""

from __future__ import annotations

from datetime import datetime

from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, sortable_time
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table
from pulse.outbox.delivery import Suppression, normalize_address


class SuppressionList:
    """They stand together, so that one query gives them all: there are few."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> dict[str, Suppression]:
        """All of them, by address."""
        return {item["sk"]: _block(item) for item in self._table.query(keys.SUPPRESSIONS)}

    def remove(self, address: str) -> Suppression | None:
        """Let the address be written to again; None when nothing held it back."""
        at = keys.suppression(normalize_address(address))
        item = self._table.get(at)
        if item is None:
            return None
        self._table.transact([self._table.delete_action(at)])
        return _block(item)


def _block(item: Item) -> Suppression:
    at = datetime.fromisoformat(item["at"])
    return Suppression(item["sk"], item["kind"], at, item["said"], item["message_id"])


@item_of.register
def _(block: Suppression) -> tuple[ItemKey, Item]:
    values = {
        "kind": block.kind,
        "at": sortable_time(block.at),
        "said": block.said,
        "message_id": block.message_id,
    }
    return keys.suppression(block.address), values
