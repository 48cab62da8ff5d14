"""Checks a token: its owner, what it is allowed to do, and what reading with it costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import requests

from pulse.kernel.posts import Author
from pulse.listening.scan import SEARCH_LAG
from pulse.listening.timeline import search_query
from pulse.x.access import PageRequest, Token, Vocabulary
from pulse.x.answers import Page
from pulse.x.client import XClient
from pulse.x.faults import XError
from pulse_cli.errors import CommandError
from pulse_cli.x_access import prices
from pulse_cli.x_access.connection import Quota, RecordingAdapter, describe_x_error

__all__ = ["TimelineSample", "TokenReport", "check_token"]

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MONTH = 30
"""Days, for estimates."""


@dataclass(frozen=True, slots=True)
class TimelineSample:
    """The newest page of a timeline, with posts of the last week; `days` is the time it spans."""

    posts: int
    authors: int
    days: float

    @property
    def per_day(self) -> float:
        """How many posts there are a day, on average."""
        return self.posts / self.days


@dataclass(frozen=True, slots=True)
class TokenReport:
    """What a token can be used for.

    `refused` has what it is not allowed to do and does not need to, by endpoint, with the reason.
    """

    account: Author
    owner: Author | None
    """The owner of a user token; None for a bearer."""
    token: Token = field(repr=False)
    access: str | None
    mentions: TimelineSample
    posts: TimelineSample
    quotas: dict[str, Quota]
    refused: dict[str, str]
    cost: float
    """What X bills for the test itself, in USD, at most."""

    @property
    def is_owned(self) -> bool:
        """Whether the token is the account's own, so that reads may have the lower price."""
        return self.owner is not None and self.owner.id == self.account.id

    @property
    def post_price(self) -> float:
        """The price of a post, in USD."""
        return prices.OWNED_POST if self.is_owned else prices.POST

    @property
    def monthly_cost(self) -> tuple[float, float]:
        """USD a month at the sample's volume: for posts, and at most for customers' names."""
        a_day = self.mentions.per_day + self.posts.per_day
        customers = self.mentions.authors / self.mentions.days * _MONTH
        return a_day * _MONTH * self.post_price, customers * prices.USER


def check_token(
    username: str,
    token: Token,
    base_adapter: requests.adapters.BaseAdapter | None,
    now: datetime,
    on_step: Callable[[str], None],
) -> TokenReport:
    """Ask X for everything that Pulse will ask for, and return what the token can be used for.

    `base_adapter` is the transport to X, None for the real one. `on_step` is called with the name
    of each step. A token that cannot search or count is no error.

    Raises:
        CommandError: X does not answer, does not know the account, or does not let the token read
            its timelines.
    """
    adapter = RecordingAdapter(base_adapter)
    x = XClient(lambda: token, adapter)
    try:
        return _TokenCheck(username, token, x, adapter, now, on_step).run()
    except XError as error:
        raise CommandError(describe_x_error(error, username)) from error
    finally:
        adapter.close()


@dataclass(slots=True)
class _TokenCheck:
    username: str
    token: Token
    x: XClient
    adapter: RecordingAdapter
    now: datetime
    on_step: Callable[[str], None]
    refused: dict[str, str] = field(default_factory=dict)
    billed: float = 0.0

    def run(self) -> TokenReport:
        """Ask X step by step, and return the report.

        Raises:
            XError: X did not answer a request that Pulse cannot do without.
        """
        self.on_step(f"who @{self.username} is")
        account = self.x.user(self.username)
        self.billed += prices.USER
        owner = None
        if self.token.is_user:
            self.on_step("who the token belongs to")
            owner = self.x.me()
            self.billed += prices.USER
        self.on_step("a page of mentions")
        week = PageRequest(start=self.now - _WEEK)
        mentions = self.x.mentions(account.id, week)
        self.on_step("a page of its own posts")
        posts = self.x.posts(account.id, week._replace(vocabulary=mentions.vocabulary))
        self.on_step("search and counts")
        found = self._search(mentions.vocabulary)
        self._count()
        report = TokenReport(
            account,
            owner,
            self.token,
            self.adapter.access,
            self._sample(mentions),
            self._sample(posts),
            dict(self.adapter.quotas),
            self.refused,
            self.billed + found * prices.POST,
        )
        timelines = mentions.served + posts.served
        return replace(report, cost=report.cost + timelines * report.post_price)

    def _sample(self, page: Page) -> TimelineSample:
        # If there are more pages, this one does not reach back a week: it spans the time since its
        # oldest post. Otherwise it spans the whole week, however old its oldest post is.
        days = _WEEK / _DAY
        if page.next_token and page.posts:
            oldest = min(post.created_at for post in page.posts)
            days = max((self.now - oldest) / _DAY, _MINUTE / _DAY)
        return TimelineSample(page.served, len({post.author_id for post in page.posts}), days)

    def _search(self, vocabulary: Vocabulary) -> int:
        """Search one minute, which costs little or nothing; return how many posts X served."""
        end = self.now - SEARCH_LAG
        query = search_query("mentions", self.username)
        try:
            request = PageRequest(start=end - _MINUTE, end=end, vocabulary=vocabulary)
            page = self.x.search(query, request)
        except XError as error:
            self.refused["search"] = describe_x_error(error, self.username)
            return 0
        return page.served

    def _count(self) -> None:
        end = self.now - SEARCH_LAG
        try:
            found = self.x.counts(search_query("mentions", self.username), end - _MINUTE, end)
        except XError as error:
            self.refused["counts"] = describe_x_error(error, self.username)
            return
        if found is None:
            self.refused["counts"] = "X provides counts for a bearer token only"
        else:
            self.billed += prices.COUNT_REQUEST
