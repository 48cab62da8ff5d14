"""Draws random JSON from X's OpenAPI descriptions, valid or with odd values in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

DESCRIPTIONS = {
    "x-api-2.159.json": ("Tweet", "Get2UsersIdMentionsResponse"),
    "x-api-2.167.json": ("Post", "GetUsersMentionsResponse"),
}
"""The names of a post and of an answer of the mentions timeline in each description."""

NEEDED = {"id", "text", "author_id", "created_at"}
READ = NEEDED | {
    "conversation_id", "data", "edit_history_post_ids", "edit_history_tweet_ids", "entities",
    "errors", "in_reply_to_user_id", "includes", "lang", "mentions", "meta", "next_token",
    "note_post", "note_tweet", "referenced_posts", "referenced_tweets", "type", "users",
    "username", "name",
}  # fmt: skip
"""Fields that Pulse reads; they are drawn more often than others."""

_WORDS = (
    "where are you?", "интернет лежит", "هل من أحد", "👩\u200d🚒", "&lt;b&gt; &amp;amp;", "@help",
    "", "\x00", "\u202e", "&#xD800;", "&#0;&bogus;", "null", "2030-05-14", "1001", "-1", "a" * 30,
)  # fmt: skip
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1001, 1e308, float("inf"), float("nan"), 10**4000, "", " ", "0",
    "-5", "1.0", "x", "١٢", "9" * 19, "9" * 20, "9" * 5000, "1" * 100_000, "\ud83d", "\udc00\ud800",
    "\x00", [], [[]], [None], {}, {"": None}, {"id": None}, {"id": []}, {"id": {"id": "1"}},
    ["1001", 1001, None], "yesterday", "2030-02-30T00:00:00Z", "0001-01-01T00:00:00",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00",
    "9999-12-31T23:59:59Z", "2030-05-14T12:00:00+99:99", "20300514", 20300514, "2030-W20-2",
    "2030-05-14T24:00:00Z", "1969-12-31T23:59:59Z",
)  # fmt: skip


class SchemaFuzzer:
    """Draws values of a schema; a share `odd` of them is replaced by odd values."""

    def __init__(self, description: Path, seed: object) -> None:
        self._schemas = json.loads(description.read_text("utf-8"))["components"]["schemas"]
        self._post, self._answer = DESCRIPTIONS[description.name]
        self._random = Random(f"{description.name} {seed}")

    def post(self, odd: float = 0.0) -> Any:
        """Return a post; if `odd` is 0, it has all the fields that Pulse needs."""
        return self._served(self._value({"$ref": self._post}, "", odd, NEEDED if not odd else ()))

    def answer(self, odd: float = 0.0) -> Any:
        """Return a page of mentions with all that X sends along."""
        return self._served(self._value({"$ref": self._answer}, "", odd, ()))

    def _served(self, value: Any) -> Any:
        """Return the value as a client reads it from the wire."""
        return json.loads(json.dumps(value))

    def _value(self, schema: Any, name: str, odd: float, needed: Any) -> Any:
        draw = self._random
        if draw.random() < odd:
            return self._odd_value()
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rsplit("/", 1)[-1]]
        schema = draw.choice(schema.get("oneOf", [schema]))
        if "$ref" in schema:
            return self._value(schema, name, odd, needed)
        if "properties" in schema or "allOf" in schema:
            return self._object(schema, odd, needed)
        if schema.get("type") == "array":
            count = draw.choice((1, 2, 5, 40) if name == "data" else (1, 1, 1, 2, 5))
            return [self._value(schema.get("items", {}), name, odd, needed) for _ in range(count)]
        return self._scalar(schema, name)

    def _scalar(self, schema: Any, name: str) -> Any:
        draw = self._random
        if "enum" in schema:
            return draw.choice(schema["enum"])
        if schema.get("type") == "string":
            return self._string(schema, name)
        whole, share = draw.randrange(10**9), draw.random()
        of_kind = {"integer": whole, "number": share, "boolean": share < 0.5}
        return of_kind.get(str(schema.get("type")), {})

    def _object(self, schema: Any, odd: float, needed: Any) -> dict[str, Any]:
        draw, made = self._random, {}
        for part in schema.get("allOf", ()):
            found = self._value(part, "", odd, needed)
            made |= found if isinstance(found, dict) else {}
        for name, inner in schema.get("properties", {}).items():
            often = 0.85 if name in READ else 0.12
            if name in needed or name in schema.get("required", ()) or draw.random() < often:
                made[name] = self._value(inner, name, odd, ())
        if draw.random() < odd:
            made[draw.choice([*sorted(READ), "", "\ud83d"])] = self._odd_value()
        return made

    def _string(self, schema: Any, name: str) -> str:
        draw = self._random
        if schema.get("format") == "date-time":
            moment = datetime(2012, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(10**7))
            return moment.isoformat().replace("+00:00", draw.choice((".000Z", "+00:00")))
        if name.endswith(("id", "ids")) or "[0-9]" in schema.get("pattern", ""):
            return str(draw.randrange(10 ** draw.randint(1, 19)))
        if name == "username":
            return f"user_{draw.randrange(10**9)}"
        return " ".join(draw.choices(_WORDS, k=draw.choice((1, 2, 8, 800))))

    def _odd_value(self) -> Any:
        draw = self._random
        if draw.random() < 0.05:
            deep: Any = draw.choice(_ODD)
            for _ in range(draw.choice((5, 300))):
                deep = [deep] if draw.random() < 0.5 else {"id": deep}
            return deep
        return draw.choice(_ODD)
