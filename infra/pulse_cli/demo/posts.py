"""Posts of the demo day, before they are written in the format of X."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pulse_cli.demo.script import XUser


@dataclass(slots=True, eq=False)
class DraftPost:
    """One post. `text` is plain; `id` stands when all posts of the day are in order."""

    author: XUser
    at: datetime
    text: str
    lang: str
    in_reply_to: DraftPost | None = None
    """The post that it replies to."""
    quoted: DraftPost | None = None
    retweeted: DraftPost | None = None
    previous_version: DraftPost | None = None
    """The version before it."""
    visible_at: datetime | None = None
    """When X began to show it, where that was later than it was published."""
    id: str = ""

    @property
    def root(self) -> DraftPost:
        """The post that its conversation began with."""
        before = self.previous_version or self.in_reply_to
        return self if before is None else before.root

    @property
    def history(self) -> list[DraftPost]:
        """Its versions up to this one."""
        return [*(self.previous_version.history if self.previous_version else ()), self]


def make_reply(who: XUser, at: datetime, text: str, lang: str, to: DraftPost) -> DraftPost:
    """Return an answer to a post, with the handle in front that X puts there."""
    return DraftPost(who, at, f"@{to.author.username} {text}", lang, in_reply_to=to)
