"""Access to X: tokens, rate limits, and the bounds of a request."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

_PART = re.compile(r"[A-Za-z0-9._~:+/%=-]+")

Vocabulary = Literal["tweet", "post"]
"""The names that X has for its parameters: those up to spec 2.166, or those from 2.167 on."""
_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A bearer, the four parts of an OAuth 1.0a user token, or both. It is never printed.

    Timelines are read as the user where there is one; posts are counted as the app, by the bearer,
    since X counts for apps only (D-007).

    Raises:
        ValueError: the parts are no token; the message does not quote them.
    """

    bearer: str | None = None
    consumer_key: str | None = None
    consumer_secret: str | None = None
    access_token: str | None = None
    access_token_secret: str | None = None

    def __post_init__(self) -> None:
        bearer, *of_user = astuple(self)
        given = [part for part in (bearer, *of_user) if part is not None]
        if not given or (any(of_user) and not all(of_user)):
            raise ValueError("a token is a bearer, the four parts of a user's, or both")
        if not all(isinstance(part, str) and may_be_part(part) for part in given):
            raise ValueError("a part of a token holds what no token holds")

    @property
    def is_user(self) -> bool:
        """Whether it is the token of one account, with limits of its own."""
        return self.access_token is not None

    @property
    def parts(self) -> dict[str, str]:
        """The parts that there are, by name. All of them are secrets."""
        return {name: part for name in self.__slots__ if (part := getattr(self, name)) is not None}


def may_be_part(text: str) -> bool:
    """Return whether the text has only characters of tokens, which HTML and JSON do not escape."""
    # A redactor looks for a token as it is. Were other characters allowed, an answer could repeat
    # the token escaped in some way that nobody thought of.
    return _PART.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Limit:
    """The rate limit of one endpoint, for one token, as an answer's headers state it."""

    remaining: int
    reset: datetime

    def allows(self, now: datetime) -> bool:
        """Return whether one more request may be made."""
        return self.remaining > 0 or now >= self.reset

    def capped(self, now: datetime) -> Limit:
        """Return this limit, with a reset at most 15 minutes from now, X's longest window."""
        # A header with a wrong time must not keep an account unread for hours.
        return replace(self, reset=min(self.reset, now + _WINDOW))


class PageRequest(NamedTuple):
    """What is asked of a timeline or of search.

    Posts after and before these ids, from and until these times; `token` is that of the page.
    """

    since_id: str | None = None
    until_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    token: str | None = None
    vocabulary: Vocabulary = "tweet"
