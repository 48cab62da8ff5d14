"""Outbox entries about faults, for tests that need a mail that is not an alert."""

from pulse.outbox.entries import Entry
from tests.small_company import at


def trouble_entry(
    name: str, minute: float = 0, *, company: str = "acme", person: str = "vera"
) -> Entry:
    """Return an entry for this person about a fault of a token."""
    details = (("trouble", "token"), ("subject", "@acme_help"), ("detail", "401"))
    return Entry(name, company, person, "trouble", at(minute), details=details)
