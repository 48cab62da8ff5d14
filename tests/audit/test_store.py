"""The store of the audit log."""

from pulse.audit.entries import LogEntry
from pulse.audit.store import AuditLog
from pulse.dynamodb.table import Table
from tests.outbox.sample_entries import MINUTE, NOON


def test_an_entry_of_the_audit_log_is_written_once(table: Table) -> None:
    """An entry that is written twice is stored once; entries of a period are in order of time."""
    audit_log = AuditLog(table)
    entries = [
        LogEntry("gap", NOON + MINUTE, {"account": "help", "reason": "blind"}),
        LogEntry(
            "aside", NOON, {"account": "help", "reason": "no id", "raw": {"text": "Привет 🙂"}}
        ),
        LogEntry("aside", NOON, {"account": "help", "reason": "no id", "raw": {"text": "#other"}}),
    ]
    audit_log.append("acme", entries)
    audit_log.append("acme", entries[:2])
    found = audit_log.read("acme", NOON, NOON + MINUTE)
    assert [r.kind for r in found] == ["aside", "aside", "gap"]
    assert all(each in entries for each in found)
    assert audit_log.read("acme", NOON + 2 * MINUTE, NOON + 3 * MINUTE) == []
    assert audit_log.read("other", NOON, NOON + MINUTE) == []
