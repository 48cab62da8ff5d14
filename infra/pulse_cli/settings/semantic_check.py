"""Checks whether settings that fit the schema make sense: all checks, and what each needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pulse_cli.settings import digest_checks, reference_checks, value_checks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from pulse_cli.settings.findings import FieldPath, Remark

_PEOPLE, _GROUPS = ("people",), ("groups",)
_LEVELS, _TELL = ("policy", "levels"), ("policy", "levels", "*", "tell")
_AFTER, _LEVEL = ("policy", "levels", "*", "after"), ("policy", "levels", "*", "name")
_DIGEST, _TO, _AT = ("digests", "*", "period"), ("digests", "*", "to"), ("digests", "*", "at")
_DAYS, _PERSON = ("digests", "*", "days"), ("groups", "*", "*", "person")
_KEYS = ("people", "?")


def find_remarks(document: Any, broken: Collection[FieldPath], today: datetime) -> Iterator[Remark]:
    """Yield everything that makes no sense.

    `broken` are the places that do not fit the schema. Checks that need one of them are left out:
    they could not read it, and what they find would follow from it.
    """
    companies: list[tuple[FieldPath, dict[str, Any]]] = [
        (("companies", i), company)
        for i, company in enumerate(document["companies"])
        if isinstance(company, dict)
    ]
    below = {at: [b[2:] for b in broken if b[:2] == at] for at, _ in companies}
    for at, company in companies:
        for check, *needs in _checks(today):
            if not any(_affects(wrong, need) for wrong in below[at] for need in needs):
                yield from check(company, at)
    for every, need in (
        (reference_checks.check_company_names_unique, "name"),
        (reference_checks.check_accounts_unique, "accounts"),
    ):
        sound = [c for c in companies if not any(_affects(b, (need,)) for b in below[c[0]])]
        yield from every(sound)


def _checks(today: datetime) -> tuple[tuple[Any, ...], ...]:
    return (
        (reference_checks.check_owner, ("owner",), _KEYS),
        (reference_checks.check_people_on_duty, _KEYS, _GROUPS),
        (
            reference_checks.check_alert_recipients,
            _KEYS,
            ("groups", "?"),
            _TELL,
            ("policy", "up_the_line"),
        ),
        (
            reference_checks.check_unused_groups,
            _KEYS,
            ("groups", "?"),
            _TELL,
            ("policy", "up_the_line"),
        ),
        (reference_checks.check_level_names, _LEVEL),
        (reference_checks.check_coverage, _KEYS, _GROUPS, _TELL, _LEVEL),
        (reference_checks.check_digest_recipients, _KEYS, ("groups", "?"), _TO),
        (reference_checks.check_addresses_unique, _PEOPLE),
        (value_checks.check_addresses, _PEOPLE),
        (value_checks.check_sender, ("sender",)),
        (value_checks.check_time_zones, _PEOPLE, ("time_zone",)),
        (value_checks.check_hours_have_zone, _GROUPS, ("time_zone",)),
        (value_checks.check_levels_ascend, _AFTER, _LEVEL),
        (
            value_checks.check_windows,
            _AFTER,
            _LEVEL,
            *(("policy", k) for k in value_checks.WINDOWS),
        ),
        (value_checks.check_retention, ("look_back",), ("keep",)),
        (value_checks.check_support_account, ("accounts",)),
        (value_checks.check_token_names, ("accounts",)),
        (partial(value_checks.check_shadow, today=today), ("shadow",), _KEYS),
        (digest_checks.check_days, _DIGEST, _DAYS),
        (digest_checks.check_once_an_hour, _DIGEST, _TO, _AT, _DAYS),
        (digest_checks.check_comparison_kept, _DIGEST, ("keep",)),
    )


def _affects(wrong: FieldPath, need: FieldPath) -> bool:
    """Return whether a broken place is above the place that is needed, at it, or below it.

    In `need`, `*` stands for any step. A `?` at the end means that only the names of the fields
    are needed, so that a broken place below them does not matter.
    """
    steps = need[:-1] if need[-1] == "?" else need
    if len(wrong) > len(steps) and need[-1] == "?":
        return False
    return all(b in ("*", a) for a, b in zip(wrong, steps, strict=False))
