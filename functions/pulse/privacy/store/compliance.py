"""How far the check of stored posts has come, by app of X and by company."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from pulse.dynamodb import keys
from pulse.dynamodb.codec import from_json, to_json
from pulse.dynamodb.records import item_of
from pulse.dynamodb.table import Table, TransactionCancelledError
from pulse.kernel.errors import StaleWriteError
from pulse.privacy.compliance import ComplianceState


class ComplianceStore:
    """One item for each app of X, under a revision; some items for each company, without one."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, app: str) -> ComplianceState:
        """Return where the check of this app stands: at its beginning if none is stored."""
        item = self._table.get(keys.compliance_state(app))
        return (
            ComplianceState(app)
            if item is None
            else from_json(ComplianceState, json.loads(item["checking"]))
        )

    def save(self, state: ComplianceState, records: Sequence[object] = ()) -> ComplianceState:
        """Write the state and these records in one transaction; return the state as saved.

        Raises:
            StaleWriteError: another run has saved a newer state.
        """
        saved = replace(state, rev=state.rev + 1)
        action = self._table.put_action(
            keys.compliance_state(saved.app),
            {"checking": json.dumps(to_json(saved)), "rev": saved.rev},
            "rev = :rev" if state.rev else "attribute_not_exists(pk)",
            {":rev": state.rev} if state.rev else None,
        )
        try:
            self._table.write_retrying_conflicts(
                [action, *(self._table.put_action(*item_of(one)) for one in records)]
            )
        except TransactionCancelledError as problem:
            raise StaleWriteError(saved.app) from problem
        return saved

    def first_stored_day(self, company: str, at_latest: date) -> date:
        """Return the first UTC day of which posts may be stored: `at_latest`, or an earlier one.

        An earlier `at_latest` than before is remembered.
        """
        key = keys.first_stored_day(company)
        item = self._table.get(key)
        known = date.fromisoformat(item["first"]) if item else None
        if known is not None and known <= at_latest:
            return known
        self._table.put(key, {"first": at_latest.isoformat()})
        return at_latest

    def retention_applied(self, company: str, retention: str) -> tuple[bool, date | None]:
        """Return whether this retention is applied to all posts, and else the day to continue from.

        The day is None when nothing of it is applied yet.
        """
        item = self._table.get(keys.retention_applied(company)) or {}
        if item.get("keep") != retention:
            return False, None
        return "day" not in item, date.fromisoformat(item["day"]) if "day" in item else None

    def mark_retention_applied(self, company: str, retention: str, day: date | None) -> None:
        """Note that this retention is applied; if `day` is given, to posts newer than it only."""
        values = {"keep": retention, "day": day.isoformat() if day else None}
        self._table.put(keys.retention_applied(company), values)

    def looked_up(self, company: str) -> date | None:
        """Return the last UTC day on which the company's open conversations were looked up."""
        item = self._table.get(keys.looked_up(company))
        return date.fromisoformat(item["day"]) if item else None

    def mark_looked_up(self, company: str, day: date) -> None:
        """Note that the look-ups of this UTC day are done."""
        self._table.put(keys.looked_up(company), {"day": day.isoformat()})
