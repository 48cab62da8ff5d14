"""A conversation as one item of the table: all its facts as compressed JSON, under one revision."""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pulse.conversations.facts import ConversationKey, Fact, Flag, Lease, Mention, Position, Reply
from pulse.conversations.fold import State, fold
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, from_json, to_json
from pulse.kernel.company import Company
from pulse.kernel.errors import NeedsPersonError
from pulse.kernel.policy import Policy

_KINDS: dict[str, type[Fact]] = {"m": Mention, "r": Reply, "p": Position, "l": Lease, "f": Flag}


class InconsistentItemError(NeedsPersonError):
    """An item contradicts itself: something other than Pulse wrote it, or a bug did."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation as it is in the table; `rev` is its revision, 0 while it is not stored.

    `last_at` is when it was last spoken in, its place in the index: it never becomes earlier, also
    when the last post is removed. `open_place` is the place of its mark among the open
    conversations, None while it has none. `ttl` is in epoch seconds, None: forever. `size` is what
    its facts take in the table, in bytes.
    """

    key: ConversationKey
    rev: int = 0
    facts: tuple[Fact, ...] = ()
    last_at: datetime | None = None
    open_place: str | None = None
    ttl: int | None = None
    size: int = 0

    @property
    def attention_at(self) -> datetime | None:
        """When it needs attention by its mark, which another policy may have set."""
        return keys.parse_place(self.open_place) if self.open_place else None

    @property
    def tokens(self) -> frozenset[str]:
        """The tokens of its facts."""
        return frozenset(fact.token for fact in self.facts)

    def state(self, policy: Policy) -> State:
        """Return what its facts come to."""
        return fold(self.facts, policy)

    def checked_state(self, policy: Policy) -> State:
        """Return what its facts come to, after a check against the mark.

        Raises:
            InconsistentItemError: the conversation is open and has no mark, or the reverse.
        """
        # What `flag` reads are the marks, so they must not contradict the facts. Only `flag` checks
        # that: other readers go by the facts alone, and the next write makes the mark anew. Whether
        # a conversation is open depends on its facts, not on the policy.
        state = self.state(policy)
        if (self.open_place is not None) != (state.status == "open"):
            raise InconsistentItemError(f"{self.key} is {state.status}, unlike in the index")
        return state

    def is_expired(self, now: datetime) -> bool:
        """Return whether it is past its time to live: DynamoDB removes it up to days late."""
        return self.ttl is not None and self.ttl <= now.timestamp()

    def with_facts(self, facts: Sequence[Fact], company: Company) -> "StoredConversation":
        """Return the conversation as it is to be stored when these are all its facts."""
        state = fold(facts, company.policy)
        moments = [at for at in (self.last_at, state.last_at) if at is not None]
        place = keys.place_in_index(state.attention_at, *self.key[1:])
        return replace(
            self,
            # If a removed conversation that is stored again began at 1, a writer that read the
            # former one could find its revision once more and write what it decided about facts
            # that are gone. The time at which the facts became known is greater than any revision
            # used before.
            rev=self.rev + 1 if self.rev or not facts else int(known_at(facts).timestamp() * 1000),
            facts=tuple(facts),
            last_at=max(moments, default=None),
            open_place=place if state.status == "open" else None,
            ttl=_ttl_of(state, company.retention),
        )


def known_at(facts: Iterable[Fact]) -> datetime:
    """Return when the latest of these facts became known to Pulse."""
    # A post that X shows late was published long before Pulse stored it. This serves as the
    # present time of a write, so that the result does not depend on a clock.
    return max(f.stored_at or f.at if isinstance(f, (Mention, Reply)) else f.at for f in facts)


def _ttl_of(state: State, retention: timedelta | None) -> int | None:
    """Return when a conversation expires, in epoch seconds; None if it never does."""
    # In whole days: what is deleted in one night does not depend on the second of a post.
    if retention is None or state.status == "open" or state.last_at is None:
        return None
    return (int((state.last_at + retention).timestamp()) // 86400 + 1) * 86400


def document_values(stored: StoredConversation) -> Item:
    """Return the attributes of the document of a conversation."""
    return {
        "facts": pack(stored.facts),
        "rev": stored.rev,
        "open": stored.open_place,
        "ttl": stored.ttl,
        "gpk": keys.spoken_index(stored.key.company),
        "gsk": keys.place_in_index(stored.last_at, *stored.key[1:]),
    }


def stored_in(item: Item) -> StoredConversation:
    """Return the conversation in a document."""
    return StoredConversation(
        key_from_pk(item["pk"]),
        item["rev"],
        unpack(item["facts"]),
        keys.parse_place(item["gsk"]),
        item.get("open"),
        item.get("ttl"),
        len(item["facts"]),
    )


def key_from_pk(pk: str) -> ConversationKey:
    """Return the conversation that a partition key belongs to."""
    return ConversationKey(*keys.parse_conversation(pk))


def pack(facts: Iterable[Fact]) -> bytes:
    """Return facts as compressed JSON, ordered by time."""
    # A long wait is flagged again and again. A hundred flags, each with the ids of two thousand
    # mentions, would not fit into an item, and zlib sees repetitions only within 32 KB. From one
    # flag to the next, few mentions change: each is stored as the difference to the one before.
    rows, previous = [], frozenset[str]()
    for fact in sorted(facts, key=lambda f: (f.at, f.token)):
        row = to_json(fact)
        if isinstance(fact, Flag):
            row["mentions"], previous = sorted(fact.mentions ^ previous), fact.mentions
        rows.append([fact.token[0], row])
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode())


def unpack(packed: bytes) -> tuple[Fact, ...]:
    """Return the facts that `pack` compressed, ordered by time."""
    facts: list[Fact] = []
    previous = frozenset[str]()
    for kind, row in json.loads(zlib.decompress(packed)):
        fact = from_json(_KINDS[kind], row)
        if isinstance(fact, Flag):
            previous ^= fact.mentions
            fact = replace(fact, mentions=previous)
        facts.append(fact)
    return tuple(facts)
