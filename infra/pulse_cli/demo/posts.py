"""Posts of the demo day, before they are written in the format of X."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pulse_cli.demo.script import XUser


@dataclass(slots=True, eq=False)
class DraftPost:
    """One post; `text` is plain, `id` is empty until `assign_ids` sets it."""

    author: XUser
    at: datetime
    text: str
    lang: str
    in_reply_to: DraftPost | None = None
    """The post that this one replies to."""
    quoted: DraftPost | None = None
    retweeted: DraftPost | None = None
    previous_version: DraftPost | None = None
    """The version before this one, if the post was edited."""
    visible_at: datetime | None = None
    """When X begins to show the post, if that is later than it was published."""
    id: str = ""

    @property
    def root(self) -> DraftPost:
        """The first post of the conversation."""
        before = self.previous_version or self.in_reply_to
        return self if before is None else before.root

    @property
    def history(self) -> list[DraftPost]:
        """The versions of the post up to this one, oldest first."""
        return [*(self.previous_version.history if self.previous_version else ()), self]


def make_reply(who: XUser, at: datetime, text: str, lang: str, to: DraftPost) -> DraftPost:
    """Return a reply to a post, which begins with the handle, as X has it."""
    return DraftPost(who, at, f"@{to.author.username} {text}", lang, in_reply_to=to)
