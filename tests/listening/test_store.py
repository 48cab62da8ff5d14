"""Cursors: whole, of one writer at a time."""

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
    walk = TimelineScan("mentions", NOON, mark, NOON, "search", mark, mark, "99", 700)
    return Cursor(
        "100",
        NOON,
        high_water={"mentions": mark, "posts": mark},
        scans={"mentions": walk, "sweep/posts": TimelineScan("posts", NOON)},
        limits={"mentions": Limit(0, NOON)},
        faults={"posts": OpenFault("token", "401 Нет", NOON, 3, NOON + MINUTE, reported=True)},
        last_ok=NOON,
        swept=NOON - MINUTE,
        reads={"2030-04": 3, "2030-05": 12_340},
        vocabulary="post",
    )


def test_a_cursor_comes_back_as_it_went(table: Table) -> None:
    """Given all that a cursor may hold, when saved and loaded, then it is the same."""
    accounts = CursorStore(table)
    saved = accounts.save(full_cursor())
    assert accounts.load(["100", "404"]) == {"100": saved}
    assert saved == replace(full_cursor(), rev=1)


def test_a_second_writer_of_a_cursor_is_overtaken_and_tells_nothing(table: Table) -> None:
    """Given two runs that read the same revision, then one is saved, the other's news is not."""
    accounts, journal = CursorStore(table), AuditLog(table)
    row = LogEntry("gap", NOON, {"account": "help"})
    base = accounts.save(Cursor("100", NOON))
    accounts.save(replace(base, last_ok=NOON))
    with pytest.raises(StaleWriteError):
        accounts.save(replace(base, vocabulary="post"), [AuditRecord("acme", row)])
    with pytest.raises(StaleWriteError):
        accounts.save(Cursor("100", NOON))
    assert accounts.load(["100"])["100"].vocabulary == "tweet"
    assert journal.read("acme", NOON, NOON) == []


def test_watched_minutes_are_noted_without_a_new_revision(table: Table) -> None:
    """Given an account with a cursor, then the minute is kept; one without stays unknown."""
    accounts = CursorStore(table)
    saved = accounts.save(Cursor("100", NOON))
    accounts.mark_watched("100", NOON + MINUTE, NOON)
    accounts.mark_watched("404", NOON, NOON)
    now = replace(saved, last_ok=NOON + MINUTE, swept=NOON)
    assert accounts.load(["100", "404"]) == {"100": now}


@pytest.mark.parametrize("told", [False, True], ids=["alone", "with what is told"])
def test_a_momentary_conflict_is_not_a_lost_race(
    table: Table, pauses: list[float], told: bool
) -> None:
    """Given a conflict that passes, and nobody's write, then cursor and check are saved."""
    codes = itertools.cycle(["TransactionConflict", "TransactionConflict", None])

    def others(name: str) -> None:
        code = next(codes) if name in ("put_item", "transact_write_items") else None
        if code is not None and told:
            raise cancelled(table.client, code)
        if code is not None:
            response = {"Error": {"Code": "TransactionConflictException"}}
            raise table.client.exceptions.TransactionConflictException(response, name)

    busy = Table(HookedClient(table.client, others), table.name, table.index, pauses.append)
    beside = [AuditRecord("acme", LogEntry("gap", NOON, {}))] if told else []
    assert CursorStore(busy).save(Cursor("100", NOON), beside).rev == 1
    assert ComplianceStore(busy).save(ComplianceState("app"), beside).rev == 1
    assert pauses == [0.05, 0.1] * 2
