"""Mail models with hostile text wherever strangers' text is shown, and how it must appear."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from pulse.kernel.posts import Author
from pulse.reporting.coverage import Coverage, FaultPeriod
from pulse.screens.models import FaultMail, ThreadPost
from pulse.x import parse
from tests.screens.payloads import PAYLOADS
from tests.screens.sample_mails import (
    AT,
    FAULT_KINDS,
    US,
    alert,
    card,
    minutes,
    reporting,
    shift,
    waiting,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pulse.kernel.company import Language
    from pulse.screens.models import AlertMail, Card, DigestMail

LANGUAGES: tuple[Language, ...] = ("en", "ru")
KINDS = list(PAYLOADS)
PACK = 5
"""Cards in one mail."""
DETAIL = 200
"""Characters of an error of X that are stored."""


def author(number: int, payload: str) -> Author:
    """Return an author as parsed from X, with the payload as name and, if accepted, as handle."""
    for username in (payload, f"{2026 + number}"):
        user = {"id": f"10{number}", "username": username, "name": payload}
        [found] = parse.parse_users([user])
        if found.username:
            return found
    raise AssertionError(payload)


def cards(payloads: Iterable[str]) -> tuple[Card, ...]:
    """Return a card for each payload, with it as the text, as the name and in the thread."""
    found = []
    for number, payload in enumerate(payloads):
        customer = author(number, payload)
        thread = (
            ThreadPost(customer, payload, AT - minutes(90)),
            ThreadPost(US, f"@help {payload}", AT - minutes(80), ours=True),
        )
        found.append(card(number, customer, payload, minutes(70), "breach", thread=thread))
    return tuple(found)


def packs(kind: str) -> Iterator[tuple[str, ...]]:
    texts = PAYLOADS[kind]
    for start in range(0, len(texts), PACK):
        yield texts[start : start + PACK]


def warning(language: Language, pack: tuple[str, ...]) -> AlertMail:
    return replace(alert(language), cards=cards(pack), levels={"breach": len(pack)})


def summary(language: Language, pack: tuple[str, ...]) -> DigestMail:
    """Return a digest with the payloads in its cards and in errors of X."""
    faults = tuple(
        FaultPeriod("svyaz", "unavailable", AT - minutes(9), None, one[:DETAIL]) for one in pack
    )
    digest = reporting(
        shift(language), waiting=waiting(PACK), coverage=Coverage(720, 700, faults=faults)
    )
    return replace(digest, cards=cards(pack))


def failure(language: Language, number: int, payload: str) -> FaultMail:
    """Return a mail about a fault, with the payload as error, account and company."""
    return FaultMail(
        company=payload[:DETAIL] or "-",
        at=AT,
        kind=FAULT_KINDS[number % len(FAULT_KINDS)],  # type: ignore[arg-type]
        subject=payload[:DETAIL],
        detail=payload[:DETAIL],
        meant_for=payload[:DETAIL],
    )


def plain(text: str) -> str:
    """Return `text` without combining marks and invisible characters."""
    ignored = {"Mn", "Me", "Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"}
    return "".join(
        c
        for c in text
        if unicodedata.category(c) not in ignored and c != "\N{REPLACEMENT CHARACTER}"
    )


def is_shown(found: str, payload: str) -> bool:
    """Tell whether this is the payload, or the start of a long one."""
    if plain(found) == plain(payload):
        return True
    return len(payload) > 1000 and plain(payload).startswith(plain(found))
