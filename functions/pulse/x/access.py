"""What opens X for us, and how often it lets us in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

_PART = re.compile(r"[A-Za-z0-9._~:+/%=-]+")

Vocabulary = Literal["tweet", "post"]
"""The words X is asked in: those up to spec 2.166, or those from 2.167 on."""
_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A bearer, the four parts of OAuth 1.0a, or both. Never printed.

    Timelines are read for the user where there is one; counts only ever by the bearer.
    ValueError for what is no token; it does not say what was given.
    """

    bearer: str | None = None
    consumer_key: str | None = None
    consumer_secret: str | None = None
    access_token: str | None = None
    access_token_secret: str | None = None

    def __post_init__(self) -> None:
        """Of a user's four parts there are all or none, and each is as X writes them."""
        of_user = (
            self.consumer_key,
            self.consumer_secret,
            self.access_token,
            self.access_token_secret,
        )
        given = [part for part in (self.bearer, *of_user) if part is not None]
        if not given or (any(of_user) and not all(of_user)):
            raise ValueError("a token is a bearer, the four parts of a user's, or both")
        if not all(isinstance(part, str) and may_be_part(part) for part in given):
            raise ValueError("a part of a token holds what no token holds")

    @property
    def is_user(self) -> bool:
        """Whether it speaks for one account (limits of its own, `me` works)."""
        return self.access_token is not None


def may_be_part(text: str) -> bool:
    """Whether all its signs are such as stand in tokens; HTML and JSON leave these as they are."""
    return _PART.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Limit:
    """What the last answer said of an endpoint's rate limit."""

    remaining: int
    reset: datetime

    def allows(self, now: datetime) -> bool:
        """Whether one more request may be made."""
        return self.remaining > 0 or now >= self.reset

    def capped(self, now: datetime) -> Limit:
        """The same, ending within the quarter of an hour that is the most X's limits hold."""
        return replace(self, reset=min(self.reset, now + _WINDOW))


class Bounds(NamedTuple):
    """What limits a reading: posts after and before these ids, from and until these times."""

    since_id: str | None = None
    until_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
