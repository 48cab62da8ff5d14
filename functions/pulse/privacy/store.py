"""How far the check of stored posts has come, by app of X and by company."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from pulse.dynamodb import keys
from pulse.dynamodb.codec import from_json, parse_time, sortable_time, to_json
from pulse.dynamodb.table import Table, TransactionCancelledError, unless_rewritten
from pulse.kernel.errors import StaleWriteError
from pulse.privacy.compliance import ComplianceState


class ComplianceStore:
    """One item for each app of X, under a revision; some items for each company, without one."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, app: str) -> ComplianceState:
        """Return how far the check of this app has come: at its beginning if none is stored."""
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
            *unless_rewritten(state.rev),
        )
        try:
            self._table.write_retrying_conflicts([action, *self._table.record_actions(records)])
        except TransactionCancelledError as problem:
            raise StaleWriteError(saved.app) from problem
        return saved

    def retention_applied(self, company: str, retention: str) -> tuple[bool, datetime | None]:
        """Return whether this retention is applied to all posts, and else where to continue.

        That is when a conversation was last spoken in: those before it are done. It is None when
        nothing is done yet.
        """
        item = self._table.get(keys.retention_applied(company)) or {}
        if item.get("keep") != retention:
            return False, None
        return "from" not in item, parse_time(item.get("from"))

    def mark_retention_applied(self, company: str, retention: str, start: datetime | None) -> None:
        """Note that this retention is applied; if `start` is given, not yet from there on."""
        values = {"keep": retention, "from": sortable_time(start) if start else None}
        self._table.put(keys.retention_applied(company), values)

    def looked_up(self, company: str) -> date | None:
        """Return the last UTC day on which the company's open conversations were looked up."""
        item = self._table.get(keys.looked_up(company))
        return date.fromisoformat(item["day"]) if item else None

    def mark_looked_up(self, company: str, day: date) -> None:
        """Note that the look-ups of this UTC day are done."""
        self._table.put(keys.looked_up(company), {"day": day.isoformat()})
