"""What is published on X, as Pulse sees it: independent of how X spells it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

RemovalReason = Literal["deleted", "bounced", "protected", "suspended", "deactivated", "other"]
"""Why X no longer shows a post."""
_X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)
_EDIT_WINDOW = timedelta(hours=2)
"""More than the hour for which X lets authors edit a post."""
_CLOCKS_DIFFER = timedelta(hours=1)
"""By how much our clock may be behind that of X, at most."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post on X.

    `id` is the first id of its edit history and never changes; `version` is the id of the text in
    `text`, which is plain: not cut, not HTML-escaped.
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

    def is_mention_of(self, account_ids: frozenset[str]) -> bool:
        """Return whether somebody else names one of the accounts in it; a retweet does not."""
        by_another = self.author_id not in account_ids and not self.retweet
        return by_another and not self.named.isdisjoint(account_ids)

    def is_reply_of(self, account_ids: frozenset[str]) -> bool:
        """Return whether one of the accounts answers a customer in it; a retweet does not."""
        is_own = self.author_id in account_ids and not self.retweet
        return is_own and self.in_reply_to_user_id not in (None, *account_ids)


@dataclass(frozen=True, slots=True)
class Author:
    """Who published a post: what is shown beside its text."""

    id: str
    username: str | None = None
    name: str | None = None

    @property
    def url(self) -> str:
        """The address of the author's page on X."""
        return f"https://x.com/{self.username}" if self.username else user_url(self.id)


def post_url(post_id: str) -> str:
    """Return the address of a post; X redirects it to one below its author's page."""
    return f"https://x.com/i/web/status/{post_id}"


def user_url(user_id: str) -> str:
    """Return the address of the page of a user of whom only the id is known."""
    return f"https://x.com/i/user/{user_id}"


def first_published_at(first_id: str, version: str, created_at: datetime) -> datetime:
    """Return when the first version of a post was published.

    `created_at` is the time of the version with the id `version`.
    """
    if first_id == version:
        return created_at
    # X gives an edited post the time of its edit, but the customer waits since the first version.
    # Its id holds that time. It is believed only where X allows an edit: an id that means anything
    # else, as those of recorded or made-up posts may, must not move a wait by years.
    in_id = time_of_id(first_id)
    return in_id if created_at - _EDIT_WINDOW <= in_id <= created_at else created_at


def time_of_id(post_id: str) -> datetime:
    """Return the time in an id of X: milliseconds since X's epoch, above bit 22."""
    return _X_EPOCH + timedelta(milliseconds=int(post_id) >> 22)


def is_from_future(post_id: str, now: datetime) -> bool:
    """Return whether an id holds a time that has not come yet, as no id of X does."""
    # Such an id must never become a high-water mark: nothing that follows would be newer than it,
    # and the account would look quiet for ever.
    return time_of_id(post_id) > now + _CLOCKS_DIFFER
