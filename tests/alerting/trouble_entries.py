"""Mail that is no alert, for a test that needs some."""

from pulse.outbox.entries import Entry
from tests.small_company import at


def trouble_entry(
    name: str, minute: float = 0, *, company: str = "acme", person: str = "vera"
) -> Entry:
    """Trouble that this person is to hear of, in a mail of its own."""
    details = (("trouble", "token"), ("subject", "@acme_help"), ("detail", "401"))
    return Entry(name, company, person, "trouble", at(minute), details=details)
