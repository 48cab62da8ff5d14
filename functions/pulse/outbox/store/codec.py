"""Entries of the outbox as they lie in the table: what waits, and what a mail told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pulse.conversations.facts import ConversationKey
from pulse.conversations.store.codec import to_json
from pulse.dynamodb.codec import Item
from pulse.outbox.entries import Entry


def text_of(entry: Entry) -> str:
    """An entry as text."""
    return json.dumps(to_json(entry), ensure_ascii=False)


def entry_of(text: str) -> Entry:
    """The entry in a text."""
    raw: dict[str, Any] = json.loads(text)
    return Entry(
        **{
            **raw,
            "at": datetime.fromisoformat(raw["at"]),
            "keys": tuple(ConversationKey(*key) for key in raw.get("keys", ())),
            "unreachable": tuple(raw.get("unreachable", ())),
            "details": tuple((name, value) for name, value in raw.get("details", ())),
        }
    )


def keys_in(item: Item) -> tuple[ConversationKey, ...]:
    """The conversations of which an item of the outbox, or the record of a mail, tells."""
    text = item.get("entry") or item.get("told")
    return entry_of(text).keys if text else ()
