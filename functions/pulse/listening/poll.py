"""Read one account: mentions and own posts, down to where the last scan ended."""

from dataclasses import replace

from pulse.kernel.errors import StaleWriteError
from pulse.listening.reader import read_timeline
from pulse.listening.run import PollReport, PollRun
from pulse.listening.scan import ENDPOINTS, Endpoint
from pulse.listening.sweep import uncounted_reads
from pulse.listening.tasks import day_swept


def poll(run: PollRun) -> PollReport:
    """Read the account as the task says. Faults of X are stored with the cursor, not raised."""
    task, report = run.task, run.report
    if task.is_stale(run.now):
        report.skipped = {"stale": task.minute.isoformat()}
        return report
    run.cursor = run.cursors.load([run.account.id]).get(run.account.id, run.cursor)
    if task.kind == "day" and day_swept(run.cursor.swept, task.minute):
        report.skipped = {"swept": str(run.cursor.swept)}
        return report
    for endpoint in _endpoints_in_turn(run):
        if run.cursor.is_readable(endpoint, run.now):
            read_timeline(run, endpoint)
    # The day's sweep is due until both timelines were read to the bottom, with nothing left for
    # another run; only then is it certain that no post of the period is missing (D-026).
    if task.kind != "poll" and report.swept == len(ENDPOINTS) and not run.cursor.scans:
        run.cursor = replace(run.cursor, swept=task.minute)
    if task.retried and task.kind != "poll":
        report.billed += uncounted_reads(run)
    report.unfinished, report.faults = sorted(run.cursor.scans), sorted(run.cursor.faults)
    _save(run)
    return report


def _save(run: PollRun) -> None:
    """Save the cursor, after all states are written: a crash before that only repeats the reading.

    What was billed is counted in the same write, so that neither is there without the other.
    """
    report = run.report
    cursor = run.cursor.add_reads(report.billed, run.now)
    try:
        run.cursors.save(cursor, [*report.logged, *report.messages.values()])
    except StaleWriteError:
        report.problems.append("another run has read this account meanwhile")
        # Two polls at once are served the same posts. X bills them once, and the other run has
        # counted them. A sweep counts only the posts that it was the first to store. The other run
        # found those known already and did not count them, so they are counted here (D-030).
        if run.task.kind != "poll":
            run.cursors.add_reads(run.account.id, report.billed, run.now)


def _endpoints_in_turn(run: PollRun) -> tuple[Endpoint, ...]:
    """Return mentions first; while a scan is unfinished, own posts first in odd minutes."""
    # A backlog of mentions takes all the time of a run, for many runs. Replies must be read
    # meanwhile, or customers who were answered would count as waiting (D-045).
    return ENDPOINTS[::-1] if run.cursor.scans and run.task.minute.minute % 2 else ENDPOINTS
