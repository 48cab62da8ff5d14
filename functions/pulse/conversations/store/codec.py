"""Facts and states as items of the table: JSON texts, with the attributes of keys and index."""

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
from pulse.kernel.time import DAY, start_of_day

_KINDS: dict[str, type[Fact]] = {"m": Mention, "r": Reply, "p": Position, "l": Lease, "f": Flag}
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
    """Return the partition key of a conversation, under which its state and all its facts are."""
    return keys.conversation(*key)


def key_from_pk(pk: str) -> ConversationKey:
    """Return the conversation that a partition key belongs to."""
    return ConversationKey(*keys.parse_conversation(pk))


def day_index_ranges(
    company: str, start: datetime, end: datetime
) -> Iterator[tuple[str, str, str]]:
    """Yield where the index holds the posts of [start, end): a partition and sort-key bounds a day.

    Both bounds are included, so a post published just at `end` may be found too. The days are UTC.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day = start
    while day.date() <= end.date():
        low = sortable_time(start)[11:] if day == start else ""
        high = sortable_time(end)[11:] if day.date() == end.date() else "~"
        yield keys.day_index(company, day), low, high
        day = start_of_day(day + DAY)


def fact_item(key: ConversationKey, fact: Fact, ttl: int | None) -> tuple[ItemKey, Item]:
    """Return the key and the attributes of a fact; `ttl` in epoch seconds, None for ever.

    Mentions and replies are also in the index, under the UTC day of publication.
    """
    values: Item = {"fact": _text(to_json(fact)), "ttl": ttl}
    if isinstance(fact, (Mention, Reply)):
        values |= {
            "gpk": keys.day_index(key.company, fact.at),
            "gsk": keys.day_index_sort(fact.at, fact.token),
        }
    return ItemKey(conversation_pk(key), fact.token), values


def fact_of(item: Item) -> Fact:
    """Return the fact in an item.

    Raises:
        InconsistentItemError: the fact does not belong under the item's sort key.
    """
    loaded, kind = _load(item["fact"]), _KINDS[item["sk"][0]]
    for name in kind.__dataclass_fields__.keys() & {"mentions", "named"}:
        loaded[name] = frozenset(loaded.get(name, ()))
    fact = kind(**loaded)
    if fact.token != item["sk"]:
        raise InconsistentItemError(f"{item['pk']}: {fact.token} is stored as {item['sk']}")
    return fact


def is_fact(item: Item) -> bool:
    """Return whether an item of a conversation holds a fact; otherwise it is the state."""
    return "fact" in item


def state_values(
    key: ConversationKey, state: State, rev: int, ttl: int | None, policy: int
) -> Item:
    """Return the attributes of a state; `policy` is the version of the policy that folded it.

    Only open states are in the index, ordered by when they need attention. `ttl` is in epoch
    seconds, None for ever.
    """
    is_open = state.status == "open"
    gsk = keys.open_index_sort(state.attention_at, key.conversation_id, key.customer_id)
    return {
        "state": _text({**to_json(state), "flags": list(_as_differences(state.flags))}),
        "rev": rev,
        "policy": policy,
        "ttl": ttl,
        "gpk": keys.open_index(key.company) if is_open else None,
        "gsk": gsk if is_open else None,
    }


def ttl_of(state: State, retention: timedelta | None) -> int | None:
    """Return when a conversation expires, in epoch seconds; None while it is open, or for ever."""
    # A change of the time to live is written to every fact. In whole days, a further post of the
    # same day changes nothing.
    if retention is None or state.status == "open" or state.last_at is None:
        return None
    return (int((state.last_at + retention).timestamp()) // 86400 + 1) * 86400


def state_of(item: Item) -> State:
    """Return the state in an item."""
    loaded = _load(item["state"])
    lease = loaded.get("lease")
    return State(
        **{
            "status": None,
            **loaded,
            "waiting": tuple(loaded.get("waiting", ())),
            "facts": frozenset(loaded.get("facts", ())),
            "lease": Lease(**_with_times(lease)) if lease else None,
            "waits": tuple(
                Wait(w[0], datetime.fromisoformat(w[1]), parse_time(w[2]), w[3])
                for w in loaded.get("waits", ())
            ),
            "flags": tuple(_from_differences(loaded.get("flags", ()))),
        }
    )


def _as_differences(flags: Iterable[Flag]) -> Iterator[Item]:
    """Yield each flag with the mentions that the flag before it lacks, and in `but` the reverse."""
    # A long wait is flagged again and again. A hundred flags, each with the ids of two hundred
    # mentions, would not fit into an item; from one flag to the next, few mentions change (D-032).
    previous: frozenset[str] = frozenset()
    for flag in flags:
        lacking = sorted(previous - flag.mentions)
        yield {**to_json(replace(flag, mentions=flag.mentions - previous)), "but": lacking}
        previous = flag.mentions


def _from_differences(flags: Iterable[Item]) -> Iterator[Flag]:
    """Yield the flags that `_as_differences` wrote."""
    # Flags without `but` were written before D-032, with all of their mentions.
    previous: frozenset[str] = frozenset()
    for flag in flags:
        shared = previous - frozenset(flag["but"]) if "but" in flag else frozenset()
        previous = shared | frozenset(flag.get("mentions", ()))
        values = {name: value for name, value in flag.items() if name != "but"}
        yield Flag(**{**_with_times(values), "mentions": previous})


def _text(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _load(text: str) -> Item:
    return _with_times(json.loads(text))


def _with_times(values: Item) -> Item:
    return {n: parse_time(v) if n in _TIMES else v for n, v in values.items()}
