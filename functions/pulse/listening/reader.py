"""Reads the timelines of one account, page by page, and stores what they hold."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pulse.kernel.posts import is_from_future
from pulse.listening.budget import count_billed
from pulse.listening.faults import record_fault, record_loss, record_readable
from pulse.listening.ingest import Source
from pulse.listening.run import FinishedSweep, PollRun
from pulse.listening.scan import Endpoint, TimelineScan
from pulse.listening.sweep import late_scans
from pulse.listening.timeline import Timeline
from pulse.x.answers import Page
from pulse.x.faults import XError

_PAGES_A_RUN = 30


def read_timeline(run: PollRun, endpoint: Endpoint) -> None:
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
        _check_missing(run, scan.endpoint, scan.start)
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
        query = Timeline(run.account, scan.endpoint).query
        page = run.x.search(query, request)
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


def _check_missing(run: PollRun, endpoint: Endpoint, start: datetime) -> None:
    """Have stored posts checked that a sweep did not serve."""
    report, timeline = run.report, Timeline(run.account, endpoint)
    found, removed = run.after_sweep(FinishedSweep(timeline, start, report.served))
    report.read += found.served
    report.checked += found.requested
    report.removed += removed
    run.note_limit("lookup", found.limit)
    if found.error is not None:
        report.problems.append(f"look-up: {found.error}")
