"""Facts and states as they lie in the table: JSON beside the keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pulse.conversations.facts import ConversationKey, Fact, Flag, Lease, Mention, Position, Reply
from pulse.conversations.fold import State, Wait
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey, parse_time, sortable_time, to_json
from pulse.kernel.errors import NeedsPersonError

_KINDS: dict[str, type[Fact]] = {
    "m": Mention,
    "r": Reply,
    "p": Position,
    "l": Lease,
    "f": Flag,
}
_TIMES = frozenset(
    {
        "at", "until", "due_at", "stored_at", "watched_from", "fresh_since", "first_mention_at",
        "last_at", "waiting_since", "attention_at",
    }
)  # fmt: skip
STATE = "state"


class InconsistentItemError(NeedsPersonError):
    """An item contradicts itself: something other than Pulse wrote it, or a bug did."""


def conversation_pk(key: ConversationKey) -> str:
    """The partition of a conversation: its state and all its facts."""
    return keys.conversation(*key)


def key_from_pk(pk: str) -> ConversationKey:
    """The conversation of a partition."""
    return ConversationKey(*keys.parse_conversation(pk))


def published_in(company: str, start: datetime, end: datetime) -> Iterator[tuple[str, str, str]]:
    """Where in the index the posts of [start, end) stand: each UTC day, and from when to when."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day = start
    while day.date() <= end.date():
        low = sortable_time(start)[11:] if day == start else ""
        high = sortable_time(end)[11:] if day.date() == end.date() else "~"
        yield keys.day_index(company, day), low, high
        day = (day + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def fact_item(key: ConversationKey, fact: Fact, ttl: int | None) -> tuple[ItemKey, Item]:
    """A fact as an item; mentions and replies stand in the day's index, never moved."""
    values: Item = {"fact": _text(to_json(fact)), "ttl": ttl}
    if isinstance(fact, (Mention, Reply)):
        values |= {
            "gpk": keys.day_index(key.company, fact.at),
            "gsk": keys.day_index_sort(fact.at, fact.token),
        }
    return ItemKey(conversation_pk(key), fact.token), values


def fact_of(item: Item) -> Fact:
    """The fact in an item."""
    loaded, kind = _load(item["fact"]), _KINDS[item["sk"][0]]
    for name in kind.__dataclass_fields__.keys() & {"mentions", "named"}:
        loaded[name] = frozenset(loaded.get(name, ()))
    fact = kind(**loaded)
    if fact.token != item["sk"]:
        raise InconsistentItemError(f"{item['pk']}: {fact.token} is stored as {item['sk']}")
    return fact


def is_fact(item: Item) -> bool:
    """Whether an item of a conversation holds a fact; else it is the state."""
    return "fact" in item


def state_values(
    key: ConversationKey, state: State, rev: int, ttl: int | None, policy: int
) -> Item:
    """A state as attributes; only open ones stand in the index, by when they need attention."""
    is_open = state.status == "open"
    gsk = keys.open_index_sort(state.attention_at, key.conversation_id, key.customer_id)
    return {
        "state": _text({**to_json(state), "flags": list(_apart(state.flags))}),
        "rev": rev,
        "policy": policy,
        "ttl": ttl,
        "gpk": keys.open_index(key.company) if is_open else None,
        "gsk": gsk if is_open else None,
    }


def ttl_of(state: State, keep: timedelta | None) -> int | None:
    """When finished conversations go, in whole days so that it seldom changes; else None."""
    if keep is None or state.status == "open" or state.last_at is None:
        return None
    return (int((state.last_at + keep).timestamp()) // 86400 + 1) * 86400


def state_of(item: Item) -> State:
    """The state in an item."""
    loaded = _load(item["state"])
    lease = loaded.get("lease")
    return State(
        **{
            "status": None,
            **loaded,
            "waiting": tuple(loaded.get("waiting", ())),
            "facts": frozenset(loaded.get("facts", ())),
            "lease": Lease(**_timed(lease)) if lease else None,
            "waits": tuple(
                Wait(w[0], datetime.fromisoformat(w[1]), parse_time(w[2]), w[3])
                for w in loaded.get("waits", ())
            ),
            "flags": tuple(_together(loaded.get("flags", ()))),
        }
    )


def _apart(flags: Iterable[Flag]) -> Iterator[Item]:
    """Flags, each with the mentions that the one before did not tell of, and `but` those it did.

    A wait that goes on is told of again and again: in full, a hundred times the ids of two
    hundred mentions would not fit into an item.
    """
    told: frozenset[str] = frozenset()
    for flag in flags:
        but = sorted(told - flag.mentions)
        yield {**to_json(replace(flag, mentions=flag.mentions - told)), "but": but}
        told = flag.mentions


def _together(flags: Iterable[Item]) -> Iterator[Flag]:
    """The flags that were written apart; older ones, without `but`, stand in full."""
    told: frozenset[str] = frozenset()
    for flag in flags:
        kept = told - frozenset(flag["but"]) if "but" in flag else frozenset()
        told = kept | frozenset(flag.get("mentions", ()))
        plain = {name: value for name, value in flag.items() if name != "but"}
        yield Flag(**{**_timed(plain), "mentions": told})


def _text(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _load(text: str) -> Item:
    return _timed(json.loads(text))


def _timed(values: Item) -> Item:
    return {n: parse_time(v) if n in _TIMES else v for n, v in values.items()}
