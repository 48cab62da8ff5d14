"""The query language of recent search, as far as Pulse needs it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.archived_posts import ArchivedPost

MAX_QUERY = 4096
Matches = Callable[[ArchivedPost], bool]

_TOKEN = re.compile(r'\s*(-?\(|\)|-?"[^"]*"|[^\s()"]+)')
_HANDLE = re.compile(r"@([A-Za-z0-9_]{1,15})$")
_KINDS: dict[str, Matches] = {
    "retweet": lambda post: post.is_retweet,
    "reply": lambda post: post.is_reply,
    "quote": lambda post: post.is_quote,
}


class QueryError(Exception):
    """X would refuse this query; the message says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query: which posts match it, and the key of a list that has them all.

    See `ArchiveIndex.list_keys`. A query that is not `standalone` (only `is:` or exclusions) is
    refused unless it is joined to one that is.
    """

    matches: Matches
    key: str
    standalone: bool


def read_query(text: str, archive: Archive) -> Query:
    """Return the query that a text states; names in it are looked up in the archive.

    It may have `@handle`, `from:`, `to:`, `conversation_id:`, `is:retweet|reply|quote`, words,
    quoted phrases, `-`, `OR` and parentheses.

    Raises:
        QueryError: the query has anything else, or nothing but exclusions and `is:`.
    """
    if len(text) > MAX_QUERY:
        raise QueryError(f"Rule too long: {len(text)} of {MAX_QUERY} characters")
    reader = _Reader(_tokens(text), archive)
    query = reader.either()
    if reader.tokens:
        raise QueryError(f"no viable alternative at input '{reader.tokens[0]}'")
    if not query.standalone:
        raise QueryError(
            "Rule must contain at least one positive, non-standalone-only operator: "
            "an `is:` or an exclusion alone matches too much"
        )
    return query


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise QueryError(f"no viable alternative at character {at + 1}")
        tokens.append(token[1])
        at = token.end()
    return tokens


class _Reader:
    """Reads a query by recursive descent: alternatives, then terms that must all match."""

    def __init__(self, tokens: list[str], archive: Archive) -> None:
        self.tokens = tokens
        self._archive = archive

    def either(self) -> Query:
        """Return the query of the next tokens, up to a closing parenthesis or the end."""
        parts = [self._together()]
        while self.tokens and self.tokens[0] == "OR":
            self.tokens.pop(0)
            parts.append(self._together())
        if len(parts) == 1:
            return parts[0]
        keys = {part.key for part in parts}
        return Query(
            lambda post: any(part.matches(post) for part in parts),
            keys.pop() if len(keys) == 1 else "",
            all(part.standalone for part in parts),
        )

    def _together(self) -> Query:
        parts = []
        while self.tokens and self.tokens[0] not in (")", "OR"):
            parts.append(self._one())
        if not parts:
            raise QueryError("an operator is missing at the end, or beside an OR or a parenthesis")
        return Query(
            lambda post: all(part.matches(post) for part in parts),
            next((part.key for part in parts if part.key), ""),
            any(part.standalone for part in parts),
        )

    def _one(self) -> Query:
        term = self.tokens.pop(0)
        if term.startswith("-") and len(term) > 1:
            self.tokens.insert(0, term[1:])
            excluded = self._one()
            return Query(lambda post: not excluded.matches(post), "", False)
        if term == "(":
            group = self.either()
            if not self.tokens or self.tokens.pop(0) != ")":
                raise QueryError("a parenthesis is not closed")
            return group
        if handle := _HANDLE.match(term):
            return self._key(f"@{handle[1].lower()}")
        operator, colon, value = term.partition(":")
        if term.startswith('"') or not colon:
            return _words(term.strip('"'))
        return self._operator(operator.lower(), value)

    def _operator(self, operator: str, value: str) -> Query:
        if operator == "from":
            return self._key(f"from:{self._user(value)}")
        if operator == "to":
            user = self._user(value)
            return Query(lambda post: post.in_reply_to_user_id == user, "", True)
        if operator == "conversation_id":
            return self._key(f"conversation_id:{value}")
        if operator == "is" and value in _KINDS:
            return Query(_KINDS[value], "", False)
        raise QueryError(f"Reference to invalid operator '{operator}:{value}'")

    def _user(self, name: str) -> str:
        if not name:
            raise QueryError("a user is missing after from: or to:")
        user = self._archive.user_named(name.removeprefix("@"))
        return str(user["id"]) if user else name

    def _key(self, key: str) -> Query:
        keys = self._archive.index.list_keys
        return Query(lambda post: key in keys(post), key, True)


def _words(text: str) -> Query:
    if not text.strip():
        raise QueryError("an empty phrase")
    phrase = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE)
    return Query(lambda post: phrase.search(html.unescape(post.text)) is not None, "", True)
