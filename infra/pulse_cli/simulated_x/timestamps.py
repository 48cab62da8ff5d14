"""Reads and writes times as X does."""

from __future__ import annotations

from datetime import UTC, datetime


def read_time(text: object) -> datetime:
    """Return the time that an ISO 8601 text with a zone states, in UTC.

    Raises:
        ValueError: the text is not such a time; the message quotes it.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a time")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an ISO time") from None
    if time.tzinfo is None:
        raise ValueError(f"{text!r} does not say its zone (Z or an offset)")
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is out of range") from None


def write_time(time: datetime) -> str:
    """Return a time as X writes it: in UTC, with milliseconds and Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"
