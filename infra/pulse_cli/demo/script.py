"""Reads the script of the day: what people write, in YAML beside this file, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import yaml

_FOLDER = Path(__file__).parent / "script"
_DAYS = ("Mon", "Tue")
Language = Literal["en", "ru"]


@dataclass(frozen=True, slots=True)
class XUser:
    """Somebody on X: a customer, or one of the company's accounts."""

    id: str
    username: str
    name: str


class TimeRange(NamedTuple):
    """A start and an end, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """The time from start to end."""
        return self.end - self.start


@cache
def read_script(name: str) -> Any:
    """Return the content of one file of the script, such as `outage`; read once."""
    return yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))


@cache
def script_zone() -> ZoneInfo:
    """Return the time zone of the script's times."""
    return ZoneInfo(read_script("schedule")["zone"])


def parse_moment(entry: str) -> datetime:
    """Return a time of the script, `Tue 02:10` or `Tue 02:10:12` in its time zone, in UTC."""
    day, clock = entry.split()
    date = read_script("schedule")["monday"] + timedelta(days=_DAYS.index(day))
    return datetime.combine(date, time.fromisoformat(clock), script_zone()).astimezone(
        ZoneInfo("UTC")
    )


def parse_range(entry: dict[str, Any]) -> TimeRange:
    """Return the range of an entry, in UTC, which has its ends under `from` and `to`."""
    return TimeRange(parse_moment(entry["from"]), parse_moment(entry["to"]))


def entry_language(entry: dict[str, Any]) -> Language:
    """Return the language of an entry: English if it has a text under `en`, otherwise Russian."""
    return "en" if "en" in entry else "ru"
