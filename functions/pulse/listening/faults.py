"""What success and failure of reading mean: for the cursor, the audit log and the owner."""

from dataclasses import replace
from datetime import datetime

from pulse.audit.entries import AuditRecord, LogEntry
from pulse.kernel.time import start_of_minute
from pulse.listening.cursor import Cursor
from pulse.listening.run import PollReport, PollRun
from pulse.listening.scan import Endpoint, TimelineScan
from pulse.outbox.entries import Entry
from pulse.x.faults import FOR_A_PERSON, XError, record_failure


def record_readable(run: PollRun, report: PollReport, cursor: Cursor, endpoint: Endpoint) -> Cursor:
    """Return the cursor after an endpoint could be read; a fault and a gap before it are logged."""
    fault = cursor.faults.get(endpoint)
    others = {other: f for other, f in cursor.faults.items() if other != endpoint}
    # Both endpoints of an account usually fail for one reason and are read again in one minute.
    # The log says so once, when the last of them is over.
    if fault is not None and all(other.kind != fault.kind for other in others.values()):
        what = {
            "account": run.account.username,
            "endpoint": endpoint,
            "trouble": fault.kind,
            "since": fault.since.isoformat(),
            "until": run.now.isoformat(),
            "detail": fault.detail,
        }
        _log(run, report, LogEntry("trouble", run.now, what))
    cursor = replace(cursor, faults=others)
    if endpoint != "mentions":
        return cursor
    # Minutes count as watched by the mentions alone: posts of our own raise no alert. What was
    # missed is logged when it is over, so that an outage is one entry, and whatever its reason:
    # in a minute without a poll nobody watched, even if no fault is known.
    missed = cursor.unwatched_minutes(run.now)
    if missed is not None:
        _log_gap(run, report, *missed, "blind", missed[1])
    report.watched = True
    return replace(cursor, last_ok=start_of_minute(run.now))


def record_loss(run: PollRun, report: PollReport, scan: TimelineScan) -> None:
    """Log the period of which X no longer shows the posts, now that a scan is at its bottom."""
    lost = scan.missing_period(run.now)
    if lost is not None:
        _log_gap(run, report, *lost, "wall", run.now)


def record_fault(
    run: PollRun, report: PollReport, cursor: Cursor, endpoint: Endpoint, error: XError
) -> Cursor:
    """Return the cursor with the fault and its next try.

    The owner gets one message about a fault, and only if a person has to fix it.
    """
    report.add_limit(error.endpoint, error.limit)
    report.problems.append(f"{endpoint}: {error}")
    fault = record_failure(error, cursor.faults.get(endpoint), run.now)
    # A revoked token breaks both endpoints, and one message is enough: none about own posts after
    # one about the mentions. The other way round there is: unread mentions are the graver fault.
    of_mentions = cursor.faults.get("mentions")
    reported = fault.reported or (
        of_mentions is not None and of_mentions.reported and of_mentions.kind == error.kind
    )
    if error.kind in FOR_A_PERSON and not reported:
        entry = Entry(
            id=f"{run.now.isoformat()}#{run.account.id}#{error.kind}",
            company=run.company.name,
            person=run.company.owner,
            kind="trouble",
            at=run.now,
            details=(
                ("trouble", error.kind),
                ("subject", run.account.username),
                ("detail", error.detail),
                ("endpoint", endpoint),
            ),
        )
        # If own posts were read first and failed alike, both entries have one id, and the
        # transaction takes it once. The entry about the mentions stays: it says more.
        report.records = [
            one for one in report.records if not (isinstance(one, Entry) and one.id == entry.id)
        ]
        report.records.append(entry)
    fault = replace(fault, reported=reported or error.kind in FOR_A_PERSON)
    return replace(cursor, faults={**cursor.faults, endpoint: fault})


def _log_gap(
    run: PollRun, report: PollReport, start: datetime, end: datetime, reason: str, at: datetime
) -> None:
    period = {"start": start.isoformat(), "end": end.isoformat()}
    what = {"account": run.account.username, **period, "reason": reason}
    _log(run, report, LogEntry("gap", at, what))


def _log(run: PollRun, report: PollReport, entry: LogEntry) -> None:
    report.records.append(AuditRecord(run.company.name, entry))
