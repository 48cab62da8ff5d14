"""What a person does: reads a conversation, then takes a position or a lease."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pulse.app import App
from pulse.conversations.facts import ConversationKey, Fact, Lease, Position
from pulse.kernel.errors import ContentionError

_LEASE = timedelta(minutes=2)


@dataclass(frozen=True)
class Click:
    """A person's click, which has no retry: position (or lease) and state are one transaction."""

    key: ConversationKey
    kind: Literal["refused", "mine"]
    by: str
    id: str

    def __call__(self, app: App) -> tuple[ConversationKey, Fact] | str | None:
        """The stored fact; `contended` when another writer won; None when nobody waits there."""
        company = app.settings().company(self.key.company)
        shown = app.db.conversations.states([self.key], company).get(self.key)
        if shown is None or not shown.waiting:
            return None
        fact: Fact = (
            Position(self.id, "refused", frozenset(shown.waiting), self.by, app.now())
            if self.kind == "refused"
            else Lease("mine", self.by, app.now(), app.now() + _LEASE)
        )
        try:
            app.db.conversations.append([self.key], lambda *_: [fact], company)
        except ContentionError:
            return "contended"
        return self.key, fact
