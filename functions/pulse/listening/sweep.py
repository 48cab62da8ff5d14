"""Sweeps: reading again what was read before, for posts that X showed late."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pulse.kernel.time import MINUTE, start_of_day, start_of_minute
from pulse.listening.cursor import LATE_WINDOW, Cursor
from pulse.listening.run import PollReport, PollRun
from pulse.listening.scan import ENDPOINTS, Endpoint, TimelineScan
from pulse.listening.tasks import PollTask
from pulse.listening.timeline import Timeline

_LONGEST = timedelta(hours=25)
"""How far back a sweep reaches at most."""
_CLOCKS_DIFFER = timedelta(minutes=3)
"""X refuses times that its own clock has not reached."""


def late_scans(
    run: PollRun, cursor: Cursor, endpoint: Endpoint, task: PollTask, report: PollReport
) -> Iterator[TimelineScan]:
    """Yield the scans of a sweep, one after the other: that of today, then those of yesterday.

    Raises:
        XError: X was asked for counts and did not answer.
    """
    # X shows some posts late, behind the high-water mark, where no poll finds them (D-008). How far
    # back does a sweep go?
    # - An hour before the last sweep that succeeded, or before this one's minute if that is
    #   earlier: what X shows within the hour is found, and so is what it showed while Pulse could
    #   not read. A sweep of the whole day begins at midnight UTC at the latest.
    # - Not further than 25 hours, and not before the time from which the account is watched.
    # Minutes are those of the task, not of the clock: a task that waited in the queue, or was
    # retried, covers the period that it was made for.
    midnight = start_of_day(run.now)
    watched_from = start_of_minute(cursor.watched_from - run.company.look_back)
    earliest = max(task.minute - _LONGEST, watched_from)
    late = max(min(task.minute, cursor.swept or task.minute) - LATE_WINDOW, earliest)
    start = max(min(late, start_of_day(task.minute)), earliest) if task.kind == "day" else late

    # A post read twice within one UTC day is billed once. So the part of the period that lies in
    # today is simply read again. A sweep that was interrupted continues, unless midnight came in
    # between: its rest would then be billed as new, and belongs to yesterday's part.
    sweep = cursor.unfinished(endpoint, "sweep")
    if sweep is None or sweep.start < midnight:
        sweep = TimelineScan(endpoint, max(start, midnight), purpose="sweep")
    yield sweep

    # The part before midnight would be billed again. Counts are billed once for any number of
    # posts: X counts by minute, and only minutes are read again of which it has more posts than
    # Pulse. A re-read that was interrupted is finished first, since comparing the days again would
    # begin it from its top each time (D-045). It reached down to the `late` of its time; without
    # counts there is then nothing else to read, so `late` moves to the end.
    end = min(midnight, run.now - _CLOCKS_DIFFER)
    reread = cursor.unfinished(endpoint, "reread")
    if reread is not None:
        yield reread
        late = end
    if start < end:
        timeline = Timeline(run.account, endpoint)
        counts = run.x.counts(timeline.query, start, end)
        periods = [(late, end)]
        if counts is not None:
            report.add_limit("counts", counts.limit)
            stored = _stored_by_minute(run, timeline, start, end)
            periods = list(_periods_with_more(counts.by_minute, stored, start, end))
        for low, high in periods:
            if low < high:
                yield TimelineScan(endpoint, low, end=high, via="search", purpose="reread")


def uncounted_reads(run: PollRun, task: PollTask) -> int:
    """Return how many posts were stored since a sweep first began, when it is tried again.

    The run that failed may have stored posts without counting them: counts are saved with the
    cursor, at the end of a run. What a poll stored since is among them: the count may be too high,
    but never too low (D-030).
    """
    timelines = [Timeline(run.account, endpoint) for endpoint in ENDPOINTS]
    stored = run.stores.conversations.published(run.company, run.now - _LONGEST, run.now)
    return len(
        [
            fact
            for _, fact in stored
            if fact.stored_at is not None
            and task.minute <= fact.stored_at < run.now
            and any(timeline.holds(fact) for timeline in timelines)
        ]
    )


def _periods_with_more(
    counts: Mapping[datetime, int], stored: Counter[datetime], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield periods [low, high) of [start, end) of which X counts more posts than are stored."""
    # Minutes with more that follow one another are one period, and one request. The loop goes one
    # minute past the end, where there is none, so that the last period is closed as well.
    low: datetime | None = None
    minute = start
    while minute < end + MINUTE:
        more = minute < end and counts.get(minute, 0) > stored[minute]
        if more and low is None:
            low = minute
        elif not more and low is not None:
            yield low, minute
            low = None
        minute += MINUTE


def _stored_by_minute(
    run: PollRun, timeline: Timeline, start: datetime, end: datetime
) -> Counter[datetime]:
    """Return how many posts of a timeline are stored, by the minute of publishing."""
    # By id: each version of an edited post is a fact (D-011), and is one post to X.
    published = {
        fact.id: fact.at
        for _, fact in run.stores.conversations.published(run.company, start, end)
        if timeline.holds(fact)
    }
    return Counter(map(start_of_minute, published.values()))
