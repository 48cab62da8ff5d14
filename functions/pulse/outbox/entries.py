"""Entries of the outbox: messages that wait for one person, and how they are merged and cut."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, Self

from pulse.conversations.facts import ConversationKey

TOPIC = "*topic"
"""The SNS topic of critical alerts, in place of the key of a person."""

MAX_CONVERSATIONS = 1000
"""Conversations that the record of a mail lists at most: it is one item, of 400 kB at most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message that waits for one person (or the topic): an alert, a digest or a fault.

    With `company` and `person`, `id` is the key of the entry: the same entry written twice is one.
    An id names no customer, since it outlives what is erased (D-042). `keys` are the conversations
    of an alert. `details` hold what else its message needs, as plain JSON values: of an alert its
    `level` and the `people` who were alerted.
    """

    id: str
    company: str
    person: str
    kind: Literal["alert", "trouble", "digest"]
    at: datetime
    """When it was raised. An alert covers the flags raised by then (D-043)."""
    keys: tuple[ConversationKey, ...] = ()
    urgent: bool = False
    """Whether it is of the highest level, for which the shorter alert window holds."""
    reminder: int = 0
    """How many times the level was raised before for the same wait: 0 is the first time."""
    details: tuple[tuple[str, Any], ...] = ()
    unreachable: tuple[str, ...] = ()
    """Keys of the people it was meant for before, and who could not be written to."""

    def detail(self, name: str) -> Any:
        """Return one of the details, or None."""
        return dict(self.details).get(name)

    def restricted_to(self, keys: Collection[ConversationKey]) -> Self:
        """Return the same entry without conversations other than these."""
        return replace(self, keys=tuple(key for key in self.keys if key in keys))

    def with_detail(self, name: str, value: Any) -> Self:
        """Return the same entry with this detail set."""
        return replace(self, details=tuple({**dict(self.details), name: value}.items()))


def merge(entries: Sequence[Entry]) -> Entry | None:
    """Return one entry that says what a mail made of these entries covers; None for a digest.

    The record of the mail keeps it, so that the next in line can be alerted of the same
    conversations if the mail bounces (D-018). Urgent entries come first, then the oldest.
    """
    # A bounce must pass on everything the mail covered as one entry: level and id are those of
    # the most urgent entry, so that the next reader's alert window and recipients are right; the
    # reminder is the highest, which reaches furthest up the escalation; and people who could not be
    # reached for one of the entries are not tried again for any. Nobody needs a digest in another
    # person's stead. The list is cut at MAX_CONVERSATIONS, behind the urgent ones, because the
    # record is one item of the table.
    ordered = sorted(entries, key=lambda e: (not e.urgent, e.at))
    if not ordered or ordered[0].kind == "digest":
        return None
    return replace(
        ordered[0],
        keys=tuple(dict.fromkeys(key for e in ordered for key in e.keys))[:MAX_CONVERSATIONS],
        reminder=max(e.reminder for e in ordered),
        unreachable=tuple(dict.fromkeys(person for e in ordered for person in e.unreachable)),
    )


def restrict_to_existing(derived: Sequence[Entry], entries: Sequence[Entry]) -> list[Entry]:
    """Return the derived entries without conversations that `entries` no longer name.

    `derived` were made of an earlier version of `entries`. An alert of which no conversation is
    left is dropped; entries of other kinds have no conversations, and stay.
    """
    # Posts may be removed (deleted on X, erased, expired) while a sender holds entries in hand.
    # The waiting entries are then cut (D-042). What the sender derived of them before the cut,
    # for the record of the mail or for the next in line, would bring the removed conversations
    # back into the table, where nothing would find them again.
    existing = {key for entry in entries for key in entry.keys}
    found = [entry.restricted_to(existing) for entry in derived]
    return [entry for entry in found if entry.keys or entry.kind != "alert"]


def fingerprint(entries: Iterable[Entry]) -> str:
    """Return a short text that distinguishes these entries, or a mail of them, from all others."""
    return _hash("".join(entry.id for entry in entries))


def anonymous_id(key: ConversationKey) -> str:
    """Return a short text that identifies a conversation without naming the customer."""
    return _hash(f"{key.conversation_id}#{key.customer_id}")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
