"""Mail models with hostile text wherever strangers' words are shown, and how it must appear."""

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
    TROUBLES,
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
"""Characters of an error that the reader of X keeps."""


def author(number: int, payload: str) -> Author:
    """A stranger as X's answer names them, with the payload for a name and for a handle."""
    for username in (payload, f"{2026 + number}"):
        user = {"id": f"10{number}", "username": username, "name": payload}
        [found] = parse.parse_users([user])
        if found.username:
            return found
    raise AssertionError(payload)


def cards(payloads: Iterable[str]) -> tuple[Card, ...]:
    """A card for each: it is the text, the name, and what stands in the thread."""
    found = []
    for number, payload in enumerate(payloads):
        who = author(number, payload)
        thread = (
            ThreadPost(who, payload, AT - minutes(90)),
            ThreadPost(US, f"@help {payload}", AT - minutes(80), ours=True),
        )
        found.append(card(number, who, payload, minutes(70), "breach", thread=thread))
    return tuple(found)


def packs(kind: str) -> Iterator[tuple[str, ...]]:
    texts = PAYLOADS[kind]
    for start in range(0, len(texts), PACK):
        yield texts[start : start + PACK]


def warning(language: Language, pack: tuple[str, ...]) -> AlertMail:
    return replace(alert(language), cards=cards(pack), levels={"breach": len(pack)})


def summary(language: Language, pack: tuple[str, ...]) -> DigestMail:
    """A digest with the payloads in its cards and in what X said when it failed."""
    troubles = tuple(
        FaultPeriod("svyaz", "unavailable", AT - minutes(9), None, one[:DETAIL]) for one in pack
    )
    letter = reporting(
        shift(language), waiting=waiting(PACK), coverage=Coverage(720, 700, faults=troubles)
    )
    return replace(letter, cards=cards(pack))


def failure(language: Language, number: int, payload: str) -> FaultMail:
    """Trouble whose error, account and company are the payload."""
    return FaultMail(
        company=payload[:DETAIL] or "-",
        at=AT,
        kind=TROUBLES[number % len(TROUBLES)],  # type: ignore[arg-type]
        subject=payload[:DETAIL],
        detail=payload[:DETAIL],
        meant_for=payload[:DETAIL],
    )


def plain(text: str) -> str:
    """`text` without marks and without what cannot be seen."""
    gone = {"Mn", "Me", "Cc", "Cf", "Cs", "Cn", "Zs", "Zl", "Zp"}
    return "".join(
        c for c in text if unicodedata.category(c) not in gone and c != "\N{REPLACEMENT CHARACTER}"
    )


def is_shown(found: str, payload: str) -> bool:
    """Whether this is the payload, or as much of it as a mail shows."""
    if plain(found) == plain(payload):
        return True
    return len(payload) > 1000 and plain(payload).startswith(plain(found))
