"""The facts of a conversation. Each is stored once; the state is folded from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

PositionKind = Literal["answered_elsewhere", "refused", "no_answer_needed", "spam"]
LeaseKind = Literal["mine", "snoozed", "released"]


class ConversationKey(NamedTuple):
    """A conversation: all that one customer says to one company in one X thread."""

    company: str
    conversation_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A customer's post that names us. `watched_from` is when Pulse began to watch."""

    id: str
    version: str
    at: datetime
    text: str
    named: frozenset[str]
    lang: str = "und"
    watched_from: datetime | None = None
    stored_at: datetime | None = None

    @property
    def token(self) -> str:
        """Its name among the facts of the conversation."""
        return _token("m", self.id, self.version)


@dataclass(frozen=True, slots=True)
class Reply:
    """A post by any of our accounts that answers the customer."""

    id: str
    version: str
    at: datetime
    text: str
    account_id: str
    stored_at: datetime | None = None

    @property
    def token(self) -> str:
        """Its name among the facts of the conversation."""
        return _token("r", self.id, self.version)


@dataclass(frozen=True, slots=True)
class Position:
    """What a person decided about the mentions that the person was shown."""

    id: str
    kind: PositionKind
    mentions: frozenset[str]
    by: str
    at: datetime
    reason: str = ""

    @property
    def token(self) -> str:
        """Its name among the facts of the conversation."""
        return f"p{self.id}"


@dataclass(frozen=True, slots=True)
class Lease:
    """Mine, or snoozed: covers nothing, holds back the next alert until it runs out."""

    kind: LeaseKind
    by: str
    at: datetime
    until: datetime

    @property
    def token(self) -> str:
        """Its name among the facts of the conversation."""
        return f"l{self.at.isoformat()}{self.by}"


@dataclass(frozen=True, slots=True)
class Flag:
    """A level that was reached, and the mentions that were waiting when it was told.

    `due_at` is when the level fell due, `at` when Pulse flagged it. `reminder` is the
    number of the reminder at the same level: 0 is the first flag.
    """

    level: str
    mentions: frozenset[str]
    due_at: datetime
    at: datetime
    reminder: int = 0

    @property
    def token(self) -> str:
        """Its name among the facts of the conversation."""
        return f"f{self.level}/{min(self.mentions, key=int)}/{self.reminder}"


Fact = Mention | Reply | Position | Lease | Flag


def _token(kind: str, first_id: str, version: str) -> str:
    return f"{kind}{first_id}" if first_id == version else f"{kind}{first_id}/{version}"
