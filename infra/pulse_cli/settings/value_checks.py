"""Checks values that fit the schema, but may make no sense."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from pulse.settings import durations, reader
from pulse_cli.settings.findings import FieldPath, Remark, closest, looks_secret, quote
from pulse_cli.settings.formats import check_address, format_duration
from pulse_cli.settings.reference_checks import CompanyDocument, list_entries
from pulse_cli.settings.schema_check import default_of

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS = ("alert_window", "critical_window", "repeat_every")
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def check_levels_ascend(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that levels are in the order of their ages, and that none is below a minute."""
    before, name = timedelta(0), ""
    for i, level in enumerate(company["policy"]["levels"]):
        path, after = (*at, "policy", "levels", i, "after"), durations.duration(level["after"])
        if after < _MINUTE:
            yield Remark(
                path, f"`{level['after']}` is less than a minute", "write for example `15 min`"
            )
        elif after <= before:
            problem = f"{level['name']} is not later than {name} ({format_duration(before)})"
            yield Remark(
                path, problem, f"write more than {format_duration(before)}, or swap the levels"
            )
        before, name = after, level["name"]


def check_windows(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that alerts and reminders come neither too often nor too rarely."""
    policy, place = company["policy"], (*at, "policy")
    alert = durations.duration(policy.get("alert_window") or default_of("policy", "alert_window"))
    critical = durations.duration(
        policy.get("critical_window") or default_of("policy", "critical_window")
    )
    again = durations.duration(policy.get("repeat_every") or default_of("policy", "repeat_every"))
    yield from _check_range((*place, "alert_window"), alert, _MINUTE, _DAY)
    yield from _check_range((*place, "repeat_every"), again, 15 * _MINUTE, 7 * _DAY)
    yield from _check_range((*place, "critical_window"), critical, _MINUTE, _DAY)
    if _MINUTE <= alert < critical <= _DAY:
        problem = (
            f"({format_duration(critical)}) is longer than alert_window ({format_duration(alert)})"
        )
        fix = f"write `critical_window: {format_duration(alert)}`, or less"
        yield Remark((*place, "critical_window"), problem, fix)
    levels = policy["levels"]
    breach = levels[min(1, len(levels) - 1)]
    after = durations.duration(breach["after"])
    if after < alert <= _DAY:
        problem = f"({format_duration(alert)}) is longer than {breach['name']} ({breach['after']})"
        fix = f"write `alert_window: {format_duration(after)}`, or less"
        yield Remark((*place, "alert_window"), problem, fix, "warning")


def check_retention(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check the look-back, and that nothing comes back from X after its retention period."""
    # X's recent search goes back 7 days. With a shorter retention, posts that have expired here
    # could be read again as new ones.
    past = durations.duration(company.get("look_back") or default_of("company", "look_back"))
    keep = durations.retention(company.get("keep") or default_of("company", "keep"))
    yield from _check_range((*at, "look_back"), past, timedelta(0), 7 * _DAY)
    if keep is not None and keep < 7 * _DAY:
        yield Remark(
            (*at, "keep"), "is less than 7 days, but X may show older posts", "write `7 days`"
        )


def check_time_zones(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that the time zones of the company and its people exist."""
    yield from _check_zone(company.get("time_zone"), (*at, "time_zone"))
    for key, person in company["people"].items():
        if isinstance(person, dict):
            yield from _check_zone(person.get("time_zone"), (*at, "people", key, "time_zone"))


def check_hours_have_zone(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Warn about hours of duty in a company without a time zone: they are in UTC."""
    if company.get("time_zone"):
        return
    for name, turns in (company.get("groups") or {}).items():
        for path, turn in list_entries(turns, (*at, "groups", name)):
            if isinstance(turn, dict) and "hours" in turn:
                fix = "give the company a `time_zone`, for example `Europe/Moscow`"
                yield Remark((*path, "hours"), "is interpreted in UTC", fix, "warning")
                return


def check_addresses(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that SES would accept the addresses of all people."""
    for key, person in reader.people(reader.Field(company)).items():
        place = (*at, "people", key)
        fields = isinstance(company["people"][key], dict)
        yield from _check_one_address(person.email, (*place, "email") if fields else place)


def check_sender(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that SES would accept the address that the company's mails are from."""
    if company.get("sender"):
        mail = company["sender"].partition("<")[2].rstrip("> ") or company["sender"]
        yield from _check_one_address(mail, (*at, "sender"))


def check_token_names(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that no token stands in place of a token's name: settings must not hold secrets."""
    for i, account in enumerate(company["accounts"]):
        if looks_secret(str(account.get("token", ""))):
            problem = (
                "looks like the token itself; this field is for the name that the token is stored "
                "under"
            )
            fix = "remove it, and store the token with pulse connect"
            yield Remark((*at, "accounts", i, "token"), problem, fix)


def check_shadow(company: CompanyDocument, at: FieldPath, today: datetime) -> Iterator[Remark]:
    """Check the recipient and the end of shadow mode, and warn if the end has passed by `today`."""
    raw, place = company.get("shadow"), (*at, "shadow")
    if raw is None:
        return
    if raw["to"] not in company["people"]:
        if "@" in raw["to"]:
            yield from _check_one_address(raw["to"], (*place, "to"))
        else:
            fix = "write an address or the name of one of the people"
            yield Remark((*place, "to"), f"`{raw['to']}` is not among the people", fix)
    try:
        until = datetime.fromisoformat(raw["until"])
    except ValueError:
        yield Remark(
            (*place, "until"), f"`{raw['until']}` is not a date", "write for example `2026-12-01`"
        )
        return
    if until <= today.replace(tzinfo=None):
        fix = "remove `shadow`, or write a later date"
        yield Remark((*place, "until"), "is in the past, so emails go to everybody", fix, "warning")


def check_support_account(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Warn about a company without an account that has the role `support`."""
    if not any((account.get("role") or "support") == "support" for account in company["accounts"]):
        problem = "no account has the role `support`, so who answers?"
        fix = "add the account that answers, or give an account `role: support`"
        yield Remark((*at, "accounts"), problem, fix, "warning")


def _check_range(
    path: FieldPath, value: timedelta, low: timedelta, high: timedelta
) -> Iterator[Remark]:
    if not low <= value <= high:
        problem = f"is too {'short' if value < low else 'long'}"
        yield Remark(path, problem, f"write {format_duration(low)} to {format_duration(high)}")


def _check_one_address(address: str, path: FieldPath) -> Iterator[Remark]:
    found = check_address(address)
    if found:
        yield Remark(path, *found)


def _check_zone(zone: str | None, path: FieldPath) -> Iterator[Remark]:
    known = available_timezones()
    if zone is None or zone in known:
        return
    cities = {name.rpartition("/")[2]: name for name in sorted(known) if "/" in name}
    short = re.fullmatch(r"[A-Z]{2,5}|(?:UTC|GMT)[ +-]+[0-9:]+", zone)
    near = (
        None
        if short
        else closest(zone, known) or cities.get(closest(zone.rpartition("/")[2], cities) or "")
    )
    fix = (
        f"did you mean `{near}`?"
        if near
        else "write a region and a city, for example `Europe/Moscow`"
    )
    yield Remark(path, f"{quote(zone)} is not a time zone", fix)
