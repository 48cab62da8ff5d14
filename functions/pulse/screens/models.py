"""View models of mails: what a mail says, before it has a language and a layout.

Each has `template`, the name of its words in templates/words and of its layout in templates/email.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pulse.kernel.company import Period
from pulse.kernel.posts import Author
from pulse.listening.scan import Endpoint
from pulse.reporting.report import Report


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """One post of a thread; `ours` when one of the company's accounts wrote it."""

    who: Author
    text: str
    at: datetime
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A customer who waits. `mentions` counts the customer's mentions that wait for an answer."""

    customer: Author
    post_id: str
    text: str
    since: datetime
    waited: timedelta
    level: str | None
    """Highest level raised for this wait; `top` says that it is the policy's highest."""
    top: bool
    mentions: int
    accounts: tuple[str, ...]
    """Usernames of the company's accounts that were named."""
    taken_by: str | None = None
    snoozed_until: datetime | None = None
    thread: tuple[ThreadPost, ...] = ()
    """The other posts of the conversation, oldest first."""

    @property
    def reply_url(self) -> str:
        """The address that opens X with a reply to this post begun."""
        return f"https://x.com/intent/post?in_reply_to={self.post_id}"

    @property
    def tone(self) -> str:
        """Its colour: `red` for the highest level, then `amber`, then `quiet`."""
        if self.top:
            return "red"
        return "quiet" if self.level in {None, "warning"} else "amber"


@dataclass(frozen=True, slots=True)
class AlertMail:
    """The worst cards, and how many more wait; `reminder` counts reminders, 0 for a first alert."""

    template: ClassVar = "alert"
    company: str
    at: datetime
    cards: tuple[Card, ...]
    more: int
    levels: dict[str, int]
    """How many of all who wait have reached which level, worst first."""
    longest: timedelta
    reminder: int = 0
    unread: tuple[str, ...] = ()
    """Usernames of accounts whose own posts could not be read: customers may be answered."""
    meant_for: str | None = None
    """In shadow mode: whom it would have gone to."""
    board_url: str | None = None


@dataclass(frozen=True, slots=True)
class FaultMail:
    """A fault that only a person can fix; `kind` chooses the words (templates/advice)."""

    template: ClassVar = "trouble"
    company: str
    at: datetime
    kind: Literal[
        "token", "forbidden", "credits", "usage_cap", "account", "request",
        "address", "bounce", "complaint", "compliance", "unchecked",
    ]  # fmt: skip
    subject: str
    """The username of the account, or the address, that it is about."""
    detail: str
    """What X or SES said, verbatim, without secrets."""
    meant_for: str | None = None
    endpoint: Endpoint = "mentions"
    """Which timeline of the account is not read."""


@dataclass(frozen=True, slots=True)
class ProbeMail:
    """A test mail; `to` is the name of the person whom it should reach."""

    template: ClassVar = "probe"
    company: str
    at: datetime
    to: str


@dataclass(frozen=True, slots=True)
class DigestMail:
    """A report as one person's digest; the template says in which order it is shown."""

    template: ClassVar = "digest"
    company: str
    """The company's title in the person's language."""
    period: Period
    report: Report
    cards: tuple[Card, ...]
    """The worst of those who wait, at most five."""
    meant_for: str | None = None
    """In shadow mode: whom it would have gone to."""
    board_url: str | None = None

    @property
    def at(self) -> datetime:
        """The moment as of which it says who waits."""
        return self.report.at


AnyMail = AlertMail | FaultMail | ProbeMail | DigestMail
