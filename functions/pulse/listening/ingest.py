"""Ingest: posts become facts of conversations, or are quarantined.

It does not matter where posts come from: polls call this, and so may any other source of posts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from pulse.audit.entries import LogEntry, user_ids_in
from pulse.audit.store import AuditLog
from pulse.authors.store import AuthorCache, ErasureList
from pulse.conversations.facts import NOBODY, ConversationKey, Fact, Mention, Reply
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.company import Account, Company
from pulse.kernel.posts import Post
from pulse.x.answers import Page, Quarantined

_LOGGED_BEFORE = timedelta(hours=26)
"""Longer than the longest sweep reaches back."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where posts come from.

    `account` is the company's account for which they were found. `in_mentions` says that they are
    in its mentions timeline, and so name it whatever their entities say. Waits that began before
    `watched_from` raise no alert: Pulse did not watch the account then.
    """

    account: Account
    watched_from: datetime
    in_mentions: bool = False


class Ingested(NamedTuple):
    """The number of facts that were new, and of posts that were newly quarantined."""

    new: int
    quarantined: int


@dataclass(frozen=True)
class Ingest:
    """Stores posts of one company; made for one run, which asks once who was erased."""

    company: Company
    conversations: ConversationStore
    authors: AuthorCache
    erasures: ErasureList
    audit_log: AuditLog
    now: datetime

    def store(self, page: Page, source: Source) -> Ingested:
        """Store posts and fold them into conversations; the same post may come any number of times.

        What could not be parsed, and the profiles that came along with the posts, are stored too.
        """
        posts = [_as_found(post, source) for post in page.posts if not self._is_erased(post)]
        full: dict[str, Quarantined] = {}

        def quarantine(key: ConversationKey, mention: Mention) -> None:
            # A conversation takes at most two thousand facts (D-031). What it no longer takes is
            # quarantined, and so counted and shown; its ids are enough to find it on X.
            raw = {"id": mention.version, "author_id": key.customer_id}
            full[mention.token] = Quarantined(raw, "the conversation is full")

        facts = self._facts(posts, source)
        new = self.conversations.add(facts, self.company, quarantine) if facts else 0
        if page.authors:
            self.authors.put([a for a in page.authors if a.id not in self._erased], self.now)
        to_log = [*page.quarantined, *full.values()]
        return Ingested(new, self._log(to_log, source.account) if to_log else 0)

    def _facts(self, posts: Sequence[Post], source: Source) -> dict[ConversationKey, list[Fact]]:
        """Return mentions, then replies, then other own posts, by their conversations."""
        facts: dict[ConversationKey, list[Fact]] = defaultdict(list)
        ours, now = self.company.account_ids, self.now
        for p in (post for post in posts if post.is_mention_of(ours)):
            key = ConversationKey(self.company.name, p.conversation_id, p.author_id)
            late = source.watched_from if p.created_at < source.watched_from else None
            facts[key].append(
                Mention(p.id, p.version, p.created_at, p.text, p.named & ours, p.lang, late, now)
            )
        for p in (post for post in posts if post.is_reply_of(ours)):
            key = ConversationKey(self.company.name, p.conversation_id, str(p.in_reply_to_user_id))
            facts[key].append(_reply(p, now))
        # Own posts that answer no customer are stored too, since sweeps compare what is stored of a
        # timeline with what X counts and serves of it. Retweets are in neither.
        for p in posts:
            if p.author_id in ours and not (p.retweet or p.is_reply_of(ours)):
                own = replace(_reply(p, now), named=p.named)
                facts[ConversationKey(self.company.name, p.id, NOBODY)].append(own)
        return facts

    @cached_property
    def _erased(self) -> Mapping[str, datetime]:
        """When people of the company were erased, by X user id."""
        return self.erasures.of_company(self.company.name)

    def _is_erased(self, post: Post) -> bool:
        """Return whether it is by, or answers, a person who was erased after it was published."""
        # Sweeps and resumed scans serve old posts again. What a person publishes after the erasure
        # is a new matter, and is stored: they speak to the company again.
        before = [self._erased.get(i) for i in (post.author_id, post.in_reply_to_user_id) if i]
        return any(at is not None and post.created_at < at for at in before)

    def _log(self, quarantined: Iterable[Quarantined], account: Account) -> int:
        """Log posts that are quarantined; return how many of them were not logged before."""
        # Sweeps read the same unreadable post every quarter of an hour for a day. The log's keys
        # begin with the time, so a second entry would not replace the first; it is looked for
        # instead.
        company, now = self.company, self.now
        before = self.audit_log.read(company.name, now - _LOGGED_BEFORE, now)
        logged = [entry.what for entry in before]
        what = [
            {"account": account.username, "reason": one.reason, "raw": one.raw}
            for one in quarantined
            if self._erased.keys().isdisjoint(user_ids_in(one.raw))
        ]
        new = [LogEntry("aside", now, one) for one in what if one not in logged]
        self.audit_log.append(company.name, new, company.retention)
        return len(new)


def _reply(post: Post, now: datetime) -> Reply:
    return Reply(post.id, post.version, post.created_at, post.text, post.author_id, now)


def _as_found(post: Post, source: Source) -> Post:
    """Return the post; if it was found in the mentions timeline, it names the account."""
    # X puts a post into the timeline by rules of its own, and some posts in it have no entities:
    # old long posts, or replies to a post that names the account. X's word decides, or a customer
    # whom X shows to the account would not be seen by Pulse.
    if source.in_mentions and source.account.id not in post.named:
        return replace(post, named=post.named | {source.account.id})
    return post
