"""The suppression list: addresses that Pulse does not write to, each until a person lifts it."""

from pulse.dynamodb import keys
from pulse.dynamodb.table import Table
from pulse.outbox.store.codec import suppression_of
from pulse.outbox.suppressions import Suppression, normalize_address


class SuppressionList:
    """The suppressed addresses of the whole deployment; `Outbox.mark_returned` adds to them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> dict[str, Suppression]:
        """Return all suppressions, by normalized address."""
        items = self._table.query(keys.SUPPRESSIONS)
        return {item["sk"]: suppression_of(item) for item in items}

    def remove(self, address: str) -> Suppression | None:
        """Let an address be written to again; return its suppression, None if it had none."""
        found = self.all().get(normalize_address(address))
        if found is not None:
            self._table.delete_many([keys.suppression(found.address)])
        return found
