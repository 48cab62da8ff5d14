"""Instants as X writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def read_time(text: object) -> datetime:
    """Read an ISO 8601 time that says its zone; the answer is in UTC.

    Raises:
        ValueError: it is no such time; the message names what was there.
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
    """Write an instant as X does: UTC, milliseconds, Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"
