"""Stores the cursor of each account: one item, one writer at a time."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from pulse.dynamodb import keys
from pulse.dynamodb.codec import from_json, sortable_time, to_json
from pulse.dynamodb.optimistic import attempts
from pulse.dynamodb.table import Table, TransactionCancelledError, unless_rewritten
from pulse.kernel.errors import StaleWriteError
from pulse.listening.cursor import Cursor

_ATTEMPTS = 5
_BESIDE_JSON = ("last_ok", "swept")
"""Attributes of their own, so that `mark_watched` can set them without reading the cursor."""


class CursorStore:
    """The cursors of all accounts of the deployment."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, account_ids: Iterable[str]) -> dict[str, Cursor]:
        """Return the cursors of accounts that were read before, by account id."""
        found = self._table.get_many(keys.cursor(account_id) for account_id in account_ids)
        raws = (
            json.loads(item["cursor"]) | {n: item[n] for n in _BESIDE_JSON if n in item}
            for item in found.values()
        )
        return {raw["account_id"]: from_json(Cursor, raw) for raw in raws}

    def save(self, cursor: Cursor, also: Sequence[object] = ()) -> Cursor:
        """Write the cursor, and these records with it, in one transaction; returns it as saved.

        Raises:
            StaleWriteError: another run has saved a newer cursor.
        """
        try:
            return self._write(cursor, also)
        except TransactionCancelledError as problem:
            raise StaleWriteError(cursor.account_id) from problem

    def add_reads(self, account_id: str, reads: int, now: datetime) -> None:
        """Add posts that were billed, but not counted by a poll that saved its cursor.

        Raises:
            StaleWriteError: others saved the cursor each time that this one tried.
        """
        for attempt in attempts(_ATTEMPTS, StaleWriteError(account_id), self._table.back_off):
            with attempt:
                cursor = self.load([account_id]).get(account_id)
                if cursor is not None:
                    self._write(cursor.add_reads(reads, now))

    def _write(self, cursor: Cursor, also: Sequence[object] = ()) -> Cursor:
        saved = replace(cursor, rev=cursor.rev + 1)
        raw = to_json(saved)
        values = {"cursor": json.dumps(raw, separators=(",", ":")), "rev": saved.rev}
        action = self._table.put_action(
            keys.cursor(cursor.account_id),
            values | {name: raw.get(name) for name in _BESIDE_JSON},
            *unless_rewritten(cursor.rev),
        )
        # Gaps and messages about faults are true only if the cursor is saved. Written before it,
        # they would come twice; written after it, a crash in between would lose them.
        self._table.write_retrying_conflicts([action, *self._table.record_actions(also)])
        return saved

    def mark_watched(self, account_id: str, minute: datetime, swept: datetime) -> None:
        """Note that the account was read, and swept, in these minutes, and nothing was new."""
        self._table.update(
            keys.cursor(account_id),
            {"last_ok": sortable_time(minute), "swept": sortable_time(swept)},
            condition="attribute_exists(pk)",
        )

    def delete(self, account_ids: Iterable[str]) -> None:
        """Delete the cursors of these accounts: they are read as if for the first time."""
        self._table.delete_many(map(keys.cursor, account_ids))
