"""What is published on X, as Pulse sees it, in words of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

RemovalReason = Literal["deleted", "bounced", "protected", "suspended", "deactivated", "other"]
"""Why X does not show a post any more."""
_X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)
_EDIT_WINDOW = timedelta(hours=2)
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Post:
    """A post on X.

    `id` is the first id of its edit history and never changes; `version` is the id
    of the text held here. `text` is plain: not cut, not HTML-escaped.
    """

    id: str
    version: str
    text: str
    author_id: str
    conversation_id: str
    created_at: datetime
    in_reply_to_user_id: str | None = None
    replied_to: str | None = None
    retweet: bool = False
    named: frozenset[str] = field(default=frozenset())
    """Ids of the users it names."""
    lang: str = "und"

    def is_from_future(self, now: datetime) -> bool:
        """Whether its id is ahead of the clock."""
        return is_from_future(self.version, now)


@dataclass(frozen=True, slots=True)
class Author:
    """Who published a post: what must be shown beside its text."""

    id: str
    username: str | None = None
    name: str | None = None

    @property
    def url(self) -> str:
        """The author's page on X."""
        return f"https://x.com/{self.username}" if self.username else user_url(self.id)


def post_url(post_id: str) -> str:
    """The address of a post; X redirects to its author's page."""
    return f"https://x.com/i/web/status/{post_id}"


def user_url(user_id: str) -> str:
    """The page of a user of whom only the id is known."""
    return f"https://x.com/i/user/{user_id}"


def first_published_at(first_id: str, version: str, created_at: datetime) -> datetime:
    """When the post was first published: an edited post carries the time of its edit.

    The first id holds the time of the first version, which is believed when it lies within
    the window in which X allows edits.
    """
    if first_id == version:
        return created_at
    told = time_of_id(first_id)
    return told if created_at - _EDIT_WINDOW <= told <= created_at else created_at


def time_of_id(post_id: str) -> datetime:
    """The time in an id of X: milliseconds above bit 22."""
    return _X_EPOCH + timedelta(milliseconds=int(post_id) >> 22)


def is_from_future(post_id: str, now: datetime) -> bool:
    """Whether an id holds a time that has not come yet, as no id of X does."""
    return time_of_id(post_id) > now + _CLOCKS_DIFFER


def select_mentions(posts: Iterable[Post], account_ids: frozenset[str]) -> list[Post]:
    """Posts by somebody else that name one of the accounts; retweets are none."""
    return [
        p
        for p in posts
        if p.named & account_ids and p.author_id not in account_ids and not p.retweet
    ]


def select_replies(posts: Iterable[Post], account_ids: frozenset[str]) -> list[Post]:
    """Posts by one of the accounts that answer a post of a customer."""
    return [
        p
        for p in posts
        if p.author_id in account_ids
        and p.in_reply_to_user_id is not None
        and p.in_reply_to_user_id not in account_ids
        and not p.retweet
    ]
