"""The day, made up once, and a part of it replayed once (all of it with PULSE_TEST_ALL)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pulse_cli.demo import Day, made_up, mailbox
from pulse_cli.demo.run import Rehearsed, rehearse
from pulse_cli.demo.script import Stretch, moment
from tests.tiers import WHOLE

from . import plain

_PART = "Tue 03:35"
"""Past the first breaches of the outage."""


@dataclass(frozen=True)
class Played:
    """What was replayed, the ticks it took, and what came of it."""

    day: Day
    out: Path
    ticks: list[datetime]
    came: Rehearsed
    letters: list[mailbox.Letter]

    @property
    def posts(self) -> list[dict[str, Any]]:
        return plain.read(self.out / "archive")


@pytest.fixture(scope="session")
def day() -> Day:
    return made_up()


@pytest.fixture(scope="session")
def played(day: Day, tmp_path_factory: pytest.TempPathFactory) -> Played:
    out = tmp_path_factory.mktemp("demo")
    shown = day if WHOLE else _until(day, moment(_PART))
    ticks: list[datetime] = []
    came = rehearse(shown, out, ticks.append)
    letters = mailbox.unpack(out / "mail", came.company, came.sent)
    return Played(shown, out, ticks, came, letters)


def _until(day: Day, end: datetime) -> Day:
    return replace(
        day,
        mentions=tuple(said for said in day.mentions if said.at < end),
        posts=[post for post in day.posts if plain.time_of(post) < end],
        whole=Stretch(day.whole.start, end),
    )
