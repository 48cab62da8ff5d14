"""Reads the settings, a plain document as JSON or YAML gives it, into records of the domain.

Whether the document makes sense is for `pulse check` to say, before it is pushed; what
cannot be read at all ends here in a SettingsError.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from pulse.kernel.company import (
    Account,
    Company,
    DigestRule,
    Language,
    Period,
    Person,
    Role,
    Settings,
    Shadow,
)
from pulse.kernel.policy import Level, Policy, Shift
from pulse.settings import durations
from pulse.settings.document import (
    Document,
    SettingsError,
    listed,
    mapping,
    optional,
    parsed,
    required,
)

__all__ = ["SettingsError", "company", "groups", "people", "policy", "read"]

_NAMED_ADDRESS = re.compile(r"(?P<name>[^<>]*?) ?<(?P<email>[^<>]+)>")


def read(document: Document, version: int = 0, pushed_at: datetime | None = None) -> Settings:
    """Read the settings of a deployment; `version` counts its pushes and marks its policies."""
    companies = listed(required(document, "companies", ""), "companies")
    return Settings(
        companies=tuple(
            company(mapping(raw, f"companies[{i}]"), f"companies[{i}]", version)
            for i, raw in enumerate(companies)
        ),
        version=version,
        pushed_at=pushed_at,
        board_url=document.get("board_url"),
    )


def company(raw: Document, where: str, version: int = 0) -> Company:
    """Read one company, which stands at `where` in the settings."""
    name = str(required(raw, "name", where))
    language = cast("Language", raw.get("language") or "en")
    time_zone = str(raw.get("time_zone") or "UTC")
    accounts = listed(required(raw, "accounts", where), f"{where}.accounts")
    persons = people(raw, where)
    digests = listed(raw.get("digests"), f"{where}.digests")
    return Company(
        name=name,
        title=_title(raw.get("title") or name),
        accounts=tuple(_account(a, f"{where}.accounts[{i}]") for i, a in enumerate(accounts)),
        people=persons,
        policy=policy(raw, where, version),
        owner=str(required(raw, "owner", where)),
        digests=tuple(_digest(d, f"{where}.digests[{i}]") for i, d in enumerate(digests)),
        language=language,
        time_zone=time_zone,
        look_back=optional(raw, "look_back", where, durations.duration, timedelta(hours=24)),
        retention=optional(raw, "keep", where, durations.retention, timedelta(days=90)),
        shadow=_shadow(raw.get("shadow"), f"{where}.shadow", persons, time_zone),
        sender=raw.get("sender"),
        reads_per_month=optional(raw, "reads_per_month", where, durations.count, None),
    )


def people(raw: Document, where: str) -> dict[str, Person]:
    """Read the people of a company; language and time zone are the company's unless given."""
    language, time_zone = raw.get("language") or "en", raw.get("time_zone") or "UTC"
    persons = {}
    for key, value in mapping(required(raw, "people", where), f"{where}.people").items():
        place = f"{where}.people.{key}"
        fields = _named_address(value) if isinstance(value, str) else mapping(value, place)
        persons[key] = Person(
            key=key,
            name=str(fields.get("name") or key),
            email=str(required(fields, "email", place)),
            language=cast("Language", fields.get("language") or language),
            time_zone=str(fields.get("time_zone") or time_zone),
        )
    return persons


def groups(raw: Document, where: str) -> dict[str, tuple[Shift, ...]]:
    """Read who is on duty when. Each person is a group too, of one, around the clock."""
    duty: dict[str, tuple[Shift, ...]] = {
        person: (Shift(person),) for person in required(raw, "people", where)
    }
    for name, value in mapping(raw.get("groups") or {}, f"{where}.groups").items():
        there = f"{where}.groups.{name}"
        shifts = listed(value, there)
        duty[name] = tuple(_shift(shift, f"{there}[{i}]") for i, shift in enumerate(shifts))
    return duty


def policy(raw: Document, where: str, version: int = 0) -> Policy:
    """Read a company's policy."""
    place = f"{where}.policy"
    rules = mapping(required(raw, "policy", where), place)
    rows = listed(required(rules, "levels", place), f"{place}.levels")
    levels = tuple(_level(row, f"{place}.levels[{i}]") for i, row in enumerate(rows))
    escalation = tuple(listed(rules.get("up_the_line"), f"{place}.up_the_line"))
    duty = groups(raw, where)
    standard = Policy(levels=levels, groups=duty)
    return Policy(
        levels=levels,
        groups=duty,
        time_zone=str(raw.get("time_zone") or "UTC"),
        escalation=escalation,
        repeat_every=optional(
            rules, "repeat_every", place, durations.duration, standard.repeat_every
        ),
        alert_window=optional(
            rules, "alert_window", place, durations.duration, standard.alert_window
        ),
        critical_window=optional(
            rules, "critical_window", place, durations.duration, standard.critical_window
        ),
        target=optional(rules, "target", place, durations.share, standard.target),
        version=version,
    )


def _title(value: str | dict[Language, str]) -> dict[Language, str]:
    return dict(value) if isinstance(value, Mapping) else {"en": str(value), "ru": str(value)}


def _account(value: Any, where: str) -> Account:
    raw = mapping(value, where)
    username = str(required(raw, "username", where)).removeprefix("@")
    return Account(
        id=str(required(raw, "id", where)),
        username=username,
        role=cast("Role", raw.get("role") or "support"),
        token=str(raw.get("token") or username),
    )


def _level(value: Any, where: str) -> Level:
    raw = mapping(value, where)
    after = parsed(durations.duration, required(raw, "after", where), f"{where}.after")
    tell = listed(required(raw, "tell", where), f"{where}.tell")
    return Level(str(required(raw, "name", where)), after, tuple(str(group) for group in tell))


def _shift(value: Any, where: str) -> Shift:
    if not isinstance(value, Mapping):
        return Shift(str(value))
    standard = Shift(str(required(value, "person", where)))
    start, end = optional(value, "hours", where, durations.hours, (standard.start, standard.end))
    return Shift(
        standard.person, optional(value, "days", where, durations.days, standard.days), start, end
    )


def _digest(value: Any, where: str) -> DigestRule:
    raw = mapping(value, where)
    period = cast("Period", required(raw, "period", where))
    usual = frozenset({0}) if period == "weekly" else frozenset(range(7))  # weekly: on Mondays
    return DigestRule(
        period=period,
        to=tuple(listed(required(raw, "to", where), f"{where}.to")),
        times=tuple(
            parsed(durations.clock, at, f"{where}.at")
            for at in listed(required(raw, "at", where), f"{where}.at")
        ),
        days=optional(raw, "days", where, durations.days, usual),
        on_day=optional(raw, "on_day", where, int, 1),
    )


def _shadow(value: Any, where: str, persons: Mapping[str, Person], time_zone: str) -> Shadow | None:
    if value is None:
        return None
    raw = mapping(value, where)
    to = str(required(raw, "to", where))
    until = parsed(datetime.fromisoformat, required(raw, "until", where), f"{where}.until")
    try:
        # People write a local time; one with an offset is taken by the company's clock as well.
        local = until.replace(tzinfo=ZoneInfo(time_zone))
    except (KeyError, ValueError) as error:
        raise SettingsError(where, f"{time_zone} is not a time zone") from error
    return Shadow(persons[to].email if to in persons else to, local)


def _named_address(text: str) -> dict[str, str]:
    match = _NAMED_ADDRESS.fullmatch(text)
    return match.groupdict() if match else {"email": text}
