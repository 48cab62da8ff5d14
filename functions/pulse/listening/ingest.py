"""Ingest: posts become facts of conversations, or are quarantined.

It does not matter where posts come from: polls call this, and so may any other source of posts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from pulse.audit.entries import LogEntry, user_ids_in
from pulse.audit.store import AuditLog
from pulse.authors.store import AuthorCache, ErasureList
from pulse.conversations.facts import NOBODY, ConversationKey, Fact, Mention, Reply
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.company import Account, Company
from pulse.kernel.posts import Author, Post, select_mentions, select_replies
from pulse.x.answers import Quarantined

_LOGGED_BEFORE = timedelta(hours=26)
"""Longer than the longest sweep reaches back."""


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of posts.

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


@dataclass(frozen=True, slots=True)
class IngestStores:
    """The stores that ingest writes to; made for one run."""

    conversations: ConversationStore
    authors: AuthorCache
    erasures: ErasureList
    audit_log: AuditLog
    _erased: dict[str, Mapping[str, datetime]] = field(default_factory=dict, init=False, repr=False)

    def erased_people(self, company: str) -> Mapping[str, datetime]:
        """Return when people of the company were erased, by X user id; read once a run."""
        if company not in self._erased:
            self._erased[company] = self.erasures.of_company(company)
        return self._erased[company]


def ingest(
    posts: Iterable[Post],
    source: Source,
    company: Company,
    stores: IngestStores,
    now: datetime,
    *,
    unreadable: Sequence[Quarantined] = (),
    authors: Sequence[Author] = (),
) -> Ingested:
    """Store posts and fold them into conversations; the same post may come any number of times.

    `unreadable` are posts that could not be parsed, `authors` the profiles that X sent along with
    the posts. Both are stored too.
    """
    posts = [_as_found(p, source) for p in posts if not _is_erased(p, company, stores)]
    full: dict[str, Quarantined] = {}

    def quarantine(key: ConversationKey, mention: Mention) -> None:
        # A conversation takes at most two thousand facts (D-031). What it no longer takes is
        # quarantined, and so counted and shown; its ids are enough to find it on X.
        raw = {"id": mention.version, "author_id": key.customer_id}
        full[mention.token] = Quarantined(raw, "the conversation is full")

    facts = _facts(posts, source, company, now)
    new = stores.conversations.add(facts, company, quarantine) if facts else 0
    if authors:
        erased = stores.erased_people(company.name)
        stores.authors.put([author for author in authors if author.id not in erased], now)
    to_log = [*unreadable, *full.values()]
    return Ingested(new, _log(to_log, source, company, stores, now) if to_log else 0)


def _facts(
    posts: Sequence[Post], source: Source, company: Company, now: datetime
) -> dict[ConversationKey, list[Fact]]:
    """Return mentions, then replies, then other own posts, by their conversations."""
    facts: dict[ConversationKey, list[Fact]] = defaultdict(list)
    for post in select_mentions(posts, company.account_ids):
        key = ConversationKey(company.name, post.conversation_id, post.author_id)
        named = post.named & company.account_ids
        late = source.watched_from if post.created_at < source.watched_from else None
        facts[key].append(
            Mention(post.id, post.version, post.created_at, post.text, named, post.lang, late, now)
        )
    replies = select_replies(posts, company.account_ids)
    for post in replies:
        key = ConversationKey(company.name, post.conversation_id, str(post.in_reply_to_user_id))
        facts[key].append(_reply(post, now))
    # Own posts that answer no customer are stored too, since sweeps compare what is stored of a
    # timeline with what X counts and serves of it. Retweets are in neither.
    for post in posts:
        if post.author_id in company.account_ids and post not in replies and not post.retweet:
            own = replace(_reply(post, now), named=post.named)
            facts[ConversationKey(company.name, post.id, NOBODY)].append(own)
    return facts


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


def _is_erased(post: Post, company: Company, stores: IngestStores) -> bool:
    """Return whether it is by, or answers, a person who was erased after it was published."""
    # Sweeps and resumed scans serve old posts again. What a person publishes after the erasure is
    # a new matter, and is stored: they speak to the company again.
    erased = stores.erased_people(company.name)
    before = [erased.get(i) for i in (post.author_id, post.in_reply_to_user_id) if i]
    return any(at is not None and post.created_at < at for at in before)


def _log(
    quarantined: Iterable[Quarantined],
    source: Source,
    company: Company,
    stores: IngestStores,
    now: datetime,
) -> int:
    """Log posts that are quarantined; return how many of them were not logged before."""
    # Sweeps read the same unreadable post every quarter of an hour for a day. The log's keys begin
    # with the time, so a second entry would not replace the first; it is looked for instead.
    logged = [
        entry.what for entry in stores.audit_log.read(company.name, now - _LOGGED_BEFORE, now)
    ]
    erased = stores.erased_people(company.name)
    account = source.account.username
    entries = [
        LogEntry("aside", now, {"account": account, "reason": one.reason, "raw": one.raw})
        for one in quarantined
        if erased.keys().isdisjoint(user_ids_in(one.raw))
    ]
    new = [entry for entry in entries if entry.what not in logged]
    stores.audit_log.append(company.name, new, company.retention)
    return len(new)
