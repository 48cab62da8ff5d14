"""The day, made up once, and a part of it replayed once (all of it with PULSE_TEST_ALL)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pulse_cli.demo import Day, made_up, mailbox
from pulse_cli.demo.rehearsal import Rehearsed, rehearse
from pulse_cli.demo.script import Stretch, moment
from tests.demo import plain_check
from tests.tiers import TEST_ALL

_PART = "Tue 03:35"
"""Past the first breaches of the outage."""


@dataclass(frozen=True)
class ReplayedDay:
    """The replayed part of the day, its ticks, and the results."""

    day: Day
    out: Path
    ticks: list[datetime]
    came: Rehearsed
    letters: list[mailbox.Letter]

    @property
    def posts(self) -> list[dict[str, Any]]:
        return plain_check.read(self.out / "archive")


@pytest.fixture(scope="session")
def day() -> Day:
    return made_up()


@pytest.fixture(scope="session")
def replayed_day(day: Day, tmp_path_factory: pytest.TempPathFactory) -> ReplayedDay:
    out = tmp_path_factory.mktemp("demo")
    shown = day if TEST_ALL else _until(day, moment(_PART))
    ticks: list[datetime] = []
    came = rehearse(shown, out, ticks.append)
    letters = mailbox.unpack(out / "mail", came.company, came.sent)
    return ReplayedDay(shown, out, ticks, came, letters)


def _until(day: Day, end: datetime) -> Day:
    return replace(
        day,
        mentions=tuple(said for said in day.mentions if said.at < end),
        posts=[post for post in day.posts if plain_check.time_of(post) < end],
        whole=Stretch(day.whole.start, end),
    )
