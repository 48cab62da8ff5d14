"""The day of the demo, made once, and a part of it replayed once (with PULSE_TEST_ALL, all)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pulse_cli.demo import DemoDay, mailbox, make_day
from pulse_cli.demo.run import DemoResult, run_demo
from pulse_cli.demo.script import TimeRange, parse_moment
from tests.demo import plain_check
from tests.tiers import TEST_ALL

_PART = "Tue 03:35"
"""The end of the part: after the first breaches of the outage."""


@dataclass(frozen=True)
class ReplayedDay:
    """The replayed part of the day, its ticks, and the results."""

    day: DemoDay
    out: Path
    ticks: list[datetime]
    result: DemoResult
    mails: list[mailbox.MailPage]

    @property
    def posts(self) -> list[dict[str, Any]]:
        return plain_check.read(self.out / "archive")


@pytest.fixture(scope="session")
def day() -> DemoDay:
    return make_day()


@pytest.fixture(scope="session")
def replayed_day(day: DemoDay, tmp_path_factory: pytest.TempPathFactory) -> ReplayedDay:
    out = tmp_path_factory.mktemp("demo")
    part = day if TEST_ALL else _until(day, parse_moment(_PART))
    ticks: list[datetime] = []
    result = run_demo(part, out, ticks.append)
    mails = mailbox.write_pages(out / "mail", result.company, result.sent_mails)
    return ReplayedDay(part, out, ticks, result, mails)


def _until(day: DemoDay, end: datetime) -> DemoDay:
    return replace(
        day,
        mentions=tuple(mention for mention in day.mentions if mention.at < end),
        posts=[post for post in day.posts if plain_check.time_of(post) < end],
        period=TimeRange(day.period.start, end),
    )
