"""Computes the conversations of the demo's day from its archive alone, without code of Pulse."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

OURS = {"700000001": "svyaz_help", "700000002": "svyaz"}
_X_EPOCH_MS = 1288834974657


def time_in(post_id: str) -> datetime:
    """The time that is part of an id."""
    since = timedelta(milliseconds=(int(post_id) >> 22) + _X_EPOCH_MS)
    return datetime(1970, 1, 1, tzinfo=UTC) + since


def time_of(post: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(post["created_at"])


def read(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "posts.ndjson").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@dataclass
class PlainConversation:
    """The mentions of one customer in one thread, and our replies as (first id, time)."""

    customer: str
    mentions: dict[int, datetime] = field(default_factory=dict)
    replies: list[tuple[int, datetime]] = field(default_factory=list)
    named: dict[int, set[str]] = field(default_factory=dict)

    def waiting_since(self) -> datetime | None:
        last = max((number for number, _ in self.replies), default=0)
        return min((at for number, at in self.mentions.items() if number > last), default=None)

    def first_response(self) -> int | None:
        first = min(self.mentions)
        replied_at = [at for number, at in self.replies if number > first]
        return int((min(replied_at) - self.mentions[first]).total_seconds()) if replied_at else None


def conversations(
    posts: list[dict[str, Any]], until: datetime
) -> dict[tuple[str, str], PlainConversation]:
    """Every conversation with a mention, as X shows it at `until`, by thread and customer."""
    found: dict[tuple[str, str], PlainConversation] = {}
    for post in posts:
        shown = datetime.fromisoformat(post.get("visible_at", post["created_at"]))
        references = {one["type"] for one in post.get("referenced_tweets", ())}
        if shown > until or "retweeted" in references:
            continue
        named = {one["id"] for one in post.get("entities", {}).get("mentions", ())} & set(OURS)
        first = min(map(int, post["edit_history_tweet_ids"]))
        if post["author_id"] in OURS:
            customer = post.get("in_reply_to_user_id")
            if customer is not None and customer not in OURS:
                key = (post["conversation_id"], customer)
                conversation = found.setdefault(key, PlainConversation(customer))
                conversation.replies.append((first, time_of(post)))
        elif named:
            key = (post["conversation_id"], post["author_id"])
            conversation = found.setdefault(key, PlainConversation(post["author_id"]))
            edited = len(post["edit_history_tweet_ids"]) > 1
            conversation.mentions.setdefault(
                first, time_in(str(first)) if edited else time_of(post)
            )
            conversation.named.setdefault(first, set()).update(named)
    return {key: conversation for key, conversation in found.items() if conversation.mentions}


def received(posts: list[dict[str, Any]], start: datetime, end: datetime) -> dict[str, int]:
    """Mentions published in [start, end), counted by our account that they name, and as `all`."""
    counts: dict[str, int] = defaultdict(int)
    for conversation in conversations(posts, end).values():
        for number, at in conversation.mentions.items():
            if start <= at < end:
                counts["all"] += 1
                for account in conversation.named[number]:
                    counts[OURS[account]] += 1
    return dict(counts)
