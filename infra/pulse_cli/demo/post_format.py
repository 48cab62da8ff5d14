"""Writes the posts of the day as X does: ids that hold the time, entities, cuts and escapes."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from pulse_cli.demo.posts import DraftPost
from pulse_cli.demo.script import XUser

X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)
"""Ids count milliseconds from here, above 22 bits that make posts of one moment distinct."""

_BITS = 22
_LONGEST = 280
_HANDLE = re.compile(r"@(\w{1,15})")


def mentioned_handles(text: str) -> set[str]:
    """Return the handles that a text mentions, without @."""
    return set(_HANDLE.findall(text))


def published_at(post_id: str) -> datetime:
    """Return when a post was published, in UTC, from its id."""
    return X_EPOCH + timedelta(milliseconds=int(post_id) >> _BITS)


def assign_ids(drafts: Sequence[DraftPost], rng: Random) -> None:
    """Give each post an id, and its time a fraction of a second.

    Ids rise in the order of publication, also where posts share a millisecond.
    """
    for one in drafts:
        one.at = one.at.replace(microsecond=rng.randrange(1000) * 1000)
    last = 0
    for one in sorted(drafts, key=lambda one: one.at):
        since = (one.at - X_EPOCH) // timedelta(milliseconds=1)
        last = max((since << _BITS) + rng.randrange(1 << _BITS), last + 1)
        one.id = str(last)


def archive_line(draft: DraftPost, people: Mapping[str, XUser]) -> dict[str, Any]:
    """Return a post as a line of an archive, in the older vocabulary of X API v2.

    `people` are all users by handle; those in a text become its mentions.
    """
    fields: dict[str, Any] = {
        "id": draft.id,
        "text": html.escape(_shorten(draft.text), quote=False),
        "author_id": draft.author.id,
        "created_at": _format_time(draft.at),
        "conversation_id": draft.root.id,
        "lang": draft.lang,
        "edit_history_tweet_ids": [version.id for version in draft.history],
    }
    if draft.in_reply_to is not None:
        fields["in_reply_to_user_id"] = draft.in_reply_to.author.id
    references = (
        ("replied_to", draft.in_reply_to),
        ("quoted", draft.quoted),
        ("retweeted", draft.retweeted),
    )
    named = [{"type": kind, "id": other.id} for kind, other in references if other is not None]
    if named:
        fields["referenced_tweets"] = named
    if mentions := _mentions(fields["text"], people):
        fields["entities"] = {"mentions": mentions}
    if draft.text != _shorten(draft.text) and draft.retweeted is None:
        whole = html.escape(draft.text, quote=False)
        fields["note_tweet"] = {"text": whole, "entities": {"mentions": _mentions(whole, people)}}
    if draft.visible_at is not None:
        fields["visible_at"] = _format_time(draft.visible_at)
    return fields


def _mentions(text: str, people: Mapping[str, XUser]) -> list[dict[str, Any]]:
    return [
        {
            "start": found.start(),
            "end": found.end(),
            "username": found[1],
            "id": people[found[1]].id,
        }
        for found in _HANDLE.finditer(text)
        if found[1] in people
    ]


def _shorten(text: str) -> str:
    """Return what X shows of a long post: whole words of the first 280 characters."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 1].rsplit(maxsplit=1)[0]}…"


def _format_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
