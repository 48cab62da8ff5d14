"""Outbox entries around noon, for tests of the store."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pulse.outbox.entries import Entry

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def entry(name: str, person: str = "anna", minute: float = 0, **more: Any) -> Entry:
    return Entry(name, "acme", person, more.pop("kind", "alert"), NOON + minute * MINUTE, **more)
