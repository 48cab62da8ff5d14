"""Replays the day through the deployed code with the demo's settings."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pulse.authors.directory import AuthorDirectory
from pulse.kernel.company import Company
from pulse.outbox.message import SentMail
from pulse.reporting.received import load_received
from pulse.reporting.report import Report, report
from pulse.screens.cards import CardMaker
from pulse.screens.models import Card
from pulse_cli.demo import archive, figures
from pulse_cli.demo.day import COMPANY, DemoDay
from pulse_cli.demo.figures import FigureRow
from pulse_cli.errors import CommandError
from pulse_cli.replay.one_company import ReplayPlan, replay_company
from pulse_cli.replay.outcome import ReplayOutcome
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.settings import check_file
from pulse_cli.simulated_x import Archive
from pulse_cli.template import TEMPLATE

SETTINGS = TEMPLATE.parent / "infra" / "settings" / "pulse.demo.yaml"
_READER = "dan"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The outcome of the day; `report` covers all of it, as of its end.

    `worst` are the customers who were waiting then, worst first. `figure_rows` are the figures by
    account and by shift. `sent_mails` are the records of the mails: time, recipient, kind and
    subject. `surge_noticed_at` is when the digest's rule first saw more mentions than usual, None
    if it never did.
    """

    company: Company
    report: Report
    worst: tuple[Card, ...]
    figure_rows: tuple[FigureRow, ...]
    sent_mails: Sequence[SentMail]
    surge_noticed_at: datetime | None
    outcome: ReplayOutcome = field(default_factory=lambda: ReplayOutcome(COMPANY))


def run_demo(day: DemoDay, out: Path, progress: Callable[[datetime], None]) -> DemoResult:
    """Write the archive and the mails of the day below `out`; return the outcome.

    `progress` is called with the time of the replay at each tick. Mails of an earlier run are
    deleted.

    Raises:
        CommandError: the demo's settings have errors.
    """
    archive.write_archive(day, out / "archive")
    mails = out / "mail"
    shutil.rmtree(mails, ignore_errors=True)
    mails.mkdir(parents=True)
    document = check_file(SETTINGS).document
    if document is None:
        raise CommandError(f"{SETTINGS} has errors; run pulse check {SETTINGS} to see them")
    results: list[DemoResult] = []
    plan = ReplayPlan(
        Archive.load(out / "archive"),
        COMPANY,
        document,
        since=day.period.start,
        until=day.period.end,
        mails=mails,
        on_minute=progress,
        final_digest=False,
        on_end=lambda world: results.append(_collect(world, day)),
    )
    outcome = replay_company(plan)
    return replace(results[0], outcome=outcome)


def _collect(world: ReplayWorld, day: DemoDay) -> DemoResult:
    app, company, (start, end) = world.app, world.company, day.period
    zone = ZoneInfo(company.people[_READER].time_zone)
    found = report(company, start, end, end, zone, app.db.report_stores)
    authors = AuthorDirectory(app.db.author_cache, None, end)
    received = load_received(app.db.conversations, company, start, end)
    return DemoResult(
        company,
        found,
        CardMaker(company, app.db.conversations, authors, end).worst(found),
        tuple(figures.figure_rows(received, company, start, end)),
        app.db.outbox.sent(COMPANY, start, end),
        figures.surge_noticed_at(received, start - company.look_back, day.outage.start, end),
    )
