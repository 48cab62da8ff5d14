"""The day, replayed through the deployed code with the demo's settings."""

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
from pulse.screens.digest import worst_cards
from pulse.screens.models import Card
from pulse_cli.demo import archive, spans
from pulse_cli.demo.day import COMPANY, Day
from pulse_cli.demo.spans import Row
from pulse_cli.problems import ProblemError
from pulse_cli.replay.outcome import Outcome
from pulse_cli.replay.run import Replay, replay
from pulse_cli.replay.world import World
from pulse_cli.settings import examine
from pulse_cli.simulated_x import Archive
from pulse_cli.stand_in.template import TEMPLATE

SETTINGS = TEMPLATE.parent / "infra" / "settings" / "pulse.demo.yaml"
_READER = "dan"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of the day: `report` is that of all of it, as of its end.

    `worst` are the customers who have waited longest by then.
    `rows` are its figures by account and by shift. `sent` are the records of what was told:
    when, to whom, what kind of mail, under which subject. `noticed` is when the digest's own
    rule first saw more mentions than usual; None when it never did.
    """

    company: Company
    report: Report
    worst: tuple[Card, ...]
    rows: tuple[Row, ...]
    sent: Sequence[SentMail]
    noticed: datetime | None
    outcome: Outcome = field(default_factory=lambda: Outcome(COMPANY))


def rehearse(day: Day, out: Path, progress: Callable[[datetime], None]) -> Rehearsed:
    """Write the archive and the mails of the day below `out`; returns what came of it."""
    archive.write(day, out / "archive")
    mails = out / "mail"
    shutil.rmtree(mails, ignore_errors=True)
    mails.mkdir(parents=True)
    document = examine(SETTINGS).document
    if document is None:
        raise ProblemError(f"{SETTINGS} has errors; run pulse check {SETTINGS} to see them")
    seen: list[Rehearsed] = []
    plan = Replay(
        Archive.load(out / "archive"),
        COMPANY,
        document,
        since=day.whole.start,
        until=day.whole.end,
        mails=mails,
        progress=progress,
        parting=False,
        look=lambda world: seen.append(_look(world, day)),
    )
    outcome = replay(plan)
    return replace(seen[0], outcome=outcome)


def _look(world: World, day: Day) -> Rehearsed:
    app, company, (start, end) = world.app, world.company, day.whole
    zone = ZoneInfo(company.people[_READER].time_zone)
    found = report(company, start, end, end, zone, app.db.report_stores)
    authors = AuthorDirectory(app.db.author_cache, None, end)
    received = load_received(app.db.conversations, COMPANY, start, end)
    return Rehearsed(
        company,
        found,
        worst_cards(found, company, app.db.conversations, authors),
        tuple(spans.rows(received, company, start, end)),
        app.db.outbox.sent(COMPANY, start, end),
        spans.noticed(received, start - company.look_back, day.outage.start, end),
    )
