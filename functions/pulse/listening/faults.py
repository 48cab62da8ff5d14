"""What success and failure of reading mean: for the cursor, the audit log and the owner."""

from dataclasses import replace
from datetime import datetime

from pulse.kernel.time import start_of_minute
from pulse.listening.run import PollRun
from pulse.listening.scan import Endpoint, TimelineScan
from pulse.outbox.entries import Entry
from pulse.x.faults import FOR_A_PERSON, XError, record_failure


def record_readable(run: PollRun, endpoint: Endpoint) -> None:
    """Note that an endpoint could be read; a fault and a gap before it are logged."""
    fault = run.cursor.faults.get(endpoint)
    others = {other: f for other, f in run.cursor.faults.items() if other != endpoint}
    # Both endpoints of an account usually fail for one reason and are read again in one minute.
    # The log says so once, when the last of them is over.
    if fault is not None and all(other.kind != fault.kind for other in others.values()):
        period = {"since": fault.since.isoformat(), "until": run.now.isoformat()}
        what = {"endpoint": endpoint, "trouble": fault.kind, **period, "detail": fault.detail}
        run.log("trouble", run.now, what)
    run.cursor = replace(run.cursor, faults=others)
    if endpoint != "mentions":
        return
    # Minutes count as watched by the mentions alone: posts of our own raise no alert. What was
    # missed is logged when it is over, so that an outage is one entry, and whatever its reason:
    # in a minute without a poll nobody watched, even if no fault is known.
    missed = run.cursor.unwatched_minutes(run.now)
    if missed is not None:
        _log_gap(run, missed, "blind", missed[1])
    run.report.watched = True
    run.cursor = replace(run.cursor, last_ok=start_of_minute(run.now))


def record_loss(run: PollRun, scan: TimelineScan) -> None:
    """Log the period of which X no longer shows the posts, now that a scan is at its bottom."""
    lost = scan.missing_period(run.now)
    if lost is not None:
        _log_gap(run, lost, "wall", run.now)


def record_fault(run: PollRun, endpoint: Endpoint, error: XError) -> None:
    """Note the fault, and when to try next.

    The owner gets one message about a fault, and only if a person has to fix it.
    """
    run.note_limit(error.endpoint, error.limit)
    run.report.problems.append(f"{endpoint}: {error}")
    faults = run.cursor.faults
    fault = record_failure(error, faults.get(endpoint), run.now)
    # A revoked token breaks both endpoints, and one message is enough: none about own posts after
    # one about the mentions. The other way round there is: unread mentions are the graver fault.
    of_mentions = faults.get("mentions")
    reported = fault.reported or (
        of_mentions is not None and of_mentions.reported and of_mentions.kind == error.kind
    )
    if error.kind in FOR_A_PERSON and not reported:
        company, entry_id = run.company, f"{run.now.isoformat()}#{run.account.id}#{error.kind}"
        details = (
            ("trouble", error.kind),
            ("subject", run.account.username),
            ("detail", error.detail),
            ("endpoint", endpoint),
        )
        entry = Entry(entry_id, company.name, company.owner, "trouble", run.now, details=details)
        # If own posts were read first and failed alike, both entries have one id, and the
        # transaction takes it once. The entry about the mentions stays: it says more.
        run.report.messages[entry_id] = entry
    fault = replace(fault, reported=reported or error.kind in FOR_A_PERSON)
    run.cursor = replace(run.cursor, faults={**faults, endpoint: fault})


def _log_gap(run: PollRun, period: tuple[datetime, datetime], reason: str, at: datetime) -> None:
    start, end = period
    run.log("gap", at, {"start": start.isoformat(), "end": end.isoformat(), "reason": reason})
