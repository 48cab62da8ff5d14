"""What successes and failures of an account's polls mean: for its cursor, the log and the owner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pulse.audit.entries import LogEntry
from pulse.kernel.company import Account, Company
from pulse.kernel.time import start_of_minute
from pulse.listening.cursor import Cursor
from pulse.listening.scan import Endpoint
from pulse.outbox.entries import Entry
from pulse.x.faults import FOR_A_PERSON, XError, record_failure


def cursor_after_success(cursor: Cursor, endpoint: Endpoint, now: datetime) -> Cursor:
    """Return the cursor after an endpoint could be read: its fault is over."""
    faults = {other: fault for other, fault in cursor.faults.items() if other != endpoint}
    last_ok = start_of_minute(now) if endpoint == "mentions" else cursor.last_ok
    return replace(cursor, faults=faults, last_ok=last_ok)


def entries_on_success(
    cursor: Cursor, endpoint: Endpoint, account: Account, now: datetime
) -> Iterator[LogEntry]:
    """Yield what is logged when an endpoint can be read again; `cursor` is that of before."""
    fault = cursor.faults.get(endpoint)
    # Both endpoints of an account usually fail for one reason and are read again in one minute.
    # The log says so once, when the last of them is over.
    others = [other for name, other in cursor.faults.items() if name != endpoint]
    if fault is not None and all(other.kind != fault.kind for other in others):
        what = {
            "account": account.username,
            "endpoint": endpoint,
            "trouble": fault.kind,
            "since": fault.since.isoformat(),
            "until": now.isoformat(),
            "detail": fault.detail,
        }
        yield LogEntry("trouble", now, what)
    # Minutes count as watched by the mentions alone: posts of our own raise no alert. What was
    # missed is logged when it is over, so that an outage is one entry, and whatever the reason:
    # a minute without a poll is one in which nobody watched, even if no fault is known.
    missed = cursor.unwatched_minutes(now) if endpoint == "mentions" else None
    if missed is not None:
        yield gap(account, *missed, reason="blind", at=missed[1])


def cursor_after_failure(
    cursor: Cursor,
    endpoint: Endpoint,
    error: XError,
    company: Company,
    account: Account,
    now: datetime,
) -> tuple[Cursor, Entry | None]:
    """Return the cursor with the fault and its next try, and the message to the owner, if any.

    A message is sent once, and only of a fault that a person has to fix.
    """
    fault = record_failure(error, cursor.faults.get(endpoint), now)
    # A revoked token breaks both endpoints; one message is enough. Only that of the mentions
    # counts here: unread mentions are the graver fault, and a message about them is due even if
    # one about own posts was sent.
    of_mentions = cursor.faults.get("mentions")
    reported = fault.reported or (
        of_mentions is not None and of_mentions.reported and of_mentions.kind == error.kind
    )
    for_a_person = error.kind in FOR_A_PERSON
    fault = replace(fault, reported=reported or for_a_person)
    cursor = replace(cursor, faults={**cursor.faults, endpoint: fault})
    if reported or not for_a_person:
        return cursor, None
    details = (
        ("trouble", error.kind),
        ("subject", account.username),
        ("detail", error.detail),
        ("endpoint", endpoint),
    )
    entry_id = f"{now.isoformat()}#{account.id}#{error.kind}"
    return cursor, Entry(entry_id, company.name, company.owner, "trouble", now, details=details)


def gap(account: Account, start: datetime, end: datetime, *, reason: str, at: datetime) -> LogEntry:
    """Return the log entry about a period that was not watched, or whose posts are lost."""
    what = {
        "account": account.username,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "reason": reason,
    }
    return LogEntry("gap", at, what)
