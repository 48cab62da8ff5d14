"""Sweeps: reading again what was read before, for posts that X showed late."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil

from pulse.kernel.time import MINUTE, start_of_day, start_of_minute
from pulse.listening.cursor import LATE_WINDOW
from pulse.listening.run import PollRun
from pulse.listening.scan import ENDPOINTS, Endpoint, TimelineScan
from pulse.listening.timeline import is_in_timeline, search_query

_LONGEST = timedelta(hours=25)
"""How far back a sweep reaches at most."""
_CLOCKS_DIFFER = timedelta(minutes=3)
"""X refuses times that its own clock has not reached."""


def late_scans(run: PollRun, endpoint: Endpoint) -> Iterator[TimelineScan]:
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
    task, cursor, midnight = run.task, run.cursor, start_of_day(run.now)
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
        counts = run.x.counts(search_query(endpoint, run.account.username), start, end)
        periods = [(late, end)]
        if counts is not None:
            run.note_limit("counts", counts.limit)
            stored = _stored_by_minute(run, endpoint, start, end)
            periods = list(_periods_with_more(counts.by_minute, stored, start, end))
        for low, high in periods:
            if low < high:
                yield TimelineScan(endpoint, low, end=high, via="search", purpose="reread")


def uncounted_reads(run: PollRun) -> int:
    """Return how many posts were stored since a sweep first began, when it is tried again.

    The run that failed may have stored posts without counting them: counts are saved with the
    cursor, at the end of a run. What a poll stored since is among them: the count may be too high,
    but never too low (D-030).
    """
    stored = run.ingest.conversations.published(run.company, run.now - _LONGEST, run.now)
    return sum(
        fact.stored_at is not None
        and run.task.minute <= fact.stored_at < run.now
        and any(is_in_timeline(fact, endpoint, run.account.id) for endpoint in ENDPOINTS)
        for _, fact in stored
    )


def _periods_with_more(
    counts: Mapping[datetime, int], stored: Counter[datetime], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield periods [low, high) of [start, end) of which X counts more posts than are stored."""
    # Minutes with more that follow one another are one period, and one request.
    minutes = (start + number * MINUTE for number in range(ceil((end - start) / MINUTE)))
    for has_more, group in groupby(minutes, lambda minute: counts.get(minute, 0) > stored[minute]):
        period = list(group)
        if has_more:
            yield period[0], period[-1] + MINUTE


def _stored_by_minute(
    run: PollRun, endpoint: Endpoint, start: datetime, end: datetime
) -> Counter[datetime]:
    """Return how many posts of a timeline are stored, by the minute of publishing."""
    # By id: each version of an edited post is a fact (D-011), and is one post to X.
    published = {
        fact.id: fact.at
        for _, fact in run.ingest.conversations.published(run.company, start, end)
        if is_in_timeline(fact, endpoint, run.account.id)
    }
    return Counter(map(start_of_minute, published.values()))
