"""Writes stored posts as X API v2 objects, the lines of a post archive."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pulse.conversations.facts import NOBODY, ConversationKey, Mention, Reply

if TYPE_CHECKING:
    from pulse.kernel.company import Company

__all__ = ["archive_post_of"]

Json = dict[str, Any]


def archive_post_of(key: ConversationKey, fact: Mention | Reply, company: Company) -> Json:
    """Return a post of a conversation, or of ours that answers nobody.

    `visible_at` is when Pulse stored it. The post that it replies to and its metrics are missing,
    since they are not stored.
    """
    if isinstance(fact, Mention):
        author, more = key.customer_id, {"lang": fact.lang, **_mentions(fact.named, company)}
    elif key.customer_id == NOBODY:
        author, more = fact.account_id, _mentions(fact.named, company)
    else:
        author, more = fact.account_id, {"in_reply_to_user_id": key.customer_id}
    post = _post(fact.id, fact.version, fact.text, author, fact.at, key.conversation_id) | more
    return post if fact.stored_at is None else post | {"visible_at": _time(fact.stored_at)}


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
