"""Reads the settings, a plain document as JSON or YAML gives it, into records of the domain.

Whether the document makes sense is for `pulse check` to say, before it is pushed; what
cannot be read at all ends here in a SettingsError.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pulse.kernel.company import Account, Company, DigestRule, Person, Settings, Shadow
from pulse.kernel.errors import NeedsPersonError
from pulse.kernel.policy import Level, Policy, Shift
from pulse.settings import durations

_Read = TypeVar("_Read")
_NAMED_ADDRESS = re.compile(r"(?P<name>[^<>]*?) ?<(?P<email>[^<>]+)>")


class SettingsError(NeedsPersonError, ValueError):
    """A setting that cannot be read. `field` is its dotted path, from the top."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Field:
    """A value in the settings, and its dotted path from the top, which errors name."""

    value: Any
    path: str = ""

    def fields(self, *names: str) -> dict[str, "Field"]:
        """Return these fields below this one, or all; the value of one that is left out is None.

        Raises:
            SettingsError: this one can have no fields.
        """
        if not isinstance(self.value, Mapping):
            raise SettingsError(self.path, "must have fields below it")
        return {
            name: Field(self.value.get(name), f"{self.path}.{name}".lstrip("."))
            for name in names or self.value
        }

    def field(self, name: str) -> "Field":
        """Return a field below this one; its value is None if it is left out.

        Raises:
            SettingsError: this one can have no fields.
        """
        return self.fields(name)[name]

    def required(self, name: str) -> "Field":
        """Return a field below this one that must be there.

        Raises:
            SettingsError: it is missing, or empty in the document.
        """
        field = self.field(name)
        if field.value is None:
            raise SettingsError(field.path, "is missing")
        return field

    def given(self, **readers: Callable[[Any], Any]) -> dict[str, Any]:
        """Return those of the fields that are not left out or empty, as their readers read them."""
        fields = self.fields(*readers)
        return {n: f.read(readers[n]) for n, f in fields.items() if f.value not in (None, "")}

    def entries(self) -> list["Field"]:
        """Return a list; one value alone stands for a list of one, None for an empty list.

        Raises:
            SettingsError: there are fields where a list must be.
        """
        if isinstance(self.value, Mapping):
            raise SettingsError(self.path, "must be a list")
        if isinstance(self.value, list | tuple):
            return [Field(one, f"{self.path}[{i}]") for i, one in enumerate(self.value)]
        return [] if self.value is None else [self]

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts, or the one text that stands for a list."""
        return tuple(str(entry.value) for entry in self.entries())

    def read(self, reader: Callable[[Any], _Read]) -> _Read:
        """Return the value as `reader` reads it.

        Raises:
            SettingsError: the reader raised ValueError; the message holds the value as it was
                typed.
        """
        try:
            return reader(self.value if isinstance(self.value, list) else str(self.value))
        except ValueError as error:
            raise SettingsError(self.path, f"{self.value!r} {error}") from error


def read(
    document: Mapping[str, Any], version: int = 0, pushed_at: datetime | None = None
) -> Settings:
    """Read the settings of a deployment; `version` counts its pushes and marks its policies."""
    companies = Field(document).required("companies").entries()
    found = tuple(_company(company, version) for company in companies)
    return Settings(found, version, pushed_at, document.get("board_url"))


def people(company: Field) -> dict[str, Person]:
    """Read the people of a company; language and time zone are the company's unless given."""
    usual = company.given(language=str, time_zone=str)
    found = {}
    for key, person in company.required("people").fields().items():
        if isinstance(person.value, str):
            named = _NAMED_ADDRESS.fullmatch(person.value)
            fields = named.groupdict() if named else {"email": person.value}
            person = Field(fields, person.path)  # noqa: PLW2901
        name = str(person.field("name").value or key)
        email = person.required("email").read(str)
        given = person.given(language=str, time_zone=str)
        found[key] = Person(key, name, email, **(usual | given))
    return found


def groups(company: Field) -> dict[str, tuple[Shift, ...]]:
    """Read who is on duty when. Each person is a group too, of one, around the clock."""
    alone = {person: (Shift(person),) for person in company.required("people").value}
    named = company.field("groups")
    found = named.fields() if named.value else {}
    return alone | {name: tuple(map(_shift, group.entries())) for name, group in found.items()}


def _company(raw: Field, version: int) -> Company:
    name = raw.required("name").read(str)
    title = raw.field("title").value or name
    persons = people(raw)
    return Company(
        name=name,
        title=dict(title) if isinstance(title, Mapping) else {"en": str(title), "ru": str(title)},
        accounts=tuple(map(_account, raw.required("accounts").entries())),
        people=persons,
        policy=_policy(raw, version),
        owner=raw.required("owner").read(str),
        digests=tuple(map(_digest, raw.field("digests").entries())),
        retention=raw.given(keep=durations.retention).get("keep", timedelta(days=90)),
        shadow=_shadow(raw, persons),
        **raw.given(
            language=str,
            time_zone=str,
            look_back=durations.duration,
            sender=str,
            reads_per_month=durations.count,
        ),
    )


def _account(raw: Field) -> Account:
    username = raw.required("username").read(str).removeprefix("@")
    usual = {"role": "support", "token": username}
    given = usual | raw.given(role=str, token=str)
    return Account(raw.required("id").read(str), username, **given)


def _policy(company: Field, version: int) -> Policy:
    rules = company.required("policy")
    return Policy(
        levels=tuple(map(_level, rules.required("levels").entries())),
        groups=groups(company),
        escalation=rules.field("up_the_line").texts(),
        version=version,
        **company.given(time_zone=str),
        **rules.given(
            repeat_every=durations.duration,
            alert_window=durations.duration,
            critical_window=durations.duration,
            target=durations.share,
        ),
    )


def _level(raw: Field) -> Level:
    after = raw.required("after").read(durations.duration)
    return Level(raw.required("name").read(str), after, raw.required("tell").texts())


def _shift(raw: Field) -> Shift:
    if not isinstance(raw.value, Mapping):
        return Shift(str(raw.value))
    given = raw.given(days=durations.days, hours=durations.hours)
    if "hours" in given:
        given["start"], given["end"] = given.pop("hours")
    return Shift(raw.required("person").read(str), **given)


def _digest(raw: Field) -> DigestRule:
    is_weekly = raw.required("period").value == "weekly"
    usual = {"days": frozenset({0})} if is_weekly else {}  # on Mondays
    return DigestRule(
        to=raw.required("to").texts(),
        times=tuple(at.read(durations.clock) for at in raw.required("at").entries()),
        **(usual | raw.given(period=str, days=durations.days, on_day=int)),
    )


def _shadow(company: Field, persons: Mapping[str, Person]) -> Shadow | None:
    raw, zone = company.field("shadow"), str(company.field("time_zone").value or "UTC")
    if raw.value is None:
        return None
    to = raw.required("to").read(str)
    until = raw.required("until").read(datetime.fromisoformat)
    try:
        # People write a local time; one with an offset is taken by the company's clock as well.
        local = until.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError) as error:
        raise SettingsError(raw.path, f"{zone} is not a time zone") from error
    return Shadow(persons[to].email if to in persons else to, local)
