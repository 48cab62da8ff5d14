"""Which digests were written, and the daily figures."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pulse.dynamodb import keys
from pulse.dynamodb.table import Table, TransactionCancelledError


class DigestLedger:
    """One item a company: by digest and recipient, the last digest that was written."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def written(self, company: str) -> dict[str, str]:
        """Return the local date and hour of the last digest, by `period#person`."""
        item = self._table.get(keys.digests_written(company))
        return json.loads(item["done"]) if item else {}

    def write(
        self, company: str, was: Mapping[str, str], done: Mapping[str, str], also: Iterable[object]
    ) -> bool:
        """Mark digests as written, with their entries; return False when another run was faster."""
        marks = self._table.put_action(
            keys.digests_written(company),
            {"done": _text(done)},
            "done = :was" if was else "attribute_not_exists(pk)",
            {":was": _text(was)} if was else None,
        )
        try:
            self._table.transact([marks, *self._table.record_actions(also)])
        except TransactionCancelledError:
            return False
        return True


class FigureStore:
    """Daily figures, which never expire: counts and histograms, no text, no names."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last_day_counted(self, company: str) -> date | None:
        """Return the last UTC day whose figures were counted."""
        item = self._table.get(keys.figures_counted(company))
        return date.fromisoformat(item["day"]) if item else None

    def mark_day_counted(self, company: str, day: date) -> None:
        """Note that the figures are counted up to this day, included."""
        self._table.put(keys.figures_counted(company), {"day": day.isoformat()})

    def put(self, company: str, day: date, figures: Mapping[str, Any]) -> None:
        """Write the figures of a UTC day in place of earlier ones."""
        self._table.put(keys.figures_of_day(company, day), {"figures": _text(figures)})

    def has(self, company: str, day: date) -> bool:
        """Return whether this day was counted before."""
        return self._table.get(keys.figures_of_day(company, day)) is not None

    def of_days(self, company: str, start: date, end: date) -> dict[date, dict[str, Any]]:
        """Return the figures of the days from `start` to `end`, both included."""
        items = self._table.query(keys.figures(company), start.isoformat(), end.isoformat())
        return {date.fromisoformat(i["sk"]): json.loads(i["figures"]) for i in items}


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)
