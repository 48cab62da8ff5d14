"""The suppression list: addresses that Pulse does not write to, each until a person lifts it."""

from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, from_json, to_json
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table
from pulse.outbox.suppressions import Suppression, normalize_address


class SuppressionList:
    """The suppressed addresses of the whole deployment; `Outbox.mark_returned` adds to them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def all(self) -> dict[str, Suppression]:
        """Return all suppressions, by normalized address."""
        names = Suppression.__dataclass_fields__
        items = self._table.query(keys.SUPPRESSIONS)
        return {i["sk"]: from_json(Suppression, {n: i[n] for n in names}) for i in items}

    def remove(self, address: str) -> Suppression | None:
        """Let an address be written to again; return its suppression, None if it had none."""
        found = self.all().get(normalize_address(address))
        if found is not None:
            self._table.delete_many([keys.suppression(found.address)])
        return found


@item_of.register
def _(suppression: Suppression) -> tuple[ItemKey, Item]:
    return keys.suppression(suppression.address), to_json(suppression)
