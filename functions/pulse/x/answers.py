"""Answers of X: what was asked for, and with it the rate limit and how many posts were served."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulse.kernel.posts import Author, Post, RemovalReason
from pulse.x.access import Limit, Vocabulary
from pulse.x.faults import XError

_ID = re.compile("[0-9]{1,19}")


def as_object(value: Any) -> dict[str, Any]:
    """Return a JSON value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a JSON value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a JSON list; anything else in it, or in its place, is ignored."""
    return [one for one in as_list(value) if isinstance(one, dict)]


def is_id(value: Any) -> bool:
    """Return whether a value is an id as X writes them: a string of at most 19 ASCII digits."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something that X served in place of a post and that could not be read as one, and why.

    If it is too large to be stored, `raw` has its ids and its beginning, under `cut`.
    """

    raw: Any
    reason: str

    @property
    def id(self) -> str | None:
        """Its id, where that at least can be read."""
        found = as_object(self.raw).get("id")
        return found if is_id(found) else None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of posts, newest first as X serves them.

    `vocabulary` is the one that X understood; the next request is best made in it.
    """

    posts: tuple[Post, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    authors: tuple[Author, ...] = ()
    next_token: str | None = None
    served: int = 0
    """Posts served, readable or not: X bills both."""
    limit: Limit | None = None
    vocabulary: Vocabulary = "tweet"


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of posts that match a query, by minute; minutes without any are left out."""

    by_minute: Mapping[datetime, int]
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer about posts that X was asked for by id, as far as X did answer.

    `absent` has the posts that X says it does not show any more, and why; a post that is neither
    served nor absent is merely missing. `error` is what ended the look-up early, None when all
    `requested` ids were looked up: posts `served` until then are billed all the same.
    """

    absent: Mapping[str, RemovalReason]
    requested: int
    served: int
    limit: Limit | None = None
    error: XError | None = None
