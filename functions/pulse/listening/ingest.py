"""What a page holds: mentions, replies and own posts become facts; the rest lies aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pulse.audit.entries import LogEntry, user_ids_in
from pulse.conversations.facts import ConversationKey, Fact, Mention, Reply
from pulse.kernel.posts import Post, select_mentions, select_replies
from pulse.listening.scan import TimelineScan

if TYPE_CHECKING:
    from pulse.listening.run import PollRun
    from pulse.x.parse import Page

_Aside = tuple[Any, str]
"""What came, and why it is not kept as a post."""
_NOTED = timedelta(hours=26)
"""Longer than the longest sweep reaches back."""


def ingest(page: Page, walk: TimelineScan, reading: PollRun) -> int:
    """Store what the page holds and fold it in; returns how many facts were new."""
    company = reading.company
    posts = [_named(p, walk, reading.account.id) for p in page.posts if not _forgotten(p, reading)]
    mentions = select_mentions(posts, company.account_ids)
    replies = select_replies(posts, company.account_ids)
    facts: dict[ConversationKey, list[Fact]] = defaultdict(list)
    for post in mentions:
        facts[ConversationKey(company.name, post.conversation_id, post.author_id)].append(
            _mention(post, reading)
        )
    for post in replies:
        customer = str(post.in_reply_to_user_id)
        facts[ConversationKey(company.name, post.conversation_id, customer)].append(
            _reply(post, reading)
        )
    crowded: dict[str, _Aside] = {}

    def left_out(key: ConversationKey, mention: Mention) -> None:
        raw = {"id": mention.version, "author_id": key.customer_id}
        crowded[mention.token] = raw, "the conversation is full"

    store = reading.conversations
    new = store.add(facts, company.policy, company.retention, left_out) if facts else 0

    answered = {post.version for post in replies}
    said = [
        p
        for p in posts
        if p.author_id in company.account_ids and p.version not in answered and not p.retweet
    ]
    if said:
        reading.own_posts.put(company.name, said, company.retention)
    known = [author for author in page.authors if author.id not in reading.forgotten]
    if known:
        reading.author_cache.put(known, reading.now)
    aside = [*((a.raw, a.reason) for a in page.quarantined), *crowded.values()]
    if aside:
        _put_aside(aside, reading)
    return new


def _forgotten(post: Post, reading: PollRun) -> bool:
    """Whether it is by, or answers, somebody who was forgotten since; what is newer is kept."""
    before = [reading.forgotten.get(i) for i in (post.author_id, post.in_reply_to_user_id) if i]
    return any(at is not None and post.created_at < at for at in before)


def _put_aside(aside: Iterable[_Aside], reading: PollRun) -> None:
    """Note what is not kept as a post; what is read again, as sweeps do, is noted once."""
    company, now, account = reading.company.name, reading.now, reading.account.username
    noted = [row.what for row in reading.journal.read(company, now - _NOTED, now)]
    rows = [
        LogEntry("aside", now, {"account": account, "reason": reason, "raw": raw})
        for raw, reason in aside
        if reading.forgotten.keys().isdisjoint(user_ids_in(raw))
    ]
    new = [row for row in rows if row.what not in noted]
    reading.quarantined += len(new)
    reading.journal.append(company, new, reading.company.retention)


def _named(post: Post, walk: TimelineScan, account_id: str) -> Post:
    """What stands in the mentions timeline names the account, whatever its entities say."""
    if walk.endpoint == "mentions" and walk.via == "timeline" and account_id not in post.named:
        return replace(post, named=post.named | {account_id})
    return post


def _mention(post: Post, reading: PollRun) -> Mention:
    watched_from = reading.watched_from
    return Mention(
        id=post.id,
        version=post.version,
        at=post.created_at,
        text=post.text,
        named=post.named & reading.company.account_ids,
        lang=post.lang,
        watched_from=watched_from if post.created_at < watched_from else None,
        stored_at=reading.now,
    )


def _reply(post: Post, reading: PollRun) -> Reply:
    return Reply(
        id=post.id,
        version=post.version,
        at=post.created_at,
        text=post.text,
        account_id=post.author_id,
        stored_at=reading.now,
    )
