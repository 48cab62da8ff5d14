"""How a message may fail to arrive: at once, or when SES has long taken it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pulse.kernel.company import Company
from pulse.kernel.errors import NeedsPersonError, RetryLaterError

SuppressionKind = Literal["bounce", "complaint"]
FeedbackKind = Literal[SuppressionKind, "refused", "passing"]


class PermanentDeliveryError(NeedsPersonError):
    """This address is not written to; says what the mail service said."""


class SuppressedAddressError(PermanentDeliveryError):
    """Mail to this address came back before; who must know was told then."""


class TemporaryDeliveryError(RetryLaterError):
    """It cannot be taken now: throttling, quota, a pause, the network."""


class MailNotRecordedError(RetryLaterError):
    """SES tells of a mail so fresh that we may not have noted it yet: ask again in a minute."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What SES says of a mail that it had taken.

    `bounce` is one for good; `refused` is one that SES then did not send; what may pass by
    itself (a full mailbox, an absence note) is `passing`. `addresses` are in small letters.
    """

    kind: FeedbackKind
    message_id: str
    sent_at: datetime
    at: datetime
    addresses: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address (in small letters) that is not written to until a person lifts it."""

    address: str
    kind: SuppressionKind
    at: datetime
    said: str
    """What SES said."""
    message_id: str


def normalize_address(address: str) -> str:
    """An address as it is compared."""
    return address.strip().lower()


def people_with_address(company: Company, address: str, now: datetime) -> tuple[str, ...]:
    """Keys of the people whose address this is; in shadow mode its one address is everybody's."""
    shadow = normalize_address(company.shadow_address(now) or "")
    return tuple(
        key
        for key, person in company.people.items()
        if address in (normalize_address(person.email), shadow)
    )


def suppressions_for(
    company: Company, blocks: Iterable[Suppression], now: datetime
) -> list[Suppression]:
    """Those of the blocked addresses that are of people of this company."""
    return [block for block in blocks if people_with_address(company, block.address, now)]


def unreachable(company: Company, blocked: Collection[str], now: datetime) -> tuple[str, ...]:
    """Keys of the people who cannot be written to."""
    return tuple(key for address in blocked for key in people_with_address(company, address, now))
