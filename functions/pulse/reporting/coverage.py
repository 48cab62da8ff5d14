"""What was really watched: minutes, gaps, losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pulse.audit.entries import LogEntry
from pulse.listening.budget import Budget
from pulse.listening.cursor import Cursor
from pulse.outbox.suppressions import Suppression, SuppressionKind

_MINUTE = timedelta(minutes=1)
_LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which an account was not watched, or posts that could not be had."""

    username: str
    start: datetime
    end: datetime
    reason: str
    """A word: `blind` (no poll succeeded) or `wall` (more posts than X hands out)."""


@dataclass(frozen=True, slots=True)
class FaultPeriod:
    """Trouble with X; `until` is None while it lasts."""

    username: str
    kind: str
    since: datetime
    until: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class SuppressedAddress:
    """An address that is not written to since then: it bounced, or there was a complaint."""

    address: str
    kind: SuppressionKind
    since: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was really watched and told: minutes, gaps, posts put aside, trouble, lost mail."""

    minutes: int
    watched: int
    gaps: tuple[Gap, ...] = ()
    unread: tuple[str, ...] = ()
    """Usernames of accounts that were never read yet."""
    aside: int = 0
    """Posts that could not be read and lie aside, in this period."""
    undelivered: int = 0
    """Mails that could not be delivered, in this period."""
    troubles: tuple[FaultPeriod, ...] = ()
    stopped: tuple[SuppressedAddress, ...] = ()
    reads: Budget | None = None
    """What reading X came to; None where nobody said what it may."""
    removed: int = 0
    """Posts that were removed because they are deleted or protected on X."""
    since: datetime | None = None
    """When it began, if that was within the period: the minutes count from then."""

    @property
    def whole(self) -> bool:
        """Whether there is nothing to tell of it."""
        missed = (
            self.gaps, self.unread, self.aside, self.undelivered, self.troubles, self.stopped
        )  # fmt: skip
        return self.watched >= self.minutes and not any(missed)

    @property
    def had_gaps(self) -> bool:
        """Whether there was anything that could not be watched."""
        return self.watched < self.minutes or bool(self.gaps or self.unread)


def measure_coverage(
    cursors: Mapping[str, Cursor | None],
    rows: Iterable[LogEntry],
    start: datetime,
    end: datetime,
    now: datetime,
    blocks: Iterable[Suppression] = (),
) -> Coverage:
    """How [start, end) was watched, by account username, from cursors and the journal.

    A minute counts as watched when the mentions of every account could be read in it; an
    account that was never read yet is named instead. What X does not show any more is told
    when that is known, however old it is. `blocks` are addresses of the company.
    """
    rows = list(rows)
    noted = [(row.at, _gap(row)) for row in rows if row.kind == "gap"]
    lost = [gap for at, gap in noted if gap.reason == "wall" and start <= at < end]
    blank = [*(gap for _, gap in noted if gap.reason != "wall"), *_lasting(cursors, now)]
    passed = [_passed(row) for row in rows if row.kind == "trouble"]
    inside = [*lost, *(g for g in blank if g.start < end and g.end > start)]
    blind = [(max(g.start, start), min(g.end, end)) for g in inside if g.reason == "blind"]
    minutes = int((end - start) / _MINUTE)
    return Coverage(
        minutes=minutes,
        watched=minutes - _minutes(blind),
        gaps=tuple(sorted(inside, key=lambda g: (g.start, g.username))),
        unread=tuple(username for username, cursor in cursors.items() if cursor is None),
        aside=sum(row.kind == "aside" and row.at <= end for row in rows),
        undelivered=sum(_lost(row) and row.at <= end for row in rows),
        troubles=(*(t for t in passed if t.since < end), *_open(cursors)),
        stopped=tuple(SuppressedAddress(b.address, b.kind, b.at) for b in blocks),
        removed=sum(row.what["posts"] for row in rows if row.kind == "removed" and row.at <= end),
    )


def _lasting(cursors: Mapping[str, Cursor | None], now: datetime) -> Iterator[Gap]:
    """Gaps that nothing has closed yet."""
    for username, cursor in cursors.items():
        if cursor is not None and (cursor.last_ok or cursor.watched_from) < now - _LATE:
            since = cursor.last_ok + _MINUTE if cursor.last_ok else cursor.watched_from
            yield Gap(username, since, now, "blind")


def _open(cursors: Mapping[str, Cursor | None]) -> Iterator[FaultPeriod]:
    for username, cursor in cursors.items():
        seen = set()
        for trouble in cursor.faults.values() if cursor is not None else ():
            if trouble.kind not in seen:
                seen.add(trouble.kind)
                yield FaultPeriod(username, trouble.kind, trouble.since, None, trouble.detail)


def _lost(row: LogEntry) -> bool:
    return row.kind == "undelivered" and bool(row.what.get("final"))


def _gap(row: LogEntry) -> Gap:
    what = row.what
    start, end = datetime.fromisoformat(what["start"]), datetime.fromisoformat(what["end"])
    return Gap(what["account"], start, end, what["reason"])


def _passed(row: LogEntry) -> FaultPeriod:
    what = row.what
    return FaultPeriod(
        what["account"],
        what["trouble"],
        datetime.fromisoformat(what["since"]),
        datetime.fromisoformat(what["until"]),
        what["detail"],
    )


def _minutes(stretches: list[tuple[datetime, datetime]]) -> int:
    """Minutes in the union of the stretches."""
    total, reached = timedelta(0), None
    for low, high in sorted(stretches):
        begin = low if reached is None else max(low, reached)
        total += max(high - begin, timedelta(0))
        reached = high if reached is None else max(reached, high)
    return int(total / _MINUTE)
