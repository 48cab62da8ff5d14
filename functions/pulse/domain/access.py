"""What opens X for us, and how often it lets us in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Vocabulary = Literal["tweet", "post"]
"""The words X is asked in: those up to spec 2.166, or those from 2.167 on."""
_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A bearer, the four parts of OAuth 1.0a, or both. Never printed.

    Timelines are read for the user where there is one; counts only ever by the bearer.
    """

    bearer: str | None = None
    consumer_key: str | None = None
    consumer_secret: str | None = None
    access_token: str | None = None
    access_token_secret: str | None = None

    @property
    def is_user(self) -> bool:
        """Whether it speaks for one account (limits of its own, `me` works)."""
        return self.access_token is not None


@dataclass(frozen=True, slots=True)
class Limit:
    """What the last answer said of an endpoint's rate limit."""

    remaining: int
    reset: datetime

    def lets(self, now: datetime) -> bool:
        """Whether one more request may be made."""
        return self.remaining > 0 or now >= self.reset

    def credible(self, now: datetime) -> Limit:
        """The same, ending within the quarter of an hour that is the most X's limits hold."""
        return replace(self, reset=min(self.reset, now + _WINDOW))
