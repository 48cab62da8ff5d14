"""Values that have the right shape and yet make no sense."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from pulse.settings import durations, reader
from pulse_cli.settings.findings import Path, Remark, looks_secret, nearest, quote
from pulse_cli.settings.formats import say_length, wrong_address
from pulse_cli.settings.reference_checks import Company, entries
from pulse_cli.settings.schema_check import usual

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS = ("alert_window", "critical_window", "repeat_every")
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def ascending(company: Company, at: Path) -> Iterator[Remark]:
    """Hold that levels come by age, the youngest first, and none before a minute."""
    before, name = timedelta(0), ""
    for i, level in enumerate(company["policy"]["levels"]):
        path, after = (*at, "policy", "levels", i, "after"), durations.duration(level["after"])
        if after < _MINUTE:
            yield Remark(path, f"`{level['after']}` is under a minute", "write e.g. `15 min`")
        elif after <= before:
            problem = f"{level['name']} comes not later than {name} ({say_length(before)})"
            yield Remark(path, problem, f"write more than {say_length(before)}, or change places")
        before, name = after, level["name"]


def windows(company: Company, at: Path) -> Iterator[Remark]:
    """Hold that alerts are neither a storm nor silence."""
    policy, place = company["policy"], (*at, "policy")
    alert = durations.duration(policy.get("alert_window") or usual("policy", "alert_window"))
    critical = durations.duration(
        policy.get("critical_window") or usual("policy", "critical_window")
    )
    again = durations.duration(policy.get("repeat_every") or usual("policy", "repeat_every"))
    yield from _between((*place, "alert_window"), alert, _MINUTE, _DAY)
    yield from _between((*place, "repeat_every"), again, 15 * _MINUTE, 7 * _DAY)
    yield from _between((*place, "critical_window"), critical, _MINUTE, _DAY)
    if _MINUTE <= alert < critical <= _DAY:
        problem = f"({say_length(critical)}) is longer than alert_window ({say_length(alert)})"
        mend = f"write `critical_window: {say_length(alert)}`, or less"
        yield Remark((*place, "critical_window"), problem, mend)
    levels = policy["levels"]
    breach = levels[min(1, len(levels) - 1)]
    after = durations.duration(breach["after"])
    if after < alert <= _DAY:
        problem = f"({say_length(alert)}) is longer than {breach['name']} ({breach['after']})"
        mend = f"write `alert_window: {say_length(after)}`, or less"
        yield Remark((*place, "alert_window"), problem, mend, "warning")


def kept(company: Company, at: Path) -> Iterator[Remark]:
    """Hold that X, which can be asked for 7 days, brings back nothing that is gone."""
    past = durations.duration(company.get("look_back") or usual("company", "look_back"))
    keep = durations.retention(company.get("keep") or usual("company", "keep"))
    yield from _between((*at, "look_back"), past, timedelta(0), 7 * _DAY)
    if keep is not None and keep < 7 * _DAY:
        yield Remark((*at, "keep"), "is under 7 days, and X may show older posts", "write `7 days`")


def zones(company: Company, at: Path) -> Iterator[Remark]:
    """Hold that time zones are known by name."""
    yield from _zone(company.get("time_zone"), (*at, "time_zone"))
    for key, person in company["people"].items():
        if isinstance(person, dict):
            yield from _zone(person.get("time_zone"), (*at, "people", key, "time_zone"))


def hours_of_where(company: Company, at: Path) -> Iterator[Remark]:
    """Doubt hours of duty that have no time zone."""
    if company.get("time_zone"):
        return
    for name, turns in (company.get("groups") or {}).items():
        for path, turn in entries(turns, (*at, "groups", name)):
            if isinstance(turn, dict) and "hours" in turn:
                mend = "give the company a `time_zone`, e.g. `Europe/Moscow`"
                yield Remark((*path, "hours"), "is read in UTC", mend, "warning")
                return


def addresses(company: Company, at: Path) -> Iterator[Remark]:
    """Hold that addresses are such as SES takes."""
    for key, person in reader.people(company, "").items():
        place = (*at, "people", key)
        fields = isinstance(company["people"][key], dict)
        yield from _address(person.email, (*place, "email") if fields else place)


def sender(company: Company, at: Path) -> Iterator[Remark]:
    """Hold the same of the From address."""
    if company.get("sender"):
        mail = company["sender"].partition("<")[2].rstrip("> ") or company["sender"]
        yield from _address(mail, (*at, "sender"))


def tokens(company: Company, at: Path) -> Iterator[Remark]:
    """Hold that a token's name is not the token: settings are no place for secrets."""
    for i, account in enumerate(company["accounts"]):
        if looks_secret(str(account.get("token", ""))):
            problem = "looks like a token itself, and here stands the name it is kept under"
            mend = "take it out, and give the token to pulse connect"
            yield Remark((*at, "accounts", i, "token"), problem, mend)


def shadow(company: Company, at: Path, today: datetime) -> Iterator[Remark]:
    """Hold that shadow mode has one address, and an end that is still to come."""
    raw, place = company.get("shadow"), (*at, "shadow")
    if raw is None:
        return
    if raw["to"] not in company["people"]:
        if "@" in raw["to"]:
            yield from _address(raw["to"], (*place, "to"))
        else:
            mend = "write an address, or one of the people"
            yield Remark((*place, "to"), f"`{raw['to']}` is not among the people", mend)
    try:
        until = datetime.fromisoformat(raw["until"])
    except ValueError:
        yield Remark((*place, "until"), f"`{raw['until']}` is no date", "write e.g. `2026-12-01`")
        return
    if until <= today.replace(tzinfo=None):
        mend = "take `shadow` out, or write a later day"
        yield Remark((*place, "until"), "is over: mails go to everybody", mend, "warning")


def support(company: Company, at: Path) -> Iterator[Remark]:
    """Doubt a company of which no account answers."""
    if not any((account.get("role") or "support") == "support" for account in company["accounts"]):
        problem = "none of them has the role `support`: who answers?"
        mend = "add the account that answers, or give one `role: support`"
        yield Remark((*at, "accounts"), problem, mend, "warning")


def _between(path: Path, value: timedelta, low: timedelta, high: timedelta) -> Iterator[Remark]:
    if not low <= value <= high:
        problem = f"is {'shorter' if value < low else 'longer'} than makes sense"
        yield Remark(path, problem, f"write {say_length(low)} to {say_length(high)}")


def _address(address: str, path: Path) -> Iterator[Remark]:
    wrong = wrong_address(address)
    if wrong:
        yield Remark(path, *wrong)


def _zone(zone: str | None, path: Path) -> Iterator[Remark]:
    known = available_timezones()
    if zone is None or zone in known:
        return
    cities = {name.rpartition("/")[2]: name for name in sorted(known) if "/" in name}
    short = re.fullmatch(r"[A-Z]{2,5}|(?:UTC|GMT)[ +-]+[0-9:]+", zone)
    near = (
        None
        if short
        else nearest(zone, known) or cities.get(nearest(zone.rpartition("/")[2], cities) or "")
    )
    mend = f"did you mean `{near}`?" if near else "write a region and a city, e.g. `Europe/Moscow`"
    yield Remark(path, f"{quote(zone)} is no time zone", mend)
