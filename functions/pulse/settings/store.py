"""The settings document in force, and every version before it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pulse.dynamodb import keys
from pulse.dynamodb.codec import sortable_time
from pulse.dynamodb.table import Table

_CURRENT = keys.settings_in_force()


class PushedSettings(NamedTuple):
    """A settings document, the number of its push, and when it was pushed."""

    document: dict[str, Any]
    version: int
    pushed_at: datetime


class SettingsStore:
    """Versions never expire; one of them is in force."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def current(self) -> PushedSettings | None:
        """Return the settings in force; None before the first push."""
        item = self._table.get(_CURRENT)
        if item is None:
            return None
        pushed_at = datetime.fromisoformat(item["pushed_at"])
        return PushedSettings(json.loads(item["document"]), item["version"], pushed_at)

    def versions(self) -> Iterator[dict[str, Any]]:
        """Yield every document that was ever in force, oldest first."""
        for item in self._table.query(keys.SETTINGS, *keys.settings_versions()):
            yield json.loads(item["document"])

    def push(self, document: Mapping[str, Any], now: datetime, seen: int | None = None) -> int:
        """Put a new version in force and return its number.

        `seen` is the version that the document was compared with, 0 if there was none; by default
        it replaces whatever version is in force now.

        Raises:
            TransactionCancelledError: somebody else has pushed a version since.
        """
        # The new version and its permanent copy are one transaction, on condition that the version
        # in force is the one that was seen: of two people who push at once, one gets an error, and
        # neither takes back unseen what the other changed.
        if seen is None:
            seen = int((self._table.get(_CURRENT) or {"version": 0})["version"])
        version = seen + 1
        values = {
            "document": json.dumps(document, ensure_ascii=False, default=str),
            "version": version,
            "pushed_at": sortable_time(now),
        }
        as_read = "attribute_not_exists(pk) OR version = :was"
        in_force = self._table.put_action(_CURRENT, values, as_read, {":was": seen})
        permanent = self._table.put_action(keys.settings_version(version), values)
        self._table.transact([in_force, permanent])
        return version
