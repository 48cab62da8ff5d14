"""What a mail says, before it is put into a language and a layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from pulse.incidents.surge import Surge
from pulse.kernel.company import Period, Role
from pulse.kernel.posts import Author
from pulse.listening.scan import Endpoint
from pulse.reporting.coverage import Coverage
from pulse.reporting.stats import PeriodStats


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
    """The worst cards (at most 50) and how many more; `reminder` > 0 for a reminder."""

    company: str
    at: datetime
    cards: tuple[Card, ...]
    more: int
    levels: dict[str, int]
    """How many of all of them reached which level, worst first."""
    longest: timedelta
    reminder: int = 0
    unread: tuple[str, ...] = ()
    """Usernames of accounts whose own posts could not be read: may be answered already."""
    meant_for: str | None = None
    """In shadow mode: whom it would have gone to."""
    board_url: str | None = None


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
class AccountFigures:
    """One account's share of the period; the median is in seconds."""

    username: str
    role: Role
    received: int
    answered: int
    first_response_median: float | None


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour of the recipient's day: mentions received, and those of them covered."""

    hour: int
    received: int
    answered: int


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day of a longer digest; no figures of one that nothing is known of."""

    day: date
    received: int | None = None
    answered: int | None = None
    first_response_median: float | None = None
    silent_share: float | None = None
    """Share of the mentions that nothing had covered by the end of the period."""


@dataclass(frozen=True, slots=True)
class DigestMail:
    """All that a digest shows; see the sections of the template."""

    company: str
    period: Period
    start: datetime
    end: datetime
    at: datetime
    waiting: int
    longest: timedelta | None
    critical: int
    cards: tuple[Card, ...]
    """The worst, at most five."""
    buckets: tuple[int, ...]
    """Open now by age: 0-15 min, 15-60 min, 1-4 h, 4-24 h, over 24 h."""
    now: PeriodStats
    before: PeriodStats | None
    """The stretch before, of the same length; None when not all of it is known."""
    target: float
    accounts: tuple[AccountFigures, ...]
    hours: tuple[HourFigures, ...]
    watch: Coverage
    known_from: datetime
    """From when on anything is known."""
    happening: Surge | None = None
    trend: tuple[DayFigures, ...] = ()
    """Weekly and monthly digests: one row a day."""
    night: PeriodStats | None = None
    """Weekly and monthly: what came between 22:00 and 08:00 local time; `day` the rest."""
    day: PeriodStats | None = None
    meant_for: str | None = None
    board_url: str | None = None
    settings_url: str | None = None
    unsubscribe_url: str | None = None
    first: bool = False
    """The first one after Pulse came: older waits were taken in without an alert."""
    unread: tuple[str, ...] = ()
    """Usernames of accounts whose own posts could not be read: may be answered already."""
    notes: tuple[str, ...] = field(default=())

    @property
    def counted_from(self) -> datetime:
        """From when on its figures count: its start, or when anything began to be known."""
        return max(self.start, min(self.known_from, self.end))
