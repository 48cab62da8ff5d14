"""How well Pulse watched in a period: minutes, gaps, faults, and mails that did not arrive."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pulse.audit.entries import LogEntry
from pulse.kernel.time import MINUTE
from pulse.listening.budget import Budget
from pulse.listening.cursor import Cursor
from pulse.outbox.suppressions import Suppression

_LATE = timedelta(minutes=2)
"""An account that was read less than this ago is not called unwatched.

A poll is due every minute and takes a while; the last minute is nearly always still under way.
"""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time in which an account was not watched, or some of its posts are lost."""

    username: str
    start: datetime
    end: datetime
    reason: str
    """`blind` (no poll succeeded) or `wall` (there were more posts than X provides)."""


@dataclass(frozen=True, slots=True)
class FaultPeriod:
    """A fault of X and how long it lasted; `until` is None while it lasts."""

    username: str
    kind: str
    since: datetime
    until: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was watched, read and delivered in a period, and what was not."""

    minutes: int
    """Minutes of the period, from `since` where Pulse was installed during it."""
    watched: int
    """Those of them in which the mentions of every account could be read."""
    gaps: tuple[Gap, ...] = ()
    unread: tuple[str, ...] = ()
    """Usernames of accounts that have never been read."""
    quarantined: int = 0
    """Posts of the period that could not be parsed (quarantined)."""
    undelivered: int = 0
    """Mails of the period that could not be delivered."""
    faults: tuple[FaultPeriod, ...] = ()
    suppressed: tuple[Suppression, ...] = ()
    """Addresses that receive no mail since one bounced, or was marked as spam."""
    reads: Budget | None = None
    """Billed reads of X; None where nobody asked for them."""
    removed: int = 0
    """Posts removed in the period because they were deleted or protected on X."""
    since: datetime | None = None
    """When Pulse was installed, if that was within the period."""

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to report: all was watched, read and delivered."""
        lost = self.quarantined or self.undelivered or self.faults or self.suppressed
        return not (self.had_gaps or lost)

    @property
    def had_gaps(self) -> bool:
        """Whether something was not watched; a mail that was lost makes no gap."""
        return self.watched < self.minutes or bool(self.gaps or self.unread)


def measure_coverage(
    cursors: Mapping[str, Cursor | None],
    entries: Iterable[LogEntry],
    start: datetime,
    end: datetime,
    now: datetime,
    suppressions: Iterable[Suppression] = (),
) -> Coverage:
    """Return the coverage of [start, end) as known at `now`.

    `cursors` are those of all accounts of the company by username, None for one that was never
    read. `entries` are those of the audit log from `start` on, at least to `end`. `suppressions`
    are addresses of people of this company.
    """
    entries = list(entries)
    until_end = [entry for entry in entries if entry.at <= end]
    kinds = Counter(entry.kind for entry in until_end)
    faults = [_past_fault(entry.what) for entry in entries if entry.kind == "trouble"]
    gaps = [
        gap
        for noted, gap in _gaps(cursors, entries, now)
        # A blind gap belongs to the periods that it overlaps. Lost posts are reported when the
        # loss is found, however old the posts are: the report of their own day was sent long ago,
        # and nobody would learn of them otherwise.
        if (start <= noted < end if gap.reason == "wall" else gap.start < end and gap.end > start)
    ]
    # A minute counts as watched when the mentions of every account could be read in it, so the
    # unwatched minutes are the union of the blind gaps of all accounts: two accounts that fail
    # in the same minute cost one minute. Posts beyond what X provides ("wall") were published
    # while Pulse was watching; they are named as gaps and cost no minutes. An account that was
    # never read has no moment from which its minutes could be counted; it is named instead.
    blind = [(max(g.start, start), min(g.end, end)) for g in gaps if g.reason == "blind"]
    minutes = int((end - start) / MINUTE)
    return Coverage(
        minutes=minutes,
        watched=minutes - _minutes_of_union(blind),
        # Lost posts first where both began in the same moment, so that equal logs give equal mails.
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.start, gap.username, gap.reason != "wall"))),
        unread=tuple(username for username, cursor in cursors.items() if cursor is None),
        quarantined=kinds["aside"],
        # Mails that are only put off are logged too; they are still in the outbox and will be sent.
        undelivered=len([e for e in until_end if e.kind == "undelivered" and e.what.get("final")]),
        faults=(*(fault for fault in faults if fault.since < end), *_present_faults(cursors)),
        suppressed=tuple(suppressions),
        removed=sum(entry.what["posts"] for entry in until_end if entry.kind == "removed"),
    )


def _gaps(
    cursors: Mapping[str, Cursor | None], entries: Iterable[LogEntry], now: datetime
) -> Iterator[tuple[datetime, Gap]]:
    """Yield all gaps, those still open included, each with the time at which it was noted."""
    for entry in entries:
        if entry.kind == "gap":
            what = entry.what
            start, end = datetime.fromisoformat(what["start"]), datetime.fromisoformat(what["end"])
            yield entry.at, Gap(what["account"], start, end, what["reason"])

    for username, cursor in cursors.items():
        # The log has a gap only once a poll succeeds again; until then the cursor shows it.
        if cursor is not None and (cursor.last_ok or cursor.watched_from) < now - _LATE:
            # `last_ok` is a minute that was read; the gap begins with the next one.
            since = cursor.last_ok + MINUTE if cursor.last_ok else cursor.watched_from
            yield now, Gap(username, since, now, "blind")


def _past_fault(what: Mapping[str, Any]) -> FaultPeriod:
    since, until = datetime.fromisoformat(what["since"]), datetime.fromisoformat(what["until"])
    return FaultPeriod(what["account"], what["trouble"], since, until, what["detail"])


def _present_faults(cursors: Mapping[str, Cursor | None]) -> Iterator[FaultPeriod]:
    for username, cursor in cursors.items():
        kinds = set()
        for fault in cursor.faults.values() if cursor is not None else ():
            # A dead token stops mentions and own posts alike: that is one fault to the reader.
            if fault.kind not in kinds:
                kinds.add(fault.kind)
                yield FaultPeriod(username, fault.kind, fault.since, None, fault.detail)


def _minutes_of_union(stretches: Iterable[tuple[datetime, datetime]]) -> int:
    """Return the minutes that are in at least one of the stretches.

    Sorted by their starts, each adds only what lies beyond the latest end before it, which may
    be nothing. The union is measured first and cut to whole minutes once, at the end: cutting
    each stretch would lose a part of a minute for each.
    """
    total, reached = timedelta(0), None
    for low, high in sorted(stretches):
        begin = low if reached is None else max(low, reached)
        total += max(high - begin, timedelta(0))
        reached = high if reached is None else max(reached, high)
    return int(total / MINUTE)
