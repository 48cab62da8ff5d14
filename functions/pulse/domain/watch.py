"""What was really watched: minutes, gaps, losses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from pulse.domain.cursor import Cursor
from pulse.domain.delivery import Block
from pulse.domain.journal import Row
from pulse.domain.letters import Gap, Stopped, Trouble, Watch
from pulse.domain.settings import Account

_MINUTE = timedelta(minutes=1)
_LATE = timedelta(minutes=2)


def watch(
    cursors: Mapping[str, Cursor | None],
    rows: Iterable[Row],
    start: datetime,
    end: datetime,
    now: datetime,
    blocks: Iterable[Block] = (),
) -> Watch:
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
    return Watch(
        minutes=minutes,
        watched=minutes - _minutes(blind),
        gaps=tuple(sorted(inside, key=lambda g: (g.start, g.username))),
        unread=tuple(username for username, cursor in cursors.items() if cursor is None),
        aside=sum(row.kind == "aside" and row.at <= end for row in rows),
        undelivered=sum(_lost(row) and row.at <= end for row in rows),
        troubles=(*(t for t in passed if t.since < end), *_open(cursors)),
        stopped=tuple(Stopped(b.address, b.kind, b.at) for b in blocks),
        removed=sum(row.what["posts"] for row in rows if row.kind == "removed" and row.at <= end),
    )


def unheard(accounts: Iterable[Account], cursors: Mapping[str, Cursor]) -> tuple[str, ...]:
    """Usernames of accounts whose own posts cannot be read, or never were yet."""
    return tuple(
        a.username for a in accounts if a.id not in cursors or "posts" in cursors[a.id].troubles
    )


def is_blind(
    cursor: Cursor | None, pushed_at: datetime | None, now: datetime, after: timedelta
) -> bool:
    """Whether an account's mentions were not read for longer than `after`.

    Of one that was never read at all, since the settings that name it were pushed.
    """
    since = pushed_at if cursor is None else cursor.last_ok or cursor.watched_from
    return since is not None and now.replace(second=0, microsecond=0) - since > after


def _lasting(cursors: Mapping[str, Cursor | None], now: datetime) -> Iterator[Gap]:
    """Gaps that nothing has closed yet."""
    for username, cursor in cursors.items():
        if cursor is not None and (cursor.last_ok or cursor.watched_from) < now - _LATE:
            since = cursor.last_ok + _MINUTE if cursor.last_ok else cursor.watched_from
            yield Gap(username, since, now, "blind")


def _open(cursors: Mapping[str, Cursor | None]) -> Iterator[Trouble]:
    for username, cursor in cursors.items():
        seen = set()
        for trouble in cursor.troubles.values() if cursor is not None else ():
            if trouble.kind not in seen:
                seen.add(trouble.kind)
                yield Trouble(username, trouble.kind, trouble.since, None, trouble.detail)


def _lost(row: Row) -> bool:
    return row.kind == "undelivered" and bool(row.what.get("final"))


def _gap(row: Row) -> Gap:
    what = row.what
    start, end = datetime.fromisoformat(what["start"]), datetime.fromisoformat(what["end"])
    return Gap(what["account"], start, end, what["reason"])


def _passed(row: Row) -> Trouble:
    what = row.what
    return Trouble(
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
