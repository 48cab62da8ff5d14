"""Writes stored posts as X API v2 objects, the lines of a post archive."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pulse.conversations.facts import Mention, Reply
from pulse.conversations.store.codec import fact_of, is_fact, key_from_pk
from pulse.dynamodb import keys

if TYPE_CHECKING:
    from pulse.dynamodb.codec import Item
    from pulse.kernel.company import Company

__all__ = ["archive_post_of"]

Json = dict[str, Any]


def archive_post_of(item: Item, company: Company) -> Json | None:
    """Return the post that an item of the index by day holds; None if it holds none.

    `visible_at` is when Pulse stored it. The post that it replies to and its metrics are missing,
    since they are not stored.
    """
    fact = fact_of(item) if is_fact(item) else None
    if isinstance(fact, Mention):
        key = key_from_pk(item["pk"])
        author, more = key.customer_id, {"lang": fact.lang, **_mentions(fact.named, company)}
    elif isinstance(fact, Reply):
        key = key_from_pk(item["pk"])
        author, more = fact.account_id, {"in_reply_to_user_id": key.customer_id}
    elif "text" in item:
        return _own_post(item, company)
    else:
        return None
    post = _post(fact.id, fact.version, fact.text, author, fact.at, key.conversation_id) | more
    return post if fact.stored_at is None else post | {"visible_at": _time(fact.stored_at)}


def _own_post(item: Item, company: Company) -> Json:
    first, version = keys.parse_own_post(item["sk"])
    at = datetime.fromisoformat(item["at"])
    post = _post(first, version, item["text"], item["account"], at, first)
    return post | _mentions(item["named"], company)


def _post(
    first: str, version: str, text: str, author: str, at: datetime, conversation: str
) -> Json:
    return {
        "id": version,
        "text": html.escape(text, quote=False),
        "author_id": author,
        "created_at": _time(at),
        "conversation_id": conversation,
        "edit_history_tweet_ids": list(dict.fromkeys([first, version])),
    }


def _mentions(ids: Iterable[str], company: Company) -> Json:
    usernames = {a.id: {"username": a.username} for a in company.accounts}
    named = [{"id": i, **usernames.get(i, {})} for i in sorted(ids)]
    return {"entities": {"mentions": named}} if named else {}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
