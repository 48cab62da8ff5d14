"""What a company decides in its settings: accounts, people, rules, digests and languages."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from pulse.kernel.policy import Policy

Role = Literal["support", "official"]
Language = Literal["en", "ru"]
Period = Literal["shift", "daily", "weekly", "monthly"]


@dataclass(frozen=True, slots=True)
class Account:
    """An X account of the company. `token` is the name of its secret, not the secret."""

    id: str
    username: str
    role: Role
    token: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who gets mail, in their language and by their clock."""

    key: str
    name: str
    email: str
    language: Language = "en"
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class DigestRule:
    """Who gets which digest, at which local times; `days` as in `Shift`.

    `on_day` is the day of the month of a monthly digest.
    """

    period: Period
    to: tuple[str, ...]
    times: tuple[time, ...]
    days: frozenset[int] = frozenset(range(7))
    on_day: int = 1


@dataclass(frozen=True, slots=True)
class Shadow:
    """Until `until`, every mail goes to this one address, and says whom it was meant for."""

    to: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Company:
    """One brand. Every rule is per company."""

    name: str
    title: dict[Language, str]
    accounts: tuple[Account, ...]
    people: dict[str, Person]
    policy: Policy
    owner: str
    """Key of the person to whom faults are reported that only a person can fix."""
    digests: tuple[DigestRule, ...] = ()
    language: Language = "en"
    time_zone: str = "UTC"
    look_back: timedelta = timedelta(hours=24)
    """How far back the first run reads."""
    retention: timedelta | None = timedelta(days=90)
    """How long finished conversations are stored; None: forever."""
    shadow: Shadow | None = None
    sender: str | None = None
    """The From address; None: that of the deployment."""
    reads_per_month: int | None = None
    """Post reads of X that are paid for in a UTC month; None: unknown."""

    @property
    def account_ids(self) -> frozenset[str]:
        """The X ids of all its accounts."""
        return frozenset(a.id for a in self.accounts)

    def title_in(self, language: Language) -> str:
        """Return its title in that language, else its name."""
        return self.title.get(language) or self.name

    def person(self, key: str) -> Person:
        """Return the person with this key; the owner if the settings have no such person."""
        # An entry may wait for somebody whom a later push removed from the settings: it must still
        # reach a person.
        return self.people.get(key) or self.people[self.owner]

    def shadow_address(self, now: datetime) -> str | None:
        """Return the one address that all mail goes to at `now`; None outside of shadow mode."""
        return self.shadow.to if self.shadow is not None and now < self.shadow.until else None

    def intended_recipient(self, person: Person, now: datetime) -> str | None:
        """Return whom a mail would have gone to; None outside of shadow mode."""
        return f"{person.name} <{person.email}>" if self.shadow_address(now) else None


SETTINGS_LAG = timedelta(minutes=2)
"""For how long a function under way may still use settings that it read before a push."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All companies of a deployment; `version` grows with each push."""

    companies: tuple[Company, ...]
    version: int = 0
    pushed_at: datetime | None = None
    board_url: str | None = None

    def find(self, company: str, account_id: str) -> Account | None:
        """Return the account of that company; None when the settings no longer have it."""
        accounts = (a for c in self.companies if c.name == company for a in c.accounts)
        return next((a for a in accounts if a.id == account_id), None)

    def company(self, name: str) -> Company:
        """Return the company of that name.

        Raises:
            KeyError: the settings have no such company.
        """
        return {company.name: company for company in self.companies}[name]
