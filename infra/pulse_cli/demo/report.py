"""What came of the day, for eighty columns of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pulse.reporting.stats import quantile
from pulse.screens.phrases import tone
from pulse_cli.demo import alert_report
from pulse_cli.demo.table_style import make_table
from pulse_cli.terminal import one_line
from pulse_cli.x_access import prices

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from pulse.screens.models import Card
    from pulse_cli.demo.day import DemoDay
    from pulse_cli.demo.figures import FigureRow
    from pulse_cli.demo.run import DemoResult
    from pulse_cli.demo.texts import DemoTexts

_COLOURS = {"red": "bold red", "amber": "yellow", "quiet": "dim"}


def draw_report(day: DemoDay, came: DemoResult, words: DemoTexts) -> RenderableType:
    """Draw all of it."""
    return Group(
        _head(day, words),
        _section(words("waits"), _waiting_note(day, came, words), _waiting(came, words)),
        _section(words("answers"), words("answers_note"), _answers(came, words)),
        _section(words("outage"), "", alert_report.outage_timeline(day, came, words)),
        _section(words("told"), "", alert_report.mails_by_person(came, words)),
        _section(words("watch"), "", _operation(day, came, words)),
    )


def draw_next_steps(out: Path, index: Path, mails: int, words: DemoTexts) -> RenderableType:
    """Where the mails lie, and what to do next."""
    nexts = (
        ("pulse try @handle", words("next_try")),
        (f"pulse replay {out / 'archive'} --out out/replay --settings FILE", words("next_replay")),
        ("pulse check infra/settings/pulse.demo.yaml", words("next_check")),
        ("make deploy", words("next_deploy")),
    )
    lines = Text()
    for command, what in nexts:
        lines.append(f"{command}\n", style="cyan")
        lines.append(f"    {what}\n", style="dim")
    lines.rstrip()
    look = Text(f"{words('look')} ")
    look.append(str(index), style=f"cyan link {index.resolve().as_uri()}")
    look.append(f"\n{words('browser')}", style="dim")
    return Group(
        _section(words("mails", n=mails), "", look), _section(words("next"), "", lines), Text()
    )


def _section(title: str, note: str, body: RenderableType) -> RenderableType:
    head = Text(f"\n{title}", style="bold")
    if note:
        head.append(f"   {note}", style="not bold dim")
    return Group(head, Padding(body, (0, 0, 0, 2)))


def _head(day: DemoDay, words: DemoTexts) -> RenderableType:
    stretch = words("stretch", start=words.time(day.period.start), end=words.time(day.period.end))
    scale = words("scale", posts=len(day.posts), mentions=len(day.mentions), people=day.people)
    return Text.assemble((f"\n{words('title')}", "bold"), f": {stretch}\n", (scale, "dim"))


def _waiting_note(day: DemoDay, came: DemoResult, words: DemoTexts) -> str:
    longest = words.duration(came.report.longest)
    return words(
        "waits_note", n=len(came.report.waiting), time=words.time(day.period.end), longest=longest
    )


def _waiting(came: DemoResult, words: DemoTexts) -> RenderableType:
    table = make_table("", words("waited"), words("who"), words("says"), left=4)
    table.columns[-1].no_wrap = False
    for card in came.worst:
        table.add_row(
            _level(card, words), words.duration(card.waited), _customer(card), _text(card)
        )
    left = len(came.report.waiting) - len(came.worst)
    if left:
        table.add_row("", "", Text(words("more", n=left), style="dim"), "")
    return table


def _level(card: Card, words: DemoTexts) -> Text:
    return Text(words.level(card.level), style=_COLOURS[tone(card)])


def _customer(card: Card) -> str:
    return f"@{card.customer.username or card.customer.id}"


def _text(card: Card) -> Text:
    """On one line, as much of it as there is room for."""
    return Text(one_line(card.text), no_wrap=True, overflow="ellipsis")


def _answers(came: DemoResult, words: DemoTexts) -> RenderableType:
    promise = words.duration(came.company.policy.response_deadline)
    heads = ("received", "answered", "median", "nine")
    table = make_table("", *map(words, heads), words("within", promise=promise))
    for row in came.figure_rows:
        figures = row.figures
        good = figures.within is None or figures.within >= came.company.policy.target
        table.add_row(
            _name(row, words),
            words.number(figures.received),
            words.number(figures.answered),
            words.duration(figures.first_response.median),
            words.duration(figures.first_response.p90),
            Text(words.percent(figures.within), style="" if good else "yellow"),
        )
    return table


def _name(row: FigureRow, words: DemoTexts) -> str:
    if row.account is not None and row.role is not None:
        return f"@{row.account}, {words(row.role)}"
    if row.start is not None and row.end is not None:
        return f"{words.time(row.start)} – {words.time(row.end)}"
    return words("all")


def _operation(day: DemoDay, came: DemoResult, words: DemoTexts) -> RenderableType:
    outcome, watch = came.outcome, came.report.coverage
    lag = sorted(outcome.seconds_from_visible)
    posts = int(outcome.x["distinct_posts"]) + int(outcome.x["rereads_across_days"])
    authors = int(outcome.x["users_served"])
    cost = words.money(posts * prices.POST + authors * prices.USER)
    rows = {
        "watched": words("watched_value", watched=watch.watched, minutes=watch.minutes),
        "kept": words("kept_value", kept=came.report.figures.received, mentions=len(day.mentions)),
        "lag": words(
            "lag_value",
            median=words("seconds", n=round(quantile(lag, 0.5) or 0)),
            most=words("seconds", n=round(quantile(lag, 0.95) or 0)),
        ),
        "late": words("late_value", n=day.shown_late, length=words.duration(lag[-1])),
        "failed": words.number(len(outcome.failures)),
        "reads": words("reads_value", posts=posts, authors=authors, cost=cost),
        "took": words("seconds", n=round(outcome.wall_seconds)),
    }
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(Text(words(name), style="dim"), value)
    return table
