"""Reads lines of an archive as posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pulse_cli.simulated_x.timestamps import read_time, write_time
from pulse_cli.simulated_x.vocabulary import to_older_names

MAX_ID_DIGITS = 19
REMOVAL_REASONS = ("deleted", "protected", "suspended", "deactivated", "lost")


class PostRemoval(NamedTuple):
    """From when on X does not show a post, and why; a `lost` one is missing only in lists."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedPost:
    """A post of an archive, one version of it if it was edited.

    `number` is the id as an integer, `history` the ids of its versions up to this one.
    `mentioned_ids` and `mentioned_handles` (lower-case) are from its mentions. `references` are
    (type, id). `fields` is what X may serve of it, by the older names; `raw` is the line as it is
    in the file. `removal` is when and why X stops showing it.
    """

    id: str
    number: int
    text: str
    author_id: str
    created_at: datetime
    visible_at: datetime
    conversation_id: str
    in_reply_to_user_id: str | None
    history: tuple[str, ...]
    mentioned_ids: frozenset[str]
    mentioned_handles: frozenset[str]
    references: tuple[tuple[str, str], ...]
    fields: Mapping[str, Any]
    raw: Mapping[str, Any]
    removal: PostRemoval | None = None

    @property
    def first_id(self) -> str:
        """The first id of the edit history, which is the same for all versions of the post."""
        return self.history[0]

    @property
    def is_retweet(self) -> bool:
        """Whether this is a retweet of another post."""
        return any(kind == "retweeted" for kind, _ in self.references)

    @property
    def is_quote(self) -> bool:
        """Whether this quotes another post."""
        return any(kind == "quoted" for kind, _ in self.references)

    @property
    def is_reply(self) -> bool:
        """Whether this replies to another post."""
        return self.in_reply_to_user_id is not None or any(
            kind == "replied_to" for kind, _ in self.references
        )


def read_post(raw: object) -> ArchivedPost:
    """Return the post in one line of posts.ndjson, in either vocabulary.

    Raises:
        ValueError: the line is not a post; the message is the reason.
    """
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    fields = to_older_names(raw)
    post_id = _id(fields, "id")
    text = fields.get("text")
    if not isinstance(text, str):
        raise ValueError("no text")
    author_id = _id(fields, "author_id")
    created_at = _time(fields, "created_at")
    visible_at = created_at
    if "visible_at" in fields:
        visible_at = max(created_at, _time(fields, "visible_at"))
    entities = _part(fields, "entities", dict)
    mentions = [m for m in _part(entities, "mentions", list) if isinstance(m, dict)]
    references = tuple(
        (str(reference.get("type")), str(reference.get("id")))
        for reference in _part(fields, "referenced_tweets", list)
        if isinstance(reference, dict)
    )
    history = _history(fields, post_id)
    conversation_id = _id(fields, "conversation_id") if "conversation_id" in fields else history[0]
    in_reply_to = _id(fields, "in_reply_to_user_id") if "in_reply_to_user_id" in fields else None
    fields |= {
        "id": post_id,
        "author_id": author_id,
        "conversation_id": conversation_id,
        "created_at": write_time(created_at),
        "edit_history_tweet_ids": list(history),
    }
    if entities := {n: part for n, part in (entities | {"mentions": mentions}).items() if part}:
        fields["entities"] = entities
    else:
        fields.pop("entities", None)
    return ArchivedPost(
        id=post_id,
        number=int(post_id),
        text=text,
        author_id=author_id,
        created_at=created_at,
        visible_at=visible_at,
        conversation_id=conversation_id,
        in_reply_to_user_id=in_reply_to,
        history=history,
        mentioned_ids=frozenset(str(m["id"]) for m in mentions if m.get("id") is not None),
        mentioned_handles=frozenset(
            str(m["username"]).lower() for m in mentions if m.get("username")
        ),
        references=references,
        fields=fields,
        raw=raw,
        removal=_removal(fields),
    )


def is_id(value: object) -> bool:
    """Return whether a value is an id as X writes them: a string of one to nineteen digits."""
    return (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= MAX_ID_DIGITS
    )


def _id(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        raise ValueError(f"no {name}")
    if not is_id(value):
        raise ValueError(f"{name} {value!r} is not a number of up to {MAX_ID_DIGITS} digits")
    return str(value)


def _time(fields: Mapping[str, Any], name: str) -> datetime:
    if name not in fields:
        raise ValueError(f"no {name}")
    try:
        return read_time(fields[name])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _removal(fields: Mapping[str, Any]) -> PostRemoval | None:
    if "gone_at" not in fields:
        return None
    why = fields.get("gone_why", REMOVAL_REASONS[0])
    if why not in REMOVAL_REASONS:
        raise ValueError(f"gone_why {why!r} is not one of {', '.join(REMOVAL_REASONS)}")
    return PostRemoval(_time(fields, "gone_at"), why)


def _part(fields: Mapping[str, Any], name: str, kind: type) -> Any:
    value = fields.get(name, kind())
    if not isinstance(value, kind):
        raise ValueError(f"{name} is not {'an object' if kind is dict else 'a list'}")
    return value


def _history(fields: Mapping[str, Any], post_id: str) -> tuple[str, ...]:
    ids = {post_id}
    for version in _part(fields, "edit_history_tweet_ids", list):
        if not is_id(version):
            raise ValueError(f"edit history: {version!r} is not an id")
        if int(version) <= int(post_id):
            ids.add(version)
    return tuple(sorted(ids, key=int))
