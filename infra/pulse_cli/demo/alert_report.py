"""Who heard of what, and when: of the outage, and all day long."""

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


def outage_timeline(day: DemoDay, came: DemoResult, words: DemoTexts) -> RenderableType:
    """The outage, moment by moment."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for at, what in sorted(_moments(day, came, words)):
        table.add_row(Text(words.short(at), style="bold"), what)
    return table


def mails_by_person(came: DemoResult, words: DemoTexts) -> RenderableType:
    """Each person: how many alerts, the first and the last, and the digests."""
    heads = ("person", "alerts", "first", "last", "digests")
    table = make_table(*map(words, heads))
    for person, records in _by_person(came.sent_mails).items():
        alerts = [mail.at for mail in records if mail.kind != "digest"]
        digests = [words.short(mail.at) for mail in records if mail.kind == "digest"]
        table.add_row(
            words("topic") if person == TOPIC else _person_and_groups(person, came.company),
            words.number(len(alerts)),
            words.time(alerts[0]) if alerts else "",
            words.time(alerts[-1]) if alerts else "",
            ", ".join(digests),
        )
    return table


def _moments(day: DemoDay, came: DemoResult, words: DemoTexts) -> Iterator[tuple[datetime, str]]:
    start, word = day.outage
    over = parse_moment(read_script("told")["outage"]["restored"])
    yield start, words("outage_first")
    if came.surge_noticed_at is not None:
        yield came.surge_noticed_at, words("outage_noticed")
    for level in came.company.policy.levels:
        for at, names in _first_alerts(day, came, level, words).items():
            shown = words("outage_alert", level=words.level(level.name), people=words.row(names))
            yield at, shown
    yield word, words("outage_word", silent=words.duration(word - start))
    yield over, words("outage_over", mentions=day.count_mentions(start, over))


def _first_alerts(
    day: DemoDay, came: DemoResult, level: Level, words: DemoTexts
) -> dict[datetime, list[str]]:
    """When whom the first mail reached that tells of the outage at this level."""
    policy = came.company.policy
    flagged = _first_flag(day, came, level.name)
    if flagged is None:
        return {}
    reached: dict[datetime, list[str]] = defaultdict(list)
    heard = policy.recipients(level.name, 0, flagged)
    for key in (*heard, *([TOPIC] if level == policy.top else [])):
        mails = (m.at for m in came.sent_mails if m.person == key and m.kind != "digest")
        at = min((mail for mail in mails if mail >= flagged), default=None)
        if at is not None:
            name = words("topic") if key == TOPIC else came.company.people[key].name
            reached[at].append(name)
    return reached


def _first_flag(day: DemoDay, came: DemoResult, level: str) -> datetime | None:
    """When somebody who first spoke in the outage was first flagged at this level."""
    flagged = (
        flag["flagged_at"]
        for row in came.outcome.conversations
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
