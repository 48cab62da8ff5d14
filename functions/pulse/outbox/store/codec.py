"""Entries of the outbox as they are stored: what waits, and what a mail told."""

from __future__ import annotations

import json

from pulse.conversations.facts import ConversationKey
from pulse.dynamodb.codec import Item, from_json, to_json
from pulse.outbox.entries import Entry


def text_of(entry: Entry) -> str:
    """Return an entry as JSON text."""
    return json.dumps(to_json(entry), ensure_ascii=False)


def entry_of(text: str) -> Entry:
    """Return the entry in a text that `text_of` has written."""
    return from_json(Entry, json.loads(text))


def keys_in(item: Item) -> tuple[ConversationKey, ...]:
    """Return the conversations that an item of the outbox, or the record of a mail, tells of."""
    text = item.get("entry") or item.get("told")
    return entry_of(text).keys if text else ()
