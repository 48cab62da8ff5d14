"""Durations and email addresses as people write them."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from typing import NamedTuple

from pulse_cli.settings.findings import quote

_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]+")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


class AddressProblem(NamedTuple):
    """What is wrong with an address, and how to fix it."""

    problem: str
    fix: str


def format_duration(length: timedelta) -> str:
    """Return a duration, rounded down to minutes, such as `15 min`, `1 h 30 min` or `90 days`."""
    parts = []
    for unit, name in _UNITS:
        count, length = divmod(length, unit)
        if count:
            parts.append(f"{count} {name}{'s' if name == 'day' and count > 1 else ''}")
    return " ".join(parts) or "0"


def check_address(address: str) -> AddressProblem | None:
    """Return why SES would not accept an address; None if it would."""
    local, at, domain = address.rpartition("@")
    write = "write for example `anna@example.com`"
    if not at:
        return AddressProblem(f"{quote(address)} is not an email address", write)
    strange = next((c for c in address if not c.isascii()), None)
    if strange:
        name = unicodedata.name(strange, f"U+{ord(strange):04X}").title()
        if not domain.isascii() and (plain := _punycode(domain)) and local.isascii():
            fix = f"retype it in Latin letters, or write `{local}@{plain}`"
        else:
            fix = "retype it in Latin letters"
        return AddressProblem(
            f"{quote(address)} has the letter {strange} ({name}), which SES refuses", fix
        )
    if not _DOMAIN.fullmatch(domain):
        return AddressProblem(f"{quote(domain)} in {quote(address)} is not an email domain", write)
    if not _LOCAL.fullmatch(local) or len(local) > 64 or len(address) > 254:  # noqa: PLR2004
        return AddressProblem(f"{quote(address)} is not an email address", write)
    return None


def _punycode(domain: str) -> str | None:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
