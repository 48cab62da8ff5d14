"""The script of the day: what people say, in YAML beside this file, and its clock."""

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
    """From when to when, in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


@cache
def read_script(name: str) -> Any:
    """Return one file of the script."""
    return yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))


@cache
def script_zone() -> ZoneInfo:
    """Return the clock by which the script is told."""
    return ZoneInfo(read_script("told")["zone"])


def parse_moment(entry: str) -> datetime:
    """Return when that is: `Tue 02:10` or `Tue 02:10:12` by the script's clock."""
    day, clock = entry.split()
    date = read_script("told")["monday"] + timedelta(days=_DAYS.index(day))
    return datetime.combine(date, time.fromisoformat(clock), script_zone()).astimezone(
        ZoneInfo("UTC")
    )


def parse_range(entry: dict[str, Any]) -> TimeRange:
    """Return the stretch told by `from` and `to`."""
    return TimeRange(parse_moment(entry["from"]), parse_moment(entry["to"]))


def entry_language(entry: dict[str, Any]) -> Language:
    """Return the language of an entry that holds its text under `en` or `ru`."""
    return "en" if "en" in entry else "ru"
