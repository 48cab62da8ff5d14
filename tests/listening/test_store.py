"""The store of cursors: each is stored completely, and by one writer at a time."""

import itertools
from dataclasses import replace

import pytest

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.audit.store import AuditLog
from pulse.dynamodb.table import Table
from pulse.kernel.errors import StaleWriteError
from pulse.listening.cursor import Cursor
from pulse.listening.scan import HighWater, TimelineScan
from pulse.listening.store import CursorStore
from pulse.privacy.compliance import ComplianceState
from pulse.privacy.store import ComplianceStore
from pulse.x.access import Limit
from pulse.x.faults import OpenFault
from tests.interleaving import HookedClient, cancelled
from tests.outbox.sample_entries import MINUTE, NOON


def full_cursor() -> Cursor:
    mark = HighWater("12345678901234567890", NOON)
    scan = TimelineScan("mentions", NOON, mark, NOON, "search", mark, mark, "99", 700)
    return Cursor(
        "100",
        NOON,
        high_water={"mentions": mark, "posts": mark},
        scans={"mentions": scan, "sweep/posts": TimelineScan("posts", NOON)},
        limits={"mentions": Limit(0, NOON)},
        faults={"posts": OpenFault("token", "401 Нет", NOON, 3, NOON + MINUTE, reported=True)},
        last_ok=NOON,
        swept=NOON - MINUTE,
        reads={"2030-04": 3, "2030-05": 12_340},
        vocabulary="post",
    )


def test_a_cursor_is_loaded_as_it_was_saved(table: Table) -> None:
    """A cursor with every field set is loaded unchanged, with its new revision."""
    cursors = CursorStore(table)
    saved = cursors.save(full_cursor())
    assert cursors.load(["100", "404"]) == {"100": saved}
    assert saved == replace(full_cursor(), rev=1)


def test_a_second_writer_of_a_cursor_fails_and_logs_nothing(table: Table) -> None:
    """Of two runs that read one revision, the second saves neither cursor nor log entry."""
    cursors, audit_log = CursorStore(table), AuditLog(table)
    entry = LogEntry("gap", NOON, {"account": "help"})
    base = cursors.save(Cursor("100", NOON))
    cursors.save(replace(base, last_ok=NOON))
    with pytest.raises(StaleWriteError):
        cursors.save(replace(base, vocabulary="post"), [AuditRecord("acme", entry)])
    with pytest.raises(StaleWriteError):
        cursors.save(Cursor("100", NOON))
    assert cursors.load(["100"])["100"].vocabulary == "tweet"
    assert audit_log.read("acme", NOON, NOON) == []


def test_watched_minutes_are_stored_without_a_new_revision(table: Table) -> None:
    """Watched minutes are stored in an existing cursor; an account without one gets none."""
    cursors = CursorStore(table)
    saved = cursors.save(Cursor("100", NOON))
    cursors.mark_watched("100", NOON + MINUTE, NOON)
    cursors.mark_watched("404", NOON, NOON)
    now = replace(saved, last_ok=NOON + MINUTE, swept=NOON)
    assert cursors.load(["100", "404"]) == {"100": now}


@pytest.mark.parametrize("logged", [False, True], ids=["alone", "with a log entry"])
def test_a_momentary_conflict_is_not_a_lost_race(
    table: Table, pauses: list[float], logged: bool
) -> None:
    """When a write conflicts twice and nobody else wrote, cursor and compliance state are saved."""
    codes = itertools.cycle(["TransactionConflict", "TransactionConflict", None])

    def raise_conflict(name: str) -> None:
        code = next(codes) if name in ("put_item", "transact_write_items") else None
        if code is not None and logged:
            raise cancelled(table.client, code)
        if code is not None:
            response = {"Error": {"Code": "TransactionConflictException"}}
            raise table.client.exceptions.TransactionConflictException(response, name)

    busy = Table(HookedClient(table.client, raise_conflict), table.name, table.index, pauses.append)
    records = [AuditRecord("acme", LogEntry("gap", NOON, {}))] if logged else []
    assert CursorStore(busy).save(Cursor("100", NOON), records).rev == 1
    assert ComplianceStore(busy).save(ComplianceState("app"), records).rev == 1
    assert pauses == [0.05, 0.1] * 2
