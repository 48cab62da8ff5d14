"""What is said on the day, before it is put into X's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pulse_cli.demo.script import XUser


@dataclass(slots=True, eq=False)
class DraftPost:
    """One post. `text` is plain; `id` stands when all posts of the day are in order."""

    who: XUser
    at: datetime
    text: str
    lang: str
    answers: DraftPost | None = None
    """The post that it replies to."""
    quotes: DraftPost | None = None
    retweets: DraftPost | None = None
    edits: DraftPost | None = None
    """The version before it."""
    visible: datetime | None = None
    """When X began to show it, where that was later than it was published."""
    id: str = ""

    @property
    def root(self) -> DraftPost:
        """The post that its conversation began with."""
        before = self.edits or self.answers
        return self if before is None else before.root

    @property
    def history(self) -> list[DraftPost]:
        """Its versions up to this one."""
        return [*(self.edits.history if self.edits else ()), self]


def make_reply(who: XUser, at: datetime, text: str, lang: str, to: DraftPost) -> DraftPost:
    """An answer to a post, with the handle in front that X puts there."""
    return DraftPost(who, at, f"@{to.who.username} {text}", lang, answers=to)
