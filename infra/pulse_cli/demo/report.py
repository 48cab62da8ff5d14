"""Shows the outcome of the day in a terminal of eighty columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pulse.reporting.stats import quantile
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


def draw_report(day: DemoDay, result: DemoResult, texts: DemoTexts) -> RenderableType:
    """Return the whole report on the day."""
    return Group(
        _head(day, texts),
        _section(texts("waits"), _waiting_note(day, result, texts), _waiting(result, texts)),
        _section(texts("answers"), texts("answers_note"), _answers(result, texts)),
        _section(texts("outage"), "", alert_report.outage_timeline(day, result, texts)),
        _section(texts("notified"), "", alert_report.mails_by_person(result, texts)),
        _section(texts("watch"), "", _operation(day, result, texts)),
    )


def draw_next_steps(out: Path, index: Path, mails: int, texts: DemoTexts) -> RenderableType:
    """Return where the mails are, and which commands to try next."""
    steps = (
        ("pulse try @handle", texts("next_try")),
        (f"pulse replay {out / 'archive'} --out out/replay --settings FILE", texts("next_replay")),
        ("pulse check infra/settings/pulse.demo.yaml", texts("next_check")),
        ("make deploy", texts("next_deploy")),
    )
    lines = Text()
    for command, what in steps:
        lines.append(f"{command}\n", style="cyan")
        lines.append(f"    {what}\n", style="dim")
    lines.rstrip()
    look = Text(f"{texts('look')} ")
    look.append(str(index), style=f"cyan link {index.resolve().as_uri()}")
    look.append(f"\n{texts('browser')}", style="dim")
    return Group(
        _section(texts("mails", n=mails), "", look), _section(texts("next"), "", lines), Text()
    )


def _section(title: str, note: str, body: RenderableType) -> RenderableType:
    head = Text(f"\n{title}", style="bold")
    if note:
        head.append(f"   {note}", style="not bold dim")
    return Group(head, Padding(body, (0, 0, 0, 2)))


def _head(day: DemoDay, texts: DemoTexts) -> RenderableType:
    stretch = texts("stretch", start=texts.time(day.period.start), end=texts.time(day.period.end))
    scale = texts("scale", posts=len(day.posts), mentions=len(day.mentions), people=day.people)
    return Text.assemble((f"\n{texts('title')}", "bold"), f": {stretch}\n", (scale, "dim"))


def _waiting_note(day: DemoDay, result: DemoResult, texts: DemoTexts) -> str:
    longest = texts.duration(result.report.longest)
    return texts(
        "waits_note", n=len(result.report.waiting), time=texts.time(day.period.end), longest=longest
    )


def _waiting(result: DemoResult, texts: DemoTexts) -> RenderableType:
    table = make_table("", texts("waited"), texts("who"), texts("says"), left=4)
    table.columns[-1].no_wrap = False
    for card in result.worst:
        table.add_row(
            _level(card, texts), texts.duration(card.waited), _customer(card), _text(card)
        )
    more = len(result.report.waiting) - len(result.worst)
    if more:
        table.add_row("", "", Text(texts("more", n=more), style="dim"), "")
    return table


def _level(card: Card, texts: DemoTexts) -> Text:
    return Text(texts.level(card.level), style=_COLOURS[card.tone])


def _customer(card: Card) -> str:
    return f"@{card.customer.username or card.customer.id}"


def _text(card: Card) -> Text:
    """Return the text on one line, cut where there is no more room."""
    return Text(one_line(card.text), no_wrap=True, overflow="ellipsis")


def _answers(result: DemoResult, texts: DemoTexts) -> RenderableType:
    promise = texts.duration(result.company.policy.response_deadline)
    heads = ("received", "answered", "median", "nine")
    table = make_table("", *map(texts, heads), texts("within", promise=promise))
    for row in result.figure_rows:
        figures = row.figures
        good = figures.within is None or figures.within >= result.company.policy.target
        table.add_row(
            _name(row, texts),
            texts.number(figures.received),
            texts.number(figures.answered),
            texts.duration(figures.first_response.median),
            texts.duration(figures.first_response.p90),
            Text(texts.percent(figures.within), style="" if good else "yellow"),
        )
    return table


def _name(row: FigureRow, texts: DemoTexts) -> str:
    if row.account is not None and row.role is not None:
        return f"@{row.account}, {texts(row.role)}"
    if row.start is not None and row.end is not None:
        return f"{texts.time(row.start)} – {texts.time(row.end)}"
    return texts("all")


def _operation(day: DemoDay, result: DemoResult, texts: DemoTexts) -> RenderableType:
    outcome, coverage = result.outcome, result.report.coverage
    # X bills a post once per UTC day, so a post that was read on two days costs twice.
    lag = sorted(outcome.seconds_from_visible)
    posts = int(outcome.x["distinct_posts"]) + int(outcome.x["rereads_across_days"])
    authors = int(outcome.x["users_served"])
    cost = texts.money(posts * prices.POST + authors * prices.USER)
    rows = {
        "watched": texts("watched_value", watched=coverage.watched, minutes=coverage.minutes),
        "stored": texts(
            "stored_value", stored=result.report.figures.received, mentions=len(day.mentions)
        ),
        "lag": texts(
            "lag_value",
            median=texts("seconds", n=round(quantile(lag, 0.5) or 0)),
            most=texts("seconds", n=round(quantile(lag, 0.95) or 0)),
        ),
        "late": texts("late_value", n=day.shown_late, length=texts.duration(lag[-1])),
        "failed": texts.number(len(outcome.failures)),
        "reads": texts("reads_value", posts=posts, authors=authors, cost=cost),
        "took": texts("seconds", n=round(outcome.wall_seconds)),
    }
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, value in rows.items():
        table.add_row(Text(texts(name), style="dim"), value)
    return table
