"""The accounts of `pulse try`, and the settings that it runs with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulse.kernel.company import Language
from pulse.kernel.posts import Author
from pulse.x.client import XClient
from pulse.x.faults import XError
from pulse_cli.errors import CommandError
from pulse_cli.settings.defaults import default_settings
from pulse_cli.settings.formats import format_duration
from pulse_cli.x_access.connection import describe_x_error

__all__ = ["READER", "TrialAccounts", "find_accounts"]

READER = "manager"
"""Who gets the digest."""


@dataclass(frozen=True, slots=True)
class TrialAccounts:
    """The accounts as X knows them; `owner` is the owner of a user token, None for a bearer."""

    support: tuple[Author, ...]
    official: tuple[Author, ...]
    owner: Author | None

    @property
    def accounts(self) -> tuple[Author, ...]:
        """All accounts, those of the role `support` first."""
        return (*self.support, *self.official)

    @property
    def name(self) -> str:
        """The company's name in the settings: the handle of the first account."""
        return self.support[0].username or self.support[0].id

    def settings(self, language: Language, time_zone: str, hours: int) -> dict[str, Any]:
        """Return settings for one company with these accounts; the look-back is `hours`."""
        accounts = [
            {"id": a.id, "username": a.username, "role": role}
            for role, authors in (("support", self.support), ("official", self.official))
            for a in authors
        ]
        document = default_settings([{"name": self.name, "accounts": accounts}])
        titled = (*self.official, *self.support)[0]
        document["companies"][0] |= {
            "title": titled.name or self.name,
            "language": language,
            "time_zone": time_zone,
            "look_back": format_duration(timedelta(hours=hours)),
        }
        return document


def find_accounts(
    x: XClient, support: Sequence[str], official: Sequence[str], *, is_user: bool
) -> TrialAccounts:
    """Ask X for the accounts of the handles and for the owner of the token.

    Raises:
        CommandError: X did not answer, or knows no such account.
    """
    found: dict[str, Author] = {}
    for handle in dict.fromkeys((*support, *official)):
        try:
            found[handle] = x.user(handle)
        except XError as error:
            raise CommandError(describe_x_error(error, handle)) from error
    try:
        owner = x.me() if is_user else None
    except XError as error:
        raise CommandError(describe_x_error(error, support[0])) from error
    by_id = {found[handle].id: found[handle] for handle in support}
    others = {found[handle].id: found[handle] for handle in official}
    news = tuple(author for number, author in others.items() if number not in by_id)
    return TrialAccounts(tuple(by_id.values()), news, owner)
