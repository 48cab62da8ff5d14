"""The facts of a conversation. Each is stored once; the state is folded from them.

The token of a fact is its name in the conversation: two facts with one token are the same fact,
whoever stores them and however often. So everything that distinguishes facts must be in it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

PositionKind = Literal["answered_elsewhere", "refused", "no_answer_needed", "spam"]
LeaseKind = Literal["mine", "snoozed", "released"]


NOBODY = ""
"""In place of a customer: a post of ours that answers none is a conversation by itself."""


class ConversationKey(NamedTuple):
    """A conversation: all that one customer says to one company in one X thread."""

    company: str
    conversation_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A version of a customer's post that names us.

    `watched_from` is set for a post from before Pulse began to watch, to when that was. `named` are
    the X user ids that the post names; `stored_at` is when Pulse first stored the post.
    """

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
        """Return its name among the facts of the conversation."""
        return _token("m", self.id, self.version)


@dataclass(frozen=True, slots=True)
class Reply:
    """A version of a post by any of our accounts that answers the customer, or nobody.

    `named` are the X user ids that it names, where it answers nobody.
    """

    id: str
    version: str
    at: datetime
    text: str
    account_id: str
    stored_at: datetime | None = None
    named: frozenset[str] = frozenset()

    @property
    def token(self) -> str:
        """Return its name among the facts of the conversation."""
        return _token("r", self.id, self.version)


@dataclass(frozen=True, slots=True)
class Position:
    """What a person decided about the mentions that the person was shown, by their ids.

    A mention that was not on the screen yet is not decided on, even if it came before the click.
    """

    id: str
    kind: PositionKind
    mentions: frozenset[str]
    by: str
    at: datetime
    reason: str = ""

    @property
    def token(self) -> str:
        """Return its name among the facts of the conversation."""
        return f"p{self.id}"


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody took the conversation, or snoozed it: no alert is raised until `until`.

    A lease covers no mention: when it ends, the customer still waits since the same moment.
    """

    kind: LeaseKind
    by: str
    at: datetime
    until: datetime

    @property
    def token(self) -> str:
        """Return its name among the facts of the conversation."""
        return f"l{self.at.isoformat()}{self.by}"


@dataclass(frozen=True, slots=True)
class Flag:
    """A level that a wait has reached, and the ids of the mentions that were waiting then.

    `due_at` is when the level fell due, `at` when Pulse flagged it. `reminder` is the number
    of the reminder at the same level; 0 is the first alert.
    """

    level: str
    mentions: frozenset[str]
    due_at: datetime
    at: datetime
    reminder: int = 0

    @property
    def token(self) -> str:
        """Return its name among the facts of the conversation."""
        # Two runs of `flag` at once may see different mentions of one wait; the oldest is the same
        # for both. So both make the same fact, and who comes second finds that it is known already.
        return f"f{self.level}/{min(self.mentions, key=int)}/{self.reminder}"


Fact = Mention | Reply | Position | Lease | Flag


def _token(kind: str, first_id: str, version: str) -> str:
    # Each version of an edited post is a fact of its own (D-011); the first one, which is nearly
    # always the only one, has a short token, since a state lists the tokens of all its facts.
    return f"{kind}{first_id}" if first_id == version else f"{kind}{first_id}/{version}"
