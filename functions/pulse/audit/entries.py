"""Entries of the audit log: gaps, faults, quarantined posts, and what was deleted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

LogEntryKind = Literal["gap", "trouble", "aside", "undelivered", "removed", "forgotten"]
"""As stored: "trouble" is a fault of X that has passed, "aside" a quarantined post."""


def field_of(raw: Any, name: str) -> str:
    """Return a field of a quarantined post as text; empty where it has none."""
    # It was quarantined because it could not be read: it may be anything that JSON can hold.
    return str(raw.get(name, "")) if isinstance(raw, dict) else ""


def user_ids_in(raw: Any) -> set[str]:
    """Return the X ids of who wrote a quarantined post, and of whom it answers."""
    return {field_of(raw, "author_id"), field_of(raw, "in_reply_to_user_id")}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the audit log; `what` holds plain JSON values, by kind.

    gap: account, start, end, reason. trouble: account, endpoint, trouble, since, until, detail.
    aside: account, reason, raw (the post as it came). undelivered: person, address, detail.
    removed: posts (how many), why, by (what found out). forgotten: posts (how many). The last two
    hold no text and no id, so that nothing of what was deleted stays.
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
