"""Read one account: mentions and own posts, page by page, down to where the last scan ended."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pulse.kernel.errors import StaleWriteError
from pulse.kernel.posts import is_from_future
from pulse.listening.budget import count_billed
from pulse.listening.faults import record_fault, record_loss, record_readable
from pulse.listening.ingest import Source
from pulse.listening.run import PollReport, PollRun
from pulse.listening.scan import ENDPOINTS, Endpoint, TimelineScan
from pulse.listening.sweep import late_scans, uncounted_reads
from pulse.listening.tasks import day_swept
from pulse.listening.timeline import search_query
from pulse.x.answers import Page
from pulse.x.faults import XError

_PAGES_A_RUN = 30


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
            _read_timeline(run, endpoint)
    # The day's sweep is due until both timelines were read to the bottom, with nothing left for
    # another run; only then is it certain that no post of the period is missing (D-026).
    if task.kind != "poll" and report.swept == len(ENDPOINTS) and not run.cursor.scans:
        run.cursor = replace(run.cursor, swept=task.minute)
    if task.retried and task.kind != "poll":
        report.billed += uncounted_reads(run)
    report.unfinished, report.faults = sorted(run.cursor.scans), sorted(run.cursor.faults)
    _save(run)
    return report


def _endpoints_in_turn(run: PollRun) -> tuple[Endpoint, ...]:
    """Return mentions first; while a scan is unfinished, own posts first in odd minutes."""
    # A backlog of mentions takes all the time of a run, for many runs. Replies must be read
    # meanwhile, or customers who were answered would count as waiting (D-045).
    return ENDPOINTS[::-1] if run.cursor.scans and run.task.minute.minute % 2 else ENDPOINTS


def _read_timeline(run: PollRun, endpoint: Endpoint) -> None:
    """Read a timeline as the task says; a fault of X is noted in cursor and report."""
    pages_before = run.report.pages
    try:
        if run.task.kind == "poll":
            scans: Iterable[TimelineScan] = [run.cursor.start_scan(endpoint, run.company.look_back)]
        else:
            scans = late_scans(run, endpoint)
        complete = all(_read_scan(run, scan) for scan in scans)
        # Without time for a single page nothing is known of the endpoint, good or bad.
        if run.report.pages > pages_before:
            record_readable(run, endpoint)
        run.report.swept += complete
    except XError as error:
        record_fault(run, endpoint, error)


def _read_scan(run: PollRun, scan: TimelineScan) -> bool:
    """Read one scan; returns whether it came to its bottom."""
    finished = _read_pages(run, scan)
    if finished is None:
        return False
    record_loss(run, finished)
    # Only a sweep that was read within this run knows what X serves today: posts of its
    # earlier runs are not in `served`, and would seem to be missing (D-019).
    if scan.purpose == "sweep" and not scan.read:
        _check_missing(run, scan)
    return True


def _read_pages(run: PollRun, scan: TimelineScan) -> TimelineScan | None:
    """Read page after page; returns the scan at its bottom, None if time ran out before.

    Raises:
        XError: X did not answer, or not with a page.
    """
    # The cursor is moved after each page, and not only at the end, because reading may end at any
    # page: time runs out, X fails, a rate limit is reached. Whatever was stored by then is not
    # read, and not billed, again. The high-water mark moves at the bottom only: pages come newest
    # first, so that before the bottom there is unread time below what was read.
    current = scan.resume(run.now)
    token: str | None = None
    while current is not None:
        if run.report.pages >= _PAGES_A_RUN or run.out_of_time():
            return None
        run.report.pages += 1
        try:
            page = _page(run, current, token)
        except XError as error:
            if token is None or error.kind != "request":
                raise
            # Page tokens expire. The scan goes on by ids instead, as another run would do.
            scan, token = current, None
            current = scan.resume(run.now)
            continue
        _store(run, page, current)
        scan = current = _advanced(current, page, run.now)
        before, token = token, page.next_token
        if token is None:
            current = scan.continue_in_search(run.now)
            if current is None:
                break
        run.cursor = run.cursor.pause_scan(current)
        if token is not None and token == before:
            raise XError("unavailable", "the next page is the same page again")
    run.cursor = run.cursor.finish_scan(scan)
    return scan


def _page(run: PollRun, scan: TimelineScan, token: str | None) -> Page:
    request = scan.request(run.now)._replace(token=token, vocabulary=run.cursor.vocabulary)
    if scan.via == "search":
        page = run.x.search(search_query(scan.endpoint, run.account.username), request)
    else:
        read = run.x.mentions if scan.endpoint == "mentions" else run.x.posts
        page = read(run.account.id, request)
    run.note_limit("search" if scan.via == "search" else scan.endpoint, page.limit)
    run.cursor = replace(run.cursor, vocabulary=page.vocabulary)
    return page


def _store(run: PollRun, page: Page, scan: TimelineScan) -> None:
    """Store what a page holds, and count it."""
    report = run.report
    in_mentions = scan.endpoint == "mentions" and scan.via == "timeline"
    ingested = run.ingest.store(page, Source(run.account, run.cursor.watched_from, in_mentions))
    report.read += page.served
    report.new += ingested.new
    report.quarantined += ingested.quarantined
    report.billed += count_billed(scan, page.posts, page.served, ingested.new)
    report.served.update(post.id for post in page.posts)


def _advanced(scan: TimelineScan, page: Page, now: datetime) -> TimelineScan:
    # An id from the future, once it is the high-water mark, would hide all posts to come.
    believed = [post for post in page.posts if not is_from_future(post.version, now)]
    ids = [one.id for one in page.quarantined if one.id and not is_from_future(one.id, now)]
    return scan.advance(believed, page.served, ids)


def _check_missing(run: PollRun, sweep: TimelineScan) -> None:
    """Have stored posts checked that a sweep did not serve."""
    report = run.report
    found, removed = run.after_sweep(run, sweep)
    report.read += found.served
    report.checked += found.requested
    report.removed += removed
    run.note_limit("lookup", found.limit)
    if found.error is not None:
        report.problems.append(f"look-up: {found.error}")


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
