"""Prints the status of a company for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulse.outbox.entries import TOPIC
from pulse_cli.settings.formats import format_duration
from pulse_cli.terminal import one_line

__all__ = ["format_age", "print_status"]

_MAX_LINES = 5
_LATE_SECONDS = 120
_BLIND_SECONDS = 600
_NEARLY_SPENT_PERCENT = 80
_TIMELINES = ("mentions", "posts")

Json = dict[str, Any]


def format_age(seconds: float) -> str:
    """Return an age as people write it: `40 s` below a minute, otherwise without seconds."""
    if seconds < 60:  # noqa: PLR2004
        return f"{max(int(seconds), 0)} s"
    length = timedelta(seconds=seconds)
    if length >= timedelta(days=1):
        length -= length % timedelta(hours=1)
    return format_duration(length)


def print_status(company: Json, console: Console) -> None:
    """Print the status of one company, as `company_status` returns it."""
    console.print(Text(company["company"], style="bold"))
    console.print(_accounts(company["accounts"]))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, lines in (
        ("  Waiting", _waiting(company["backlog"])),
        ("  Outbox", _outbox(company["outbox"])),
        ("  Watched", _coverage(company["watch"])),
        ("  Reads from X", _reads(company["reads"])),
        ("  Quarantined", _quarantined(company["aside"])),
        ("  Undelivered", _undelivered(company["undelivered"])),
        ("  Email stopped", _suppressed(company["stopped"])),
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
    table.add_column("Problem", overflow="fold")
    for account in accounts:
        age = account["age_seconds"]
        polled = Text("never" if age is None else f"{format_age(age)} ago")
        polled.stylize(
            "red"
            if age is None or age > _BLIND_SECONDS
            else "yellow"
            if age > _LATE_SECONDS
            else ""
        )
        limits = [
            f"{account['limits'][name]['remaining']:,} {name}"
            for name in _TIMELINES
            if name in account["limits"]
        ]
        faults = "; ".join(_fault(one) for one in account["troubles"])
        behind = "still reading a backlog" if account["behind"] else ""
        table.add_row(
            f"@{account['username']}",
            account["role"],
            polled,
            ", ".join(limits) or "unknown",
            "; ".join(filter(None, (faults, behind))) or "none",
        )
    return table


def _fault(fault: Json) -> str:
    return (
        f"{fault['of']}: {fault['kind']} since {_format_time(fault['since'])}, next try "
        f"{_format_time(fault['next_try'])} ({one_line(fault['detail'])})"
    )


def _waiting(backlog: Json) -> Iterator[Text]:
    if not backlog["open"]:
        yield Text("nobody; everyone has been answered", style="green")
        return
    yield Text(f"{backlog['open']}, longest {format_age(backlog['longest_seconds'])}")
    yield _counts(backlog["ages"])
    levels = _counts(backlog["levels"])
    yield levels.append(f" · not alerted {backlog['untold']}")


def _counts(counts: dict[str, int]) -> Text:
    return Text(" · ").join(
        Text(f"{name} {count}", style="" if count else "dim") for name, count in counts.items()
    )


def _outbox(outbox: Json) -> Iterator[Text]:
    if outbox["waiting"]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in outbox["by_kind"].items())
        yield Text(
            f"{outbox['waiting']} queued ({kinds}), oldest {format_age(outbox['oldest_seconds'])}"
        )
    else:
        yield Text("nothing is queued")
    for row in outbox["put_off"]:
        who = "the critical topic" if row["person"] == TOPIC else row["person"]
        text = f"{who}: postponed until {_format_time(row['until'])} after {row['failures']} failed"
        yield Text(f"{text} {'attempt' if row['failures'] == 1 else 'attempts'}", style="yellow")
    if outbox["sent"]:
        yield Text(f"{outbox['sent']} sent in 24 h, last at {_format_time(outbox['last_sent'])}")
    else:
        yield Text("none sent in 24 h")


def _coverage(watch: Json) -> Iterator[Text]:
    whole = watch["watched"] == watch["minutes"]
    text = f"{watch['watched']:,} of {watch['minutes']:,} min since {_format_time(watch['since'])}"
    yield Text(text, style="" if whole else "yellow")
    yield from _first_few(
        [
            f"gap: @{gap['username']} {_format_time(gap['start'])} to {_format_time(gap['end'])}, "
            + ("not read" if gap["reason"] == "blind" else "X did not provide all posts")
            for gap in watch["gaps"]
        ]
    )
    yield from _first_few(
        [
            (
                f"problem: @{one['username']} {one['kind']} {_format_time(one['since'])} to "
                f"{_format_time(one['until'])}"
            )
            for one in watch["troubles"]
            if one["until"]
        ]
    )


def _quarantined(found: Json) -> Iterator[Text]:
    if not found["posts"]:
        yield Text("nothing")
        return
    count = f"{found['posts']} post{'s' if found['posts'] > 1 else ''}"
    yield Text(
        f"{count} since {_format_time(found['since'])} that could not be read", style="yellow"
    )
    yield from _first_few(
        [f"{number} x {one_line(reason)}" for reason, number in found["reasons"].items()]
    )


def _undelivered(rows: list[Json]) -> Iterator[Text]:
    if not rows:
        yield Text("nothing")
    lines = [
        f"{_format_time(r['at'])} {r['person']} <{r['address']}>: {one_line(r['detail'])}"
        for r in rows
    ]
    yield from _first_few(lines[::-1])


def _reads(reads: Json) -> Iterator[Text]:
    used, percent = f"{reads['this_month']:,} this month (UTC)", reads["percent"]
    if percent is not None:
        used = f"{reads['this_month']:,} of {reads['limit']:,} this month ({percent:.0f} %)"
    spent = percent is not None and percent >= _NEARLY_SPENT_PERCENT
    yield Text(f"{used}, {reads['last_month']:,} last month", style="yellow" if spent else "")


def _suppressed(rows: list[Json]) -> Iterator[Text]:
    if not rows:
        yield Text("nobody")
    yield from _first_few(
        [
            f"{r['address']} since {_format_time(r['since'])}, {r['kind']}: {one_line(r['said'])}"
            for r in rows
        ]
    )


def _first_few(lines: list[str]) -> Iterator[Text]:
    for line in lines[:_MAX_LINES]:
        yield Text(line, style="yellow")
    if len(lines) > _MAX_LINES:
        yield Text(f"and {len(lines) - _MAX_LINES} more; see pulse status --json")


def _format_time(moment: str) -> str:
    at = datetime.fromisoformat(moment).astimezone(UTC)
    today = datetime.now(UTC).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%d %b %H:%M}"
