"""The cursor of each account: one item, one writer at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, from_json, parse_time, sortable_time, to_json
from pulse.dynamodb.optimistic import attempts
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table, TransactionCancelledError
from pulse.kernel.errors import StaleWriteError
from pulse.listening.cursor import Cursor

_ATTEMPTS = 5


class CursorStore:
    """Cursors of all accounts of the deployment."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, account_ids: Iterable[str]) -> dict[str, Cursor]:
        """Cursors of the accounts that have been read before."""
        found = self._table.get_many(keys.cursor(account_id) for account_id in account_ids)
        return {c.account_id: c for c in map(_cursor, found.values())}

    def save(self, cursor: Cursor, also: Sequence[object] = ()) -> Cursor:
        """Write the cursor, and what is to be told with it, in one; `OvertakenError`."""
        saved = replace(cursor, rev=cursor.rev + 1)
        action = self._table.put_action(
            keys.cursor(cursor.account_id),
            {
                "cursor": json.dumps(to_json(saved), separators=(",", ":")),
                "rev": saved.rev,
                "last_ok": sortable_time(saved.last_ok) if saved.last_ok else None,
                "swept": sortable_time(saved.swept) if saved.swept else None,
            },
            "rev = :rev" if cursor.rev else "attribute_not_exists(pk)",
            {":rev": cursor.rev} if cursor.rev else None,
        )
        try:
            self._table.write_retrying_conflicts(
                [action, *(self._table.put_action(*item_of(one)) for one in also)]
            )
        except TransactionCancelledError as problem:
            raise StaleWriteError(cursor.account_id) from problem
        return saved

    def add_reads(self, account_id: str, reads: int, now: datetime) -> None:
        """Add to the account's reads of this month what was read for it beside its polls."""
        for attempt in attempts(_ATTEMPTS, StaleWriteError(account_id), self._table.pause):
            with attempt:
                cursor = self.load([account_id]).get(account_id)
                if cursor is not None:
                    self.save(cursor.add_reads(reads, now))

    def mark_watched(self, account_id: str, minute: datetime, swept: datetime) -> None:
        """Note that the account was read in this minute, and swept, and nothing was new."""
        self._table.update(
            keys.cursor(account_id),
            {"last_ok": sortable_time(minute), "swept": sortable_time(swept)},
            condition="attribute_exists(pk)",
        )

    def delete(self, account_ids: Iterable[str]) -> None:
        """Forget how far these were read."""
        self._table.delete_many(map(keys.cursor, account_ids))


def _cursor(item: Item) -> Cursor:
    # The two minutes are attributes of their own, which `mark_watched` writes without the rest.
    return replace(
        from_json(Cursor, json.loads(item["cursor"])),
        last_ok=parse_time(item.get("last_ok")),
        swept=parse_time(item.get("swept")),
        rev=item["rev"],
    )
