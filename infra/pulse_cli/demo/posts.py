"""What is said on the day, before it is put into X's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pulse_cli.demo.script import Who


@dataclass(slots=True, eq=False)
class Said:
    """One post. `text` is plain; `id` stands when all posts of the day are in order."""

    who: Who
    at: datetime
    text: str
    lang: str
    answers: Said | None = None
    """The post that it replies to."""
    quotes: Said | None = None
    retweets: Said | None = None
    edits: Said | None = None
    """The version before it."""
    visible: datetime | None = None
    """When X began to show it, where that was later than it was published."""
    id: str = ""

    @property
    def root(self) -> Said:
        """The post that its conversation began with."""
        before = self.edits or self.answers
        return self if before is None else before.root

    @property
    def history(self) -> list[Said]:
        """Its versions up to this one."""
        return [*(self.edits.history if self.edits else ()), self]


def reply(who: Who, at: datetime, text: str, lang: str, to: Said) -> Said:
    """An answer to a post, with the handle in front that X puts there."""
    return Said(who, at, f"@{to.who.username} {text}", lang, answers=to)
