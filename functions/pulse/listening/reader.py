"""Reads the timelines of one account, page by page, and stores what they hold."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pulse.kernel.posts import is_from_future
from pulse.listening.budget import count_billed
from pulse.listening.cursor import Cursor
from pulse.listening.faults import record_fault, record_loss, record_readable
from pulse.listening.ingest import Source, ingest
from pulse.listening.run import FinishedSweep, PollReport, PollRun
from pulse.listening.scan import Endpoint, TimelineScan
from pulse.listening.sweep import late_scans
from pulse.listening.tasks import PollTask
from pulse.listening.timeline import Timeline
from pulse.x.answers import Page
from pulse.x.faults import XError

_PAGES_A_RUN = 30


@dataclass(slots=True)
class TimelineReader:
    """Reads both timelines of an account for one run.

    `cursor` and `report` follow page by page: whatever ends the reading, they say how far it got.
    """

    run: PollRun
    task: PollTask
    report: PollReport
    cursor: Cursor

    def read(self, endpoint: Endpoint) -> None:
        """Read a timeline as the task says; a fault of X is noted in cursor and report."""
        pages_before = self.report.pages
        try:
            complete = self._read_scans(self._scans(endpoint), endpoint)
            # Without time for a single page nothing is known of the endpoint, good or bad.
            if self.report.pages > pages_before:
                self.cursor = record_readable(self.run, self.report, self.cursor, endpoint)
            if complete:
                self.report.swept += 1
        except XError as error:
            self.cursor = record_fault(self.run, self.report, self.cursor, endpoint, error)

    def _scans(self, endpoint: Endpoint) -> Iterable[TimelineScan]:
        if self.task.kind == "poll":
            return [self.cursor.start_scan(endpoint, self.run.company.look_back)]
        return late_scans(self.run, self.cursor, endpoint, self.task, self.report)

    def _read_scans(self, scans: Iterable[TimelineScan], endpoint: Endpoint) -> bool:
        """Read scan after scan; returns whether all of them came to their bottom."""
        for scan in scans:
            finished = self._read_pages(scan)
            if finished is None:
                return False
            record_loss(self.run, self.report, finished)
            # Only a sweep that was read within this run knows what X serves today: posts of its
            # earlier runs are not in `served`, and would seem to be missing (D-019).
            if scan.purpose == "sweep" and not scan.read:
                timeline = Timeline(self.run.account, endpoint)
                self._check_missing(FinishedSweep(timeline, scan.start, self.report.served))
        return True

    def _read_pages(self, scan: TimelineScan) -> TimelineScan | None:
        """Read page after page; returns the scan at its bottom, None if time ran out before.

        Raises:
            XError: X did not answer, or not with a page.
        """
        # The cursor is moved after each page, and not only at the end, because reading may end at
        # any page: time runs out, X fails, a rate limit is reached. Whatever was stored by then is
        # not read, and not billed, again. The high-water mark moves at the bottom only: pages come
        # newest first, so that before the bottom there is unread time below what was read.
        run, report = self.run, self.report
        current = scan.resume(run.now)
        token: str | None = None
        while current is not None:
            if report.pages >= _PAGES_A_RUN or run.out_of_time():
                return None
            report.pages += 1
            try:
                page = self._page(current, token)
            except XError as error:
                if token is None or error.kind != "request":
                    raise
                # Page tokens expire. The scan goes on by ids instead, as another run would do.
                scan, token = current, None
                current = scan.resume(run.now)
                continue
            self._store(page, current)
            scan = current = self._advanced(current, page)
            before, token = token, page.next_token
            if token is None:
                current = scan.continue_in_search(run.now)
                if current is None:
                    break
            self.cursor = self.cursor.pause_scan(current)
            if token is not None and token == before:
                raise XError("unavailable", "the next page is the same page again")
        self.cursor = self.cursor.finish_scan(scan)
        return scan

    def _page(self, scan: TimelineScan, token: str | None) -> Page:
        run, bounds, vocabulary = self.run, scan.bounds(self.run.now), self.cursor.vocabulary
        if scan.via == "search":
            query = Timeline(run.account, scan.endpoint).query
            page = run.x.search(query, bounds, token, vocabulary)
            self.report.add_limit("search", page.limit)
        else:
            read = run.x.mentions if scan.endpoint == "mentions" else run.x.posts
            page = read(run.account.id, bounds, token, vocabulary)
            self.report.add_limit(scan.endpoint, page.limit)
        self.cursor = replace(self.cursor, vocabulary=page.vocabulary)
        return page

    def _store(self, page: Page, scan: TimelineScan) -> None:
        """Store what a page holds, and count it."""
        run, report = self.run, self.report
        in_mentions = scan.endpoint == "mentions" and scan.via == "timeline"
        ingested = ingest(
            page.posts,
            Source(run.account, self.cursor.watched_from, in_mentions=in_mentions),
            run.company,
            run.stores,
            run.now,
            unreadable=page.quarantined,
            authors=page.authors,
        )
        report.read += page.served
        report.new += ingested.new
        report.quarantined += ingested.quarantined
        report.billed += count_billed(scan, page.posts, page.served, ingested.new)
        report.served.update(post.id for post in page.posts)

    def _advanced(self, scan: TimelineScan, page: Page) -> TimelineScan:
        # An id from the future, once it is the high-water mark, would hide all posts to come.
        now = self.run.now
        believed = [post for post in page.posts if not post.is_from_future(now)]
        unreadable = [
            one.id for one in page.quarantined if one.id and not is_from_future(one.id, now)
        ]
        return scan.advance(believed, page.served, unreadable)

    def _check_missing(self, sweep: FinishedSweep) -> None:
        """Have stored posts checked that a sweep did not serve."""
        check, report = self.run.after_sweep(sweep), self.report
        report.read += check.served
        report.checked += check.checked
        report.removed += check.removed
        report.add_limit("lookup", check.limit)
        if check.error is not None:
            report.problems.append(f"look-up: {check.error}")
