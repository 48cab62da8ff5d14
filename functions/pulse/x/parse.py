"""Reads the JSON of X's answers, in both of its vocabularies, also mixed in one answer."""

import html
import json
import re
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pulse.kernel.errors import PulseError
from pulse.kernel.posts import Author, Post, RemovalReason, first_published_at
from pulse.x.access import Vocabulary
from pulse.x.answers import Page, Quarantined, as_list, as_object, is_id, objects_in

USER_FIELDS = "name,username"
_LONGEST_TEXT = _MOST_STORED = 50_000
"""Characters, six bytes each at the most; X has 25,000, and an item of the table 400 KB."""
_LONGEST_SHORT_TEXT = 200
"""Characters of a name, a language or an error; X's names have 50."""
_LONGEST_TOKEN = 2_000
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}")
_YEARS = range(2006, 2100)
"""From X's first post to the last times that its ids can hold."""
POST_PARAMS: dict[Vocabulary, dict[str, str]] = {
    "tweet": {
        "tweet.fields": "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,"
        "in_reply_to_user_id,lang,note_tweet,referenced_tweets"
    },
    "post": {
        "post.fields": "conversation_id,created_at,entities,lang,note_post",
        "expansions": "author_id,edit_history_post_ids,in_reply_to_user_id,referenced_posts",
    },
}
"""What is asked of each post. From spec 2.167 on, references are asked for by expansion."""


class UnreadablePostError(PulseError, ValueError):
    """An answer or a post differs from what X describes; the message says in what."""


def parse_page(body: Any) -> Page:
    """Read an answer of the timelines or of search.

    Raises:
        UnreadablePostError: it is no such answer, or has errors only. A post in it that cannot be
            read is no reason: it is quarantined, and the others are read.
    """
    if not isinstance(body, dict):
        raise UnreadablePostError(f"the answer is a JSON {type(body).__name__}, not an object")
    data = body.get("data", [])
    if not isinstance(data, list):
        raise UnreadablePostError("the answer's `data` is not a list of posts")
    if not data and as_list(body.get("errors")) and "meta" not in body:
        raise UnreadablePostError(f"the answer has only errors: {error_text(body)}")
    posts: list[Post] = []
    quarantined: list[Quarantined] = []
    for raw in data:
        try:
            posts.append(parse_post(raw))
        except UnreadablePostError as problem:
            quarantined.append(Quarantined(_storable(raw), str(problem)))
    authors = parse_users(as_object(body.get("includes")).get("users"))
    token = _next_token(as_object(body.get("meta")))
    return Page(tuple(posts), tuple(quarantined), authors, token, served=len(data))


def parse_absent(body: Any) -> dict[str, RemovalReason]:
    """Return, of posts asked for by id, those that X says it does not show any more, and why."""
    reasons: dict[str, RemovalReason] = {
        "resource-not-found": "deleted",
        "not-authorized-for-resource": "protected",
    }
    # Errors also name posts that are only referred to. What X serves is there, whatever an
    # error says: a post is deleted on the word of X alone, so in doubt it stays.
    served = [post.get("id") for post in objects_in(body.get("data"))]
    return {
        error["resource_id"]: reason
        for error in objects_in(body.get("errors"))
        if is_id(error.get("resource_id")) and error["resource_id"] not in served
        if (reason := reasons.get(problem_of(error)))
    }


def error_text(body: Mapping[str, Any]) -> str:
    """Return what X says is wrong: first of single errors, then its general words."""
    errors = (*objects_in(body.get("errors")), body)
    texts = (e.get("message") or e.get("detail") or e.get("title") for e in errors)
    return "; ".join(map(str, filter(None, texts)))[:300]


def problem_of(error: Mapping[str, Any]) -> str:
    """Return the name of the problem that an error object is about: the end of its `type`."""
    return str(error.get("type")).rsplit("/", 1)[-1]


def parse_counts(body: Mapping[str, Any]) -> dict[datetime, int]:
    """Return the counts of an answer, by minute.

    Raises:
        KeyError, TypeError, ValueError: it has no such counts.
    """
    return {
        datetime.fromisoformat(row["start"]): int(
            row["tweet_count"] if "tweet_count" in row else row["post_count"]
        )
        for row in body.get("data", [])
    }


def parse_users(users: Any) -> tuple[Author, ...]:
    """Read user objects; one without an id is passed over, and so is an impossible handle."""
    return tuple(
        Author(u["id"], _handle_or_none(u.get("username")), _short_text(u.get("name")))
        for u in objects_in(users)
        if is_id(u.get("id"))
    )


def parse_post(raw: Any) -> Post:
    """Read one post object.

    Raises:
        UnreadablePostError: names the field that is missing or wrong.
    """
    if not isinstance(raw, dict):
        raise UnreadablePostError("a post is not a JSON object")
    version = _digits(raw, "id")
    history = _first_of(raw, "edit_history_tweet_ids", "edit_history_post_ids")
    # X lists the history oldest first, but does not promise it. Ids grow with time, so the least
    # is the first version: it stays the same through all edits, and names the post (D-011).
    first = min([version, *filter(is_id, as_list(history))], key=int)
    references = _references(raw)
    return Post(
        id=first,
        version=version,
        text=_text(raw),
        author_id=_digits(raw, "author_id"),
        conversation_id=_optional_digits(raw, "conversation_id") or first,
        created_at=first_published_at(first, version, _created_at(raw)),
        in_reply_to_user_id=_optional_digits(raw, "in_reply_to_user_id"),
        replied_to=references.get("replied_to"),
        retweet="retweeted" in references,
        named=_named_ids(raw),
        lang=_short_text(raw.get("lang")) or "und",
    )


def _first_of(raw: Mapping[str, Any], *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _short_text(value: Any) -> str | None:
    return value[:_LONGEST_SHORT_TEXT] if isinstance(value, str) else None


def _next_token(meta: Mapping[str, Any]) -> str | None:
    token = meta.get("next_token")
    if not isinstance(token, str) or not token:
        return None
    if len(token) > _LONGEST_TOKEN:
        raise UnreadablePostError(f"the answer's `next_token` is {len(token):,} characters long")
    return token


def _handle_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and _HANDLE.fullmatch(value) else None


def _digits(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not is_id(value):
        raise UnreadablePostError(f"`{name}` is {reprlib.repr(value):.40}, not a string of digits")
    return str(value)


def _optional_digits(raw: Mapping[str, Any], name: str) -> str | None:
    return None if raw.get(name) is None else _digits(raw, name)


def _created_at(raw: Mapping[str, Any]) -> datetime:
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
    """Return the whole text, plain: of a long post the note, whose beginning alone is in `text`."""
    text = _note(raw).get("text")
    text = raw.get("text") if text is None else text
    if not isinstance(text, str):
        raise UnreadablePostError("`text` is missing")
    if len(text) > _LONGEST_TEXT:
        raise UnreadablePostError(f"`text` is {len(text):,} characters long")
    return html.unescape(text)


def _storable(raw: Any) -> Any:
    """Return what could not be read, cut if it is too long for an item of the table."""
    written = json.dumps(raw, ensure_ascii=False)
    if len(written) <= _MOST_STORED:
        return raw
    # The ids stay, so that a deletion on X, or the erasure of a person, still finds it.
    ids = ("id", "author_id") if isinstance(raw, dict) else ()
    return {name: raw[name] for name in ids if is_id(raw.get(name))} | {"cut": written[:1000]}


def _references(raw: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the ids of the posts that this one replies to, quotes or retweets, by relation."""
    return {
        r["type"]: r["id"] if is_id(r.get("id")) else None
        for r in objects_in(_first_of(raw, "referenced_tweets", "referenced_posts"))
        if isinstance(r.get("type"), str)
    }


def _named_ids(raw: Mapping[str, Any]) -> frozenset[str]:
    """Return the ids of the users that the post names."""
    # Of a long post, the entities of its first part and of the whole are in two places.
    return frozenset(
        mention["id"]
        for holder in (raw, _note(raw))
        for mention in objects_in(as_object(holder.get("entities")).get("mentions"))
        if is_id(mention.get("id"))
    )


def _note(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the note that holds the whole of a long post; empty for others."""
    return as_object(_first_of(raw, "note_tweet", "note_post"))
