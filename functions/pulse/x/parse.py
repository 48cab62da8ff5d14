"""X's answers, read in both of its vocabularies, also mixed in one answer."""

from __future__ import annotations

import html
import json
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pulse.kernel.errors import PulseError
from pulse.kernel.posts import Author, Post, RemovalReason, first_published_at
from pulse.x.access import Vocabulary

USER_FIELDS = "name,username"
_MOST_DIGITS = 19
_LONGEST_TEXT = _MOST_KEPT = 50_000
"""Characters, six bytes each at the most; X has 25,000, and an item of the table 400 KB."""
_LONGEST_WORD = 200
"""Characters of a name, a language or an error; X's names have 50."""
_LONGEST_TOKEN = 2_000
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}")
_YEARS = range(2006, 2100)
"""From X's first post to the last times that its ids can hold."""
POST_PARAMS: dict[Vocabulary, dict[str, str]] = {
    "tweet": {
        "tweet.fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,"
        "in_reply_to_user_id,lang,note_tweet,referenced_tweets",
    },
    "post": {
        "post.fields": "conversation_id,created_at,entities,lang,note_post",
        "expansions": "author_id,edit_history_post_ids,in_reply_to_user_id,referenced_posts",
    },
}
"""What is asked of each post. From spec 2.167 on, references are asked for by expansion."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What stood where a post should be and could not be read as one.

    Of what is too large to be kept, `raw` has the ids and how it begins, under `cut`.
    """

    raw: Any
    reason: str

    @property
    def id(self) -> str | None:
        """Its id, where that at least can be read."""
        found = self.raw.get("id") if isinstance(self.raw, dict) else None
        return found if _is_id(found) else None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of posts, newest first as X serves them, and what comes with it."""

    posts: tuple[Post, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    authors: tuple[Author, ...] = ()
    next_token: str | None = None
    count: int = 0
    """Posts served, readable or not."""
    errors: tuple[str, ...] = field(default=())
    """What X says it left out: deleted, protected, withheld."""


class UnreadablePostError(PulseError, ValueError):
    """An answer or a post that is not what X describes; says in what."""


def parse_page(body: Any) -> Page:
    """Read an answer of the timelines and of search; `UnreadableError` when it is none."""
    if not isinstance(body, dict):
        raise UnreadablePostError(f"the answer is a JSON {type(body).__name__}, not an object")
    data = body.get("data", [])
    if not isinstance(data, list):
        raise UnreadablePostError("the answer's `data` is not a list of posts")
    errors = tuple(_said(e) for e in _listed(body.get("errors")))
    if not data and errors and "meta" not in body:
        raise UnreadablePostError("the answer has only errors: " + "; ".join(errors))
    posts: list[Post] = []
    aside: list[Quarantined] = []
    for raw in data:
        try:
            posts.append(parse_post(raw))
        except UnreadablePostError as problem:
            aside.append(Quarantined(_to_keep(raw), str(problem)))
    includes = body.get("includes")
    users = includes.get("users") if isinstance(includes, dict) else None
    return Page(
        tuple(posts),
        tuple(aside),
        parse_users(users),
        _next(body.get("meta")),
        len(data),
        errors,
    )


def parse_absent(body: Any) -> dict[str, RemovalReason]:
    """Of posts asked for by id, those that X says are gone; others may merely be missing."""
    whys: dict[str, RemovalReason] = {
        "resource-not-found": "deleted",
        "not-authorized-for-resource": "protected",
    }
    found = {}
    for error in _listed(body.get("errors")):
        if isinstance(error, dict) and _is_id(error.get("resource_id")):
            why = whys.get(str(error.get("type")).rsplit("/", 1)[-1])
            if why is not None:
                found[error["resource_id"]] = why
    served = [post.get("id") for post in _listed(body.get("data")) if isinstance(post, dict)]
    return {post_id: why for post_id, why in found.items() if post_id not in served}


def parse_users(users: Any) -> tuple[Author, ...]:
    """Read user objects; what has no id is passed over, and a handle that can be none."""
    return tuple(
        Author(u["id"], _handle(u.get("username")), _word(u.get("name")))
        for u in _listed(users)
        if isinstance(u, dict) and _is_id(u.get("id"))
    )


def parse_post(raw: Any) -> Post:
    """Read one post object; `UnreadableError` names what is missing or wrong."""
    if not isinstance(raw, dict):
        raise UnreadablePostError("a post is not a JSON object")
    version = _digits(raw, "id")
    history = _either(raw, "edit_history_tweet_ids", "edit_history_post_ids")
    first = min([version, *filter(_is_id, _listed(history))], key=int)
    references = _references(raw)
    return Post(
        id=first,
        version=version,
        text=_text(raw),
        author_id=_digits(raw, "author_id"),
        conversation_id=_optional_digits(raw, "conversation_id") or first,
        created_at=first_published_at(first, version, _time(raw)),
        in_reply_to_user_id=_optional_digits(raw, "in_reply_to_user_id"),
        replied_to=references.get("replied_to"),
        retweet="retweeted" in references,
        named=_named(raw),
        lang=_word(raw.get("lang")) or "und",
    )


def _either(raw: Mapping[str, Any], *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str | None:
    return value[:_LONGEST_WORD] if isinstance(value, str) else None


def _next(meta: Any) -> str | None:
    token = meta.get("next_token") if isinstance(meta, dict) else None
    if not isinstance(token, str) or not token:
        return None
    if len(token) > _LONGEST_TOKEN:
        raise UnreadablePostError(f"the answer's `next_token` is {len(token):,} characters long")
    return token


def _handle(value: Any) -> str | None:
    return value if isinstance(value, str) and _HANDLE.fullmatch(value) else None


def _is_id(value: Any) -> bool:
    if not isinstance(value, str) or len(value) > _MOST_DIGITS:
        return False
    return value.isascii() and value.isdigit()


def _digits(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not _is_id(value):
        raise UnreadablePostError(f"`{name}` is {reprlib.repr(value):.40}, not a string of digits")
    return str(value)


def _optional_digits(raw: Mapping[str, Any], name: str) -> str | None:
    return None if raw.get(name) is None else _digits(raw, name)


def _time(raw: Mapping[str, Any]) -> datetime:
    value = raw.get("created_at")
    try:
        moment = datetime.fromisoformat(value)  # type: ignore[arg-type]
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise UnreadablePostError(
            f"`created_at` is {reprlib.repr(value):.40}, not a time"
        ) from None
    if moment.year not in _YEARS:
        raise UnreadablePostError(f"`created_at` is in {moment.year}, which X does not know")
    return moment


def _text(raw: Mapping[str, Any]) -> str:
    note = _either(raw, "note_tweet", "note_post")
    text = note.get("text") if isinstance(note, dict) else None
    text = raw.get("text") if text is None else text
    if not isinstance(text, str):
        raise UnreadablePostError("`text` is missing")
    if len(text) > _LONGEST_TEXT:
        raise UnreadablePostError(f"`text` is {len(text):,} characters long")
    return html.unescape(text)


def _to_keep(raw: Any) -> Any:
    written = json.dumps(raw, ensure_ascii=False)
    if len(written) <= _MOST_KEPT:
        return raw
    ids = ("id", "author_id") if isinstance(raw, dict) else ()
    return {name: raw[name] for name in ids if _is_id(raw.get(name))} | {"cut": written[:1000]}


def _references(raw: Mapping[str, Any]) -> dict[str, str | None]:
    listed = _listed(_either(raw, "referenced_tweets", "referenced_posts"))
    return {
        r["type"]: r["id"] if _is_id(r.get("id")) else None
        for r in listed
        if isinstance(r, dict) and isinstance(r.get("type"), str)
    }


def _named(raw: Mapping[str, Any]) -> frozenset[str]:
    note = _either(raw, "note_tweet", "note_post")
    ids: set[str] = set()
    for holder in (raw, note):
        entities = holder.get("entities") if isinstance(holder, dict) else None
        listed = entities.get("mentions") if isinstance(entities, dict) else None
        for mention in _listed(listed):
            if isinstance(mention, dict) and _is_id(mention.get("id")):
                ids.add(mention["id"])
    return frozenset(ids)


def _said(error: Any) -> str:
    fields = error if isinstance(error, dict) else {"detail": error}
    words = (fields.get(name) for name in ("detail", "message", "title"))
    return next(filter(None, map(_word, words)), None) or reprlib.repr(error)[:_LONGEST_WORD]
