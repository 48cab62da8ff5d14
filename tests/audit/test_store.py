"""The journal."""

from pulse.audit.entries import LogEntry
from pulse.audit.store import AuditLog
from pulse.dynamodb.table import Table
from tests.outbox.sample_entries import MINUTE, NOON


def test_an_entry_of_the_audit_log_is_written_once(table: Table) -> None:
    """Given the same row twice, then it is one; rows of a stretch come in order of time."""
    journal = AuditLog(table)
    rows = [
        LogEntry("gap", NOON + MINUTE, {"account": "help", "reason": "blind"}),
        LogEntry(
            "aside", NOON, {"account": "help", "reason": "no id", "raw": {"text": "Привет 🙂"}}
        ),
        LogEntry("aside", NOON, {"account": "help", "reason": "no id", "raw": {"text": "#other"}}),
    ]
    journal.append("acme", rows)
    journal.append("acme", rows[:2])
    found = journal.read("acme", NOON, NOON + MINUTE)
    assert [r.kind for r in found] == ["aside", "aside", "gap"]
    assert all(row in rows for row in found)
    assert journal.read("acme", NOON + 2 * MINUTE, NOON + 3 * MINUTE) == []
    assert journal.read("other", NOON, NOON + MINUTE) == []
