"""Stored items as readable text, and a check of their places in the index and times to live."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulse.conversations.facts import NOBODY
from pulse.conversations.store.documents import StoredConversation, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item
from pulse.kernel.company import Company


def readable(items: Iterable[Item]) -> str:
    """Return items as JSON, with the facts of documents unpacked."""
    return json.dumps([_plain(item) for item in items], ensure_ascii=False)


def words_in(asked: Any) -> str:
    """Return the parameters of an AWS call as text, with the facts of documents unpacked."""
    if isinstance(asked, bytes):
        try:
            return zlib.decompress(asked).decode()
        except zlib.error:
            return repr(asked)
    if isinstance(asked, Mapping):
        return " ".join(f"{name!r}: {words_in(value)}" for name, value in asked.items())
    if isinstance(asked, list):
        return " ".join(map(words_in, asked))
    return repr(asked)


def conversations_in(items: Iterable[Mapping[str, Any]]) -> Iterator[StoredConversation]:
    """Yield the conversations among these items, without own posts that answer nobody."""
    for item in items:
        if item["sk"] == keys.DOCUMENT:
            stored = stored_in(dict(item))
            if stored.key.customer_id != NOBODY:
                yield stored


def misplaced(items: Mapping[str, Mapping[str, Any]], company: Company) -> Iterator[str]:
    """Yield how the items of a conversation, by sort key, contradict its facts."""
    document = items[keys.DOCUMENT]
    stored = stored_in(dict(document))
    right = stored.with_facts(stored.facts, company)
    for name in ("open_place", "ttl", "last_at"):
        is_now, should_be = getattr(stored, name), getattr(right, name)
        if is_now != should_be:
            yield f"its {name} is {is_now}, by its facts {should_be}"
    if document["gpk"] != keys.spoken_index(company.name):
        yield f"it is not in the list of all: {document['gpk']}"
    mark = items.get("open", {})
    if mark.get("gsk") != right.open_place:
        yield f"its mark is at {mark.get('gsk')}, by its facts at {right.open_place}"
    if mark and mark["gpk"] != keys.open_index(company.name):
        yield f"its mark is in another list: {mark['gpk']}"
    if "ttl" in mark:
        yield "its mark expires"


def _plain(item: Item) -> Item:
    if "facts" not in item:
        return item
    return {**item, "facts": zlib.decompress(item["facts"]).decode()}
