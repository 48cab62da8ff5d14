"""The day, made up once, and a part of it replayed once (all of it with PULSE_TEST_ALL)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pulse_cli.demo import DemoDay, mailbox, make_day
from pulse_cli.demo.run import DemoResult, run_demo
from pulse_cli.demo.script import TimeRange, parse_moment
from tests.tiers import WHOLE

from . import plain

_PART = "Tue 03:35"
"""Past the first breaches of the outage."""


@dataclass(frozen=True)
class Played:
    """What was replayed, the ticks it took, and what came of it."""

    day: DemoDay
    out: Path
    ticks: list[datetime]
    came: DemoResult
    letters: list[mailbox.MailPage]

    @property
    def posts(self) -> list[dict[str, Any]]:
        return plain.read(self.out / "archive")


@pytest.fixture(scope="session")
def day() -> DemoDay:
    return make_day()


@pytest.fixture(scope="session")
def played(day: DemoDay, tmp_path_factory: pytest.TempPathFactory) -> Played:
    out = tmp_path_factory.mktemp("demo")
    shown = day if WHOLE else _until(day, parse_moment(_PART))
    ticks: list[datetime] = []
    came = run_demo(shown, out, ticks.append)
    letters = mailbox.write_pages(out / "mail", came.company, came.sent)
    return Played(shown, out, ticks, came, letters)


def _until(day: DemoDay, end: datetime) -> DemoDay:
    return replace(
        day,
        mentions=tuple(said for said in day.mentions if said.at < end),
        posts=[post for post in day.posts if plain.time_of(post) < end],
        whole=TimeRange(day.whole.start, end),
    )
