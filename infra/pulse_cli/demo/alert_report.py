"""Reports who was alerted about what and when: during the outage, and all day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from pulse.outbox.entries import TOPIC
from pulse_cli.demo.post_format import published_at
from pulse_cli.demo.script import parse_moment, read_script
from pulse_cli.demo.table_style import make_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pulse.kernel.company import Company
    from pulse.kernel.policy import Level
    from pulse.outbox.message import SentMail
    from pulse_cli.demo.day import DemoDay
    from pulse_cli.demo.run import DemoResult
    from pulse_cli.demo.texts import DemoTexts


def outage_timeline(day: DemoDay, result: DemoResult, texts: DemoTexts) -> RenderableType:
    """Return the events of the outage with their times, oldest first."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for at, what in sorted(_moments(day, result, texts)):
        table.add_row(Text(texts.short(at), style="bold"), what)
    return table


def mails_by_person(result: DemoResult, texts: DemoTexts) -> RenderableType:
    """Return a table of people: how many alerts each got, the first, the last, and the digests."""
    heads = ("person", "alerts", "first", "last", "digests")
    table = make_table(*map(texts, heads))
    for person, records in _by_person(result.sent_mails).items():
        alerts = [mail.at for mail in records if mail.kind != "digest"]
        digests = [texts.short(mail.at) for mail in records if mail.kind == "digest"]
        table.add_row(
            texts("topic") if person == TOPIC else _person_and_groups(person, result.company),
            texts.number(len(alerts)),
            texts.time(alerts[0]) if alerts else "",
            texts.time(alerts[-1]) if alerts else "",
            ", ".join(digests),
        )
    return table


def _moments(day: DemoDay, result: DemoResult, texts: DemoTexts) -> Iterator[tuple[datetime, str]]:
    start, first_reply = day.outage
    restored = parse_moment(read_script("schedule")["outage"]["restored"])
    yield start, texts("outage_first")
    if result.surge_noticed_at is not None:
        yield result.surge_noticed_at, texts("outage_noticed")
    for level in result.company.policy.levels:
        for at, names in _first_alerts(day, result, level, texts).items():
            shown = texts("outage_alert", level=texts.level(level.name), people=texts.row(names))
            yield at, shown
    yield first_reply, texts("outage_word", silent=texts.duration(first_reply - start))
    yield restored, texts("outage_over", mentions=day.count_mentions(start, restored))


def _first_alerts(
    day: DemoDay, result: DemoResult, level: Level, texts: DemoTexts
) -> dict[datetime, list[str]]:
    """Return by time the names of those who then got the first alert of the outage at this level.

    It is the first mail that a recipient of the level got after the level was flagged.
    """
    policy = result.company.policy
    flagged = _first_flag(day, result, level.name)
    if flagged is None:
        return {}
    reached: dict[datetime, list[str]] = defaultdict(list)
    recipients = policy.recipients(level.name, 0, flagged)
    for key in (*recipients, *([TOPIC] if level == policy.top else [])):
        mails = (m.at for m in result.sent_mails if m.person == key and m.kind != "digest")
        at = min((mail for mail in mails if mail >= flagged), default=None)
        if at is not None:
            name = texts("topic") if key == TOPIC else result.company.people[key].name
            reached[at].append(name)
    return reached


def _first_flag(day: DemoDay, result: DemoResult, level: str) -> datetime | None:
    """Return when a customer who first wrote in the outage was first flagged at this level."""
    flagged = (
        flag["flagged_at"]
        for row in result.outcome.conversations
        if published_at(row["first_mention_id"]) >= day.outage.start
        for flag in row["flagged"]
        if flag["level"] == level
    )
    first = min(flagged, default=None)
    return None if first is None else datetime.fromisoformat(first)


def _person_and_groups(key: str, company: Company) -> str:
    groups = company.policy.groups
    names = [
        name
        for name, turns in groups.items()
        if name not in company.people and any(turn.person == key for turn in turns)
    ]
    return ", ".join([company.people[key].name, *names])


def _by_person(sent: Sequence[SentMail]) -> dict[str, list[SentMail]]:
    found: dict[str, list[SentMail]] = defaultdict(list)
    for mail in sorted(sent, key=lambda m: m.at):
        found[mail.person].append(mail)
    return dict(sorted(found.items(), key=lambda one: (one[0] == TOPIC, one[1][0].at)))
