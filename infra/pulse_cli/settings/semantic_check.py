"""Whether settings of the right shape make sense: each check, and what it needs to be sound."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pulse_cli.settings import digest_checks, reference_checks, value_checks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from pulse_cli.settings.findings import Path, Remark

_PEOPLE, _GROUPS = ("people",), ("groups",)
_LEVELS, _TELL = ("policy", "levels"), ("policy", "levels", "*", "tell")
_AFTER, _LEVEL = ("policy", "levels", "*", "after"), ("policy", "levels", "*", "name")
_DIGEST, _TO, _AT = ("digests", "*", "period"), ("digests", "*", "to"), ("digests", "*", "at")
_DAYS, _PERSON = ("digests", "*", "days"), ("groups", "*", "*", "person")
_KEYS = ("people", "?")


def remarks(document: Any, broken: Collection[Path], today: datetime) -> Iterator[Remark]:
    """Give all that makes no sense; what builds on a broken field is left for later."""
    companies: list[tuple[Path, dict[str, Any]]] = [
        (("companies", i), company)
        for i, company in enumerate(document["companies"])
        if isinstance(company, dict)
    ]
    below = {at: [b[2:] for b in broken if b[:2] == at] for at, _ in companies}
    for at, company in companies:
        for check, *needs in _checks(today):
            if not any(_touches(wrong, need) for wrong in below[at] for need in needs):
                yield from check(company, at)
    for every, need in (
        (reference_checks.names_once, "name"),
        (reference_checks.accounts_once, "accounts"),
    ):
        sound = [c for c in companies if not any(_touches(b, (need,)) for b in below[c[0]])]
        yield from every(sound)


def _checks(today: datetime) -> tuple[tuple[Any, ...], ...]:
    return (
        (reference_checks.owner, ("owner",), _KEYS),
        (reference_checks.people_on_duty, _KEYS, _GROUPS),
        (reference_checks.told, _KEYS, ("groups", "?"), _TELL, ("policy", "up_the_line")),
        (reference_checks.idle, _KEYS, ("groups", "?"), _TELL, ("policy", "up_the_line")),
        (reference_checks.unique, _LEVEL),
        (reference_checks.covered, _KEYS, _GROUPS, _TELL, _LEVEL),
        (reference_checks.recipients, _KEYS, ("groups", "?"), _TO),
        (reference_checks.addresses_once, _PEOPLE),
        (value_checks.addresses, _PEOPLE),
        (value_checks.sender, ("sender",)),
        (value_checks.zones, _PEOPLE, ("time_zone",)),
        (value_checks.hours_of_where, _GROUPS, ("time_zone",)),
        (value_checks.ascending, _AFTER, _LEVEL),
        (value_checks.windows, _AFTER, _LEVEL, *(("policy", k) for k in value_checks.WINDOWS)),
        (value_checks.kept, ("look_back",), ("keep",)),
        (value_checks.support, ("accounts",)),
        (value_checks.tokens, ("accounts",)),
        (partial(value_checks.shadow, today=today), ("shadow",), _KEYS),
        (digest_checks.days, _DIGEST, _DAYS),
        (digest_checks.once, _DIGEST, _TO, _AT, _DAYS),
        (digest_checks.compared, _DIGEST, ("keep",)),
    )


def _touches(wrong: Path, need: Path) -> bool:
    """Tell whether a broken place holds what is needed, or lies in it.

    `*` stands for any step; `?` for none: only the names of the fields are needed.
    """
    steps = need[:-1] if need[-1] == "?" else need
    if len(wrong) > len(steps) and need[-1] == "?":
        return False
    return all(b in ("*", a) for a, b in zip(wrong, steps, strict=False))
