"""The audit log in the table: entries of a company, by time."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, from_json
from pulse.dynamodb.reading import key_of
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table

_KEPT = timedelta(days=400)
"""A year, and a month to look back on it."""

RemovalEntries = Callable[[Collection[str]], Sequence[LogEntry]]
"""Returns the entries about posts that are deleted, given their first ids."""


class AuditLog:
    """Entries of a company, by time and kind; the same entry written twice is one."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def append(
        self, company: str, entries: Iterable[LogEntry], retention: timedelta | None = None
    ) -> None:
        """Write entries; quarantined posts live as long as `retention` says, if that is less."""
        self._table.put_many(item_of(AuditRecord(company, one, retention)) for one in entries)

    def read(self, company: str, start: datetime, end: datetime) -> list[LogEntry]:
        """Return the entries of [start, end], both included, oldest first."""
        items = self._table.query(keys.audit_log(company), *keys.period(start, end))
        return [_entry_of(item) for item in items]

    def quarantined(self, company: str) -> Iterator[Any]:
        """Yield the quarantined posts as they came, without those that were redacted."""
        for _, entry in self._quarantined(company):
            if entry.what.get("raw") is not None:
                yield entry.what["raw"]

    def redact(self, company: str, concerns: Callable[[Any], bool]) -> int:
        """Take the posts out of the entries for which `concerns` is true; return how many."""
        # The entries stay, since digests count them; only what the customer wrote goes.
        redacted = 0
        for item, entry in list(self._quarantined(company)):
            if entry.what.get("raw") is not None and concerns(entry.what["raw"]):
                what = json.dumps({**entry.what, "raw": None}, ensure_ascii=False, sort_keys=True)
                redacted += self._table.update(key_of(item), {"what": what}) is not None
        return redacted

    def apply_retention(self, company: str, retention: timedelta | None) -> int:
        """Give quarantined posts the time to live of this retention; return how many changed."""
        written, exists = 0, "attribute_exists(pk)"
        for item, entry in list(self._quarantined(company)):
            ttl = _ttl(entry, retention)
            if item.get("ttl") != ttl:
                # DynamoDB may remove an expired item at any moment; without the condition, the
                # update would bring back an entry of nothing but a time to live.
                still_there = self._table.update(key_of(item), {"ttl": ttl}, condition=exists)
                written += still_there is not None
        return written

    def _quarantined(self, company: str) -> Iterator[tuple[Item, LogEntry]]:
        for item in self._table.query(keys.audit_log(company)):
            entry = _entry_of(item)
            if entry.kind == "aside":
                yield item, entry


def _ttl(entry: LogEntry, retention: timedelta | None) -> int:
    # A quarantined post holds what a customer wrote, so it lives no longer than other posts.
    limit = retention if entry.kind == "aside" and retention is not None else _KEPT
    return int((entry.at + min(limit, _KEPT)).timestamp())


def _entry_of(item: Item) -> LogEntry:
    at, kind = keys.parse_audit_entry(item["sk"])
    return from_json(LogEntry, {"at": at, "kind": kind, "what": json.loads(item["what"])})


@item_of.register
def _(record: AuditRecord) -> tuple[ItemKey, Item]:
    # The key holds a digest of what the entry says: a run that is repeated after a crash writes
    # the same items again, and nothing is counted twice. Where two equal entries of one moment
    # must both be counted, the writer gives them different values of `distinct`.
    entry = record.entry
    text = json.dumps(entry.what, ensure_ascii=False, sort_keys=True, default=str)
    digest = hashlib.sha256(f"{text}{record.distinct}".encode()).hexdigest()[:16]
    at = keys.audit_entry(record.company, entry.at, entry.kind, digest)
    return at, {"what": text, "ttl": _ttl(entry, record.retention)}
