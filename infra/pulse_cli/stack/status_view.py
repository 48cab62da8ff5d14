"""How a stack stands, as a person reads it in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulse.outbox.entries import TOPIC
from pulse_cli.settings.formats import say_length
from pulse_cli.terminal import plain

__all__ = ["ago", "draw"]

_FEW = 5
_LATE = 120
_BLIND = 600
_NEARLY = 80
_TIMELINES = ("mentions", "posts")

Json = dict[str, Any]


def ago(seconds: float) -> str:
    """Write how long something has lasted: seconds under a minute, else minutes and more."""
    if seconds < 60:  # noqa: PLR2004
        return f"{max(int(seconds), 0)} s"
    length = timedelta(seconds=seconds)
    if length >= timedelta(days=1):
        length -= length % timedelta(hours=1)
    return say_length(length)


def draw(company: Json, console: Console) -> None:
    """Print one company."""
    console.print(Text(company["company"], style="bold"))
    console.print(_accounts(company["accounts"]))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, lines in (
        ("  Waiting", _waiting(company["backlog"])),
        ("  Outbox", _outbox(company["outbox"])),
        ("  Watched", _watched(company["watch"])),
        ("  Reads of X", _reads(company["reads"])),
        ("  Put aside", _aside(company["aside"])),
        ("  Not delivered", _undelivered(company["undelivered"])),
        ("  Mail stopped", _stopped(company["stopped"])),
    ):
        for number, line in enumerate(lines):
            grid.add_row("" if number else name, line)
    console.print(grid)
    console.print()


def _accounts(accounts: list[Json]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True)
    table.add_column("Account", overflow="fold")
    table.add_column("Role")
    table.add_column("Last poll", no_wrap=True)
    table.add_column("Requests left")
    table.add_column("Trouble", overflow="fold")
    for account in accounts:
        age = account["age_seconds"]
        polled = Text("never" if age is None else f"{ago(age)} ago")
        polled.stylize("red" if age is None or age > _BLIND else "yellow" if age > _LATE else "")
        limits = [
            f"{account['limits'][name]['remaining']:,} {name}"
            for name in _TIMELINES
            if name in account["limits"]
        ]
        trouble = "; ".join(_trouble(one) for one in account["troubles"])
        behind = "still reading a backlog" if account["behind"] else ""
        table.add_row(
            f"@{account['username']}",
            account["role"],
            polled,
            ", ".join(limits) or "not told",
            "; ".join(filter(None, (trouble, behind))) or "none",
        )
    return table


def _trouble(trouble: Json) -> str:
    return (
        f"{trouble['of']}: {trouble['kind']} since {_clock(trouble['since'])}, next try "
        f"{_clock(trouble['next_try'])} ({plain(trouble['detail'])})"
    )


def _waiting(backlog: Json) -> Iterator[Text]:
    if not backlog["open"]:
        yield Text("nobody: everyone is answered", style="green")
        return
    yield Text(f"{backlog['open']}, the longest {ago(backlog['longest_seconds'])}")
    yield _counts(backlog["ages"])
    told = _counts(backlog["levels"])
    yield told.append(f" · not told {backlog['untold']}")


def _counts(counts: dict[str, int]) -> Text:
    return Text(" · ").join(
        Text(f"{name} {count}", style="" if count else "dim") for name, count in counts.items()
    )


def _outbox(outbox: Json) -> Iterator[Text]:
    if outbox["waiting"]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in outbox["by_kind"].items())
        yield Text(
            f"{outbox['waiting']} wait ({kinds}), the oldest {ago(outbox['oldest_seconds'])}"
        )
    else:
        yield Text("nothing waits")
    for row in outbox["put_off"]:
        who = "the critical topic" if row["person"] == TOPIC else row["person"]
        words = f"{who}: put off until {_clock(row['until'])} after {row['failures']}"
        yield Text(f"{words} {'try' if row['failures'] == 1 else 'tries'}", style="yellow")
    if outbox["sent"]:
        yield Text(f"{outbox['sent']} sent in 24 h, the last at {_clock(outbox['last_sent'])}")
    else:
        yield Text("none sent in 24 h")


def _watched(watch: Json) -> Iterator[Text]:
    whole = watch["watched"] == watch["minutes"]
    words = f"{watch['watched']:,} of {watch['minutes']:,} min since {_clock(watch['since'])}"
    yield Text(words, style="" if whole else "yellow")
    yield from _first(
        [
            f"gap: @{gap['username']} {_clock(gap['start'])} to {_clock(gap['end'])}, "
            + ("not read" if gap["reason"] == "blind" else "more posts than X hands out")
            for gap in watch["gaps"]
        ]
    )
    yield from _first(
        [
            f"trouble: @{one['username']} {one['kind']} {_clock(one['since'])} to "
            f"{_clock(one['until'])}"
            for one in watch["troubles"]
            if one["until"]
        ]
    )


def _aside(aside: Json) -> Iterator[Text]:
    if not aside["posts"]:
        yield Text("nothing")
        return
    count = f"{aside['posts']} post{'s' if aside['posts'] > 1 else ''}"
    yield Text(f"{count} since {_clock(aside['since'])} that could not be read", style="yellow")
    yield from _first(
        [f"{number} x {plain(reason)}" for reason, number in aside["reasons"].items()]
    )


def _undelivered(rows: list[Json]) -> Iterator[Text]:
    if not rows:
        yield Text("nothing")
    lines = [
        f"{_clock(r['at'])} {r['person']} <{r['address']}>: {plain(r['detail'])}" for r in rows
    ]
    yield from _first(lines[::-1])


def _reads(reads: Json) -> Iterator[Text]:
    used, percent = f"{reads['this_month']:,} this month (UTC)", reads["percent"]
    if percent is not None:
        used = f"{reads['this_month']:,} of {reads['limit']:,} this month ({percent:.0f} %)"
    spent = percent is not None and percent >= _NEARLY
    yield Text(f"{used}, {reads['last_month']:,} last month", style="yellow" if spent else "")


def _stopped(rows: list[Json]) -> Iterator[Text]:
    if not rows:
        yield Text("nobody")
    yield from _first(
        [
            f"{r['address']} since {_clock(r['since'])}, {r['kind']}: {plain(r['said'])}"
            for r in rows
        ]
    )


def _first(lines: list[str]) -> Iterator[Text]:
    for line in lines[:_FEW]:
        yield Text(line, style="yellow")
    if len(lines) > _FEW:
        yield Text(f"and {len(lines) - _FEW} more: pulse status --json")


def _clock(moment: str) -> str:
    at = datetime.fromisoformat(moment).astimezone(UTC)
    today = datetime.now(UTC).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%d %b %H:%M}"
