"""The journal of the watch: what was missed, what went wrong, what lies aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

LogEntryKind = Literal["gap", "trouble", "aside", "undelivered", "removed", "forgotten"]


def field_of(raw: Any, name: str) -> str:
    """A part of what was put aside, as far as can be read; it may be anything."""
    return str(raw.get(name, "")) if isinstance(raw, dict) else ""


def user_ids_in(raw: Any) -> set[str]:
    """Ids of who wrote what was put aside, and of whom it answers."""
    return {field_of(raw, "author_id"), field_of(raw, "in_reply_to_user_id")}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the journal; `what` holds plain JSON values, by kind.

    gap: account, start, end, reason; trouble: account, endpoint, trouble, since, until,
    detail; aside: account, reason, raw; undelivered: person, address, detail; removed: posts
    (how many), why, by (what found out); forgotten: posts. These two hold no text and no id.
    """

    kind: LogEntryKind
    at: datetime
    what: dict[str, Any]
