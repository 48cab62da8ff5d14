"""The suppression list: addresses that Pulse does not write to, each until a person lifts it."""

from datetime import datetime

from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, sortable_time
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table
from pulse.outbox.suppressions import Suppression, normalize_address


class SuppressionList:
    """The suppressed addresses of the whole deployment; `Outbox.mark_returned` adds to them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> dict[str, Suppression]:
        """Return all suppressions, by normalized address."""
        return {item["sk"]: _suppression_of(item) for item in self._table.query(keys.SUPPRESSIONS)}

    def remove(self, address: str) -> Suppression | None:
        """Let an address be written to again; return its suppression, None if it had none."""
        key = keys.suppression(normalize_address(address))
        item = self._table.get(key)
        if item is None:
            return None
        self._table.transact([self._table.delete_action(key)])
        return _suppression_of(item)


def _suppression_of(item: Item) -> Suppression:
    at = datetime.fromisoformat(item["at"])
    return Suppression(item["sk"], item["kind"], at, item["said"], item["message_id"])


@item_of.register
def _(suppression: Suppression) -> tuple[ItemKey, Item]:
    values = {
        "kind": suppression.kind,
        "at": sortable_time(suppression.at),
        "said": suppression.reason,
        "message_id": suppression.message_id,
    }
    return keys.suppression(suppression.address), values
