"""The journal of the watch: gaps, trouble that passed, what was put aside, by time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from pulse.audit.entries import AuditRecord, LogEntry, LogEntryKind
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table

_KEPT = timedelta(days=400)

RemovalEntries = Callable[[Collection[str]], Sequence[LogEntry]]
"""What the journal is told of posts that go, given by their first ids."""


class AuditLog:
    """Rows stand under the company by time and kind; the same row twice is one."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def append(self, company: str, rows: Iterable[LogEntry], keep: timedelta | None = None) -> None:
        """Write these rows; what is put aside lives as long as `keep` says, if that is less."""
        self._table.put_many(item_of(AuditRecord(company, row, keep)) for row in rows)

    def apply_retention(self, company: str, keep: timedelta | None) -> int:
        """Give what was put aside the time to live of this `keep`; returns how many rows."""
        written = 0
        for item in list(self._table.query(keys.audit_log(company))):
            row = _entry_of(item)
            ttl = _ttl(row, keep)
            if row.kind == "aside" and item.get("ttl") != ttl:
                at, there = ItemKey(item["pk"], item["sk"]), "attribute_exists(pk)"
                written += self._table.update(at, {"ttl": ttl}, condition=there) is not None
        return written

    def read(self, company: str, start: datetime, end: datetime) -> list[LogEntry]:
        """The rows of [start, end], oldest first."""
        items = self._table.query(keys.audit_log(company), *keys.period(start, end))
        return [_entry_of(item) for item in items]

    def quarantined(self, company: str) -> Iterator[Any]:
        """What was put aside, as it came."""
        for item in self._table.query(keys.audit_log(company)):
            row = _entry_of(item)
            if row.kind == "aside" and row.what.get("raw") is not None:
                yield row.what["raw"]

    def redact(self, company: str, of: Callable[[Any], bool]) -> int:
        """Take what was put aside out of the rows, where `of` says so of it; returns how many.

        The rows stay, since they are counted.
        """
        redacted = 0
        for item in list(self._table.query(keys.audit_log(company))):
            row = _entry_of(item)
            if row.kind == "aside" and row.what.get("raw") is not None and of(row.what["raw"]):
                what = json.dumps({**row.what, "raw": None}, ensure_ascii=False, sort_keys=True)
                at = ItemKey(item["pk"], item["sk"])
                redacted += self._table.update(at, {"what": what}) is not None
        return redacted


def _ttl(row: LogEntry, keep: timedelta | None) -> int:
    kept = _KEPT if row.kind != "aside" or keep is None else min(keep, _KEPT)
    return int((row.at + kept).timestamp())


def _entry_of(item: Item) -> LogEntry:
    at, kind = keys.parse_audit_entry(item["sk"])
    return LogEntry(
        cast("LogEntryKind", kind), datetime.fromisoformat(at), json.loads(item["what"])
    )


@item_of.register
def _(record: AuditRecord) -> tuple[ItemKey, Item]:
    row = record.entry
    text = json.dumps(row.what, ensure_ascii=False, sort_keys=True, default=str)
    digest = hashlib.sha256(f"{text}{record.distinct}".encode()).hexdigest()[:16]
    at = keys.audit_entry(record.company, row.at, row.kind, digest)
    return at, {"what": text, "ttl": _ttl(row, record.retention)}
