"""What a mail says, before it is put into a language and a layout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pulse.conversations.facts import ConversationKey
from pulse.kernel.company import Period
from pulse.kernel.posts import Author
from pulse.listening.scan import Endpoint
from pulse.reporting.report import Report


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """One post of a thread: ours when `ours`."""

    who: Author
    text: str
    at: datetime
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A customer who waits. `said` counts the customer's messages that wait."""

    customer: Author
    post_id: str
    text: str
    lang: str
    since: datetime
    waited: timedelta
    level: str | None
    """Highest level told of this wait; `top` says that it is the policy's highest."""
    top: bool
    said: int
    accounts: tuple[str, ...]
    """Usernames of ours that were named."""
    taken_by: str | None = None
    snoozed_until: datetime | None = None
    thread: tuple[ThreadPost, ...] = ()
    """What was said before and after, oldest first, without the post itself."""

    @property
    def reply_url(self) -> str:
        """Opens X with an answer to this post begun."""
        return f"https://x.com/intent/post?in_reply_to={self.post_id}"


@dataclass(frozen=True, slots=True)
class AlertMail:
    """The worst cards (at most 50) and how many more; `again` > 0 for a reminder."""

    company: str
    at: datetime
    cards: tuple[Card, ...]
    more: int
    levels: dict[str, int]
    """How many of all of them reached which level, worst first."""
    longest: timedelta
    again: int = 0
    unread: tuple[str, ...] = ()
    """Usernames of accounts whose own posts could not be read: may be answered already."""
    meant_for: str | None = None
    """In shadow mode: whom it would have gone to."""
    board_url: str | None = None
    standing: frozenset[ConversationKey] = frozenset()
    """Of the conversations that it was to tell of, those that are still kept."""


@dataclass(frozen=True, slots=True)
class FaultMail:
    """Something only a person can mend. `kind` chooses the words."""

    company: str
    at: datetime
    kind: Literal[
        "token", "forbidden", "credits", "usage_cap", "account", "request",
        "address", "bounce", "complaint", "compliance", "unchecked",
    ]  # fmt: skip
    subject: str
    """What it is about: an account's username or an address."""
    detail: str
    """What X or SES said, verbatim, without secrets."""
    meant_for: str | None = None
    endpoint: Endpoint = "mentions"
    """What of an account is not read."""


@dataclass(frozen=True, slots=True)
class TestMail:
    """A test mail, and whom it should reach."""

    company: str
    at: datetime
    to: str


@dataclass(frozen=True, slots=True)
class DigestMail:
    """A report as one person's digest; the template says in which order it is shown."""

    company: str
    """The company's title in the person's language."""
    period: Period
    report: Report
    cards: tuple[Card, ...]
    """The worst of those who wait, at most five."""
    meant_for: str | None = None
    """In shadow mode: whom it would have gone to."""
    board_url: str | None = None
    settings_url: str | None = None
    unsubscribe_url: str | None = None

    @property
    def at(self) -> datetime:
        """The moment as of which it says who waits."""
        return self.report.at

    @property
    def is_long(self) -> bool:
        """Whether it also shows days one by one, and nights apart from days."""
        return self.period in {"weekly", "monthly"}
