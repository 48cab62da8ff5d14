"""The journal of the watch: what was missed, what went wrong, what lies aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

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


class AuditRecord(NamedTuple):
    """A log entry of one company, as it is written in a transaction with something else.

    Two records of one moment that say the same are one, unless `distinct` differs. Quarantined
    posts live as long as `retention` says, if that is less than the log's own 400 days.
    """

    company: str
    entry: LogEntry
    retention: timedelta | None = None
    distinct: str = ""
