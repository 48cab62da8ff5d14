"""Addresses: whose they are, and which of them Pulse does not write to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pulse.kernel.company import Company

SuppressionKind = Literal["bounce", "complaint"]


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address (normalized) that Pulse does not write to until a person lifts it.

    `at` is when the mail bounced, `reason` the reason that SES gave, `message_id` SES's id of
    the mail.
    """

    address: str
    kind: SuppressionKind
    at: datetime
    reason: str
    message_id: str


def normalize_address(address: str) -> str:
    """Return an address in the form in which addresses are stored and compared."""
    return address.strip().lower()


def people_with_address(company: Company, address: str, now: datetime) -> tuple[str, ...]:
    """Return the keys of the people of a company who are written to at a normalized address.

    In shadow mode all mail goes to one address, so that address is everybody's.
    """
    shadow = normalize_address(company.shadow_address(now) or "")
    return tuple(
        key
        for key, person in company.people.items()
        if address in (normalize_address(person.email), shadow)
    )


def suppressions_for(
    company: Company, suppressions: Iterable[Suppression], now: datetime
) -> list[Suppression]:
    """Return those of the suppressions that concern people of this company."""
    return [one for one in suppressions if people_with_address(company, one.address, now)]


def unreachable(company: Company, suppressed: Collection[str], now: datetime) -> tuple[str, ...]:
    """Return the keys of the people of a company whose addresses are among the suppressed."""
    return tuple(
        key for address in suppressed for key in people_with_address(company, address, now)
    )
