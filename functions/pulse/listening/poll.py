"""Read one account: mentions and own posts, down to where we stopped last time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pulse.conversations.facts import Mention
from pulse.kernel.errors import StaleWriteError
from pulse.kernel.posts import is_from_future
from pulse.listening.budget import count_billed
from pulse.listening.cursor import LATE_WINDOW, Cursor
from pulse.listening.ingest import ingest
from pulse.listening.recount import minutes_to_reread
from pulse.listening.scan import Endpoint, TimelineScan
from pulse.listening.tasks import PollTask, day_swept
from pulse.privacy.missing_posts import delete_missing
from pulse.x.faults import XError

if TYPE_CHECKING:
    from pulse.listening.run import PollRun
    from pulse.x.parse import Page

_PAGES_A_RUN = 30
_ENDPOINTS: tuple[Endpoint, ...] = ("mentions", "posts")
_SWEPT_MOST = timedelta(hours=25)
_CLOCKS_DIFFER = timedelta(minutes=3)
"""X refuses times that its own clock has not reached."""


def poll(reading: PollRun, task: PollTask) -> dict[str, Any]:
    """Read the account as the task says; returns what was done. Trouble is kept, not raised."""
    if task.is_stale(reading.now):
        return {"account": reading.account.username, "stale": task.minute.isoformat()}
    known = reading.accounts.load([reading.account.id]).get(reading.account.id)
    cursor = known or Cursor(reading.account.id, watched_from=reading.now)
    if task.kind == "day" and day_swept(cursor.swept, task.minute):
        return {"account": reading.account.username, "swept": str(cursor.swept)}
    reading.watched_from = cursor.watched_from
    reading.x.vocabulary = cursor.vocabulary
    reading.x.limits.clear()
    reads = reading.x.reads
    for endpoint in _endpoints_in_turn(cursor, task):
        if cursor.is_readable(endpoint, reading.now):
            cursor = _read_endpoint(reading, cursor, endpoint, task)
    if task.kind != "poll" and reading.read_through == len(_ENDPOINTS) and not cursor.scans:
        cursor = replace(cursor, swept=task.minute)
    if task.retried and task.kind != "poll":
        reading.billed += _uncounted_reads(reading, task)
    cursor = cursor.add_reads(reading.billed, reading.now)
    try:
        reading.accounts.save(replace(cursor, vocabulary=reading.x.vocabulary), reading.writes)
    except StaleWriteError:
        reading.problems.append("another run has read this account meanwhile")
        if task.kind != "poll":  # of what this sweep stored the other found nothing new
            reading.accounts.add_reads(reading.account.id, reading.billed, reading.now)
    return {
        "account": reading.account.username,
        "kind": task.kind,
        "watched": int(reading.watched),
        "read": reading.x.reads - reads,
        "billed": reading.billed,
        "new": reading.new,
        "aside": reading.quarantined,
        "checked": reading.checked,
        "removed": reading.removed,
        "under_way": sorted(cursor.scans),
        "lasting": sorted(cursor.faults),
        "troubles": reading.problems,
    }


def _endpoints_in_turn(cursor: Cursor, task: PollTask) -> tuple[Endpoint, ...]:
    """Mentions first; while something is under way by turns, or one backlog takes all the time."""
    return _ENDPOINTS[::-1] if cursor.scans and task.minute.minute % 2 else _ENDPOINTS


def _read_endpoint(reading: PollRun, cursor: Cursor, endpoint: Endpoint, task: PollTask) -> Cursor:
    walks = (
        [(endpoint, cursor.start_scan(endpoint, reading.company.look_back))]
        if task.kind == "poll"
        else _late_scans(reading, cursor, endpoint, task)
    )
    begun, bottom = reading.pages, False
    try:
        for name, walk in walks:
            bottom = False
            for further, bottom in _read_pages(reading, name, walk):
                move = cursor.finish_scan if bottom else cursor.pause_scan
                cursor = move(name, further)
            if not bottom:  # no time left
                break
            reading.record_loss(further)
            if name.startswith("sweep/") and not walk.read:
                delete_missing(reading, walk)
        if reading.pages > begun:
            cursor = reading.record_success(cursor, endpoint)
        reading.read_through += bottom
    except XError as trouble:
        cursor = reading.record_failure(cursor, endpoint, trouble)
    met = {name: limit.capped(reading.now) for name, limit in reading.x.limits.items()}
    return replace(cursor, limits={**cursor.limits, **met})


def _read_pages(
    reading: PollRun, name: str, walk: TimelineScan
) -> Iterator[tuple[TimelineScan, bool]]:
    """Read page after page; yields how far it got, and whether that is the bottom."""
    resumed = walk.resume(reading.now)
    if resumed is None:
        yield walk, True
        return
    walk, token = resumed, None
    while reading.pages < _PAGES_A_RUN and not reading.out_of_time():
        reading.pages += 1
        try:
            page = _page(reading, walk, token)
        except XError as trouble:
            if token is None or trouble.kind != "request":
                raise
            yield from _read_pages(reading, name, walk)  # the token expired: on by ids
            return
        new = ingest(page, walk, reading)
        reading.new += new
        reading.billed += count_billed(name, walk, page.posts, page.count, new)
        reading.served.update(post.id for post in page.posts)
        # an id from the future would be a mark behind which nothing is ever new
        believed = [p for p in page.posts if not p.is_from_future(reading.now)]
        walk = walk.advance(believed, page.count, _ids_aside(page, reading.now))
        token, before = page.next_token, token
        if token is None:
            further = walk.continue_in_search(reading.now)
            if further is None:
                yield walk, True
                return
            walk = further
        yield walk, False
        if token is not None and token == before:
            raise XError("unavailable", "the next page is the same page again")


def _ids_aside(page: Page, now: datetime) -> list[str]:
    """Ids of what could not be read: it would be served, and billed, until a newer post comes."""
    return [
        one.id for one in page.quarantined if one.id is not None and not is_from_future(one.id, now)
    ]


def _uncounted_reads(reading: PollRun, task: PollTask) -> int:
    """How many posts were stored since the sweep first began, by a run of it that is gone.

    It counted none of them. What a poll stored in that minute is among them: rather too many.
    """
    account, now = reading.account.id, reading.now
    held = reading.conversations.published(reading.company.name, now - _SWEPT_MOST, now)
    return sum(
        fact.stored_at is not None
        and task.minute <= fact.stored_at < now
        and (account in fact.named if isinstance(fact, Mention) else account == fact.account_id)
        for _, fact in held
    )


def _page(reading: PollRun, walk: TimelineScan, token: str | None) -> Page:
    handle = reading.account.username
    if walk.via == "search":
        who = f"@{handle}" if walk.endpoint == "mentions" else f"from:{handle}"
        return reading.x.search(f"{who} -is:retweet", walk.bounds(reading.now), token)
    read = reading.x.mentions if walk.endpoint == "mentions" else reading.x.posts
    return read(reading.account.id, walk.bounds(reading.now), token)


def _late_scans(
    reading: PollRun, cursor: Cursor, endpoint: Endpoint, task: PollTask
) -> Iterator[tuple[str, TimelineScan]]:
    """What may have come late: of today from the timeline, of yesterday what differs."""
    midnight = _midnight(reading.now)
    ours = cursor.watched_from - reading.company.look_back
    earliest = max(task.minute - _SWEPT_MOST, ours.replace(second=0, microsecond=0))
    late = max(min(task.minute, cursor.swept or task.minute) - LATE_WINDOW, earliest)
    start = max(min(late, _midnight(task.minute)), earliest) if task.kind == "day" else late
    name, again = f"sweep/{endpoint}", f"reread/{endpoint}"
    under_way = cursor.scans.get(name)
    if under_way is None or under_way.start < midnight:
        under_way = TimelineScan(endpoint, max(start, midnight))
    yield name, under_way
    end = min(midnight, reading.now - _CLOCKS_DIFFER)
    if again in cursor.scans:
        yield again, cursor.scans[again]
        late = end  # what X does not count for us was just read
    if start < end:
        for low, high in minutes_to_reread(reading, endpoint, start, end, late):
            yield again, TimelineScan(endpoint, low, end=high, via="search")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
