"""The settings that `pulse replay`, `pulse local` and `pulse try` use when none are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pulse.settings.reader import SettingsError

_NAME = re.compile(r"(?! )[^#\x00-\x1f\x7f-\x9f\u2028\u2029]{1,64}(?<! )")


def default_settings(companies: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a settings document made from an archive's `companies.json`.

    Each company gets three people, who have an address each and are on duty around the clock:
    the agents are alerted after 15 minutes, the manager after 60 minutes, the head after 4 hours.
    There are no digests and no look-back, and everything is stored forever.

    Raises:
        SettingsError: an entry is not a company; the error names its field.
    """
    return {"companies": [_company(raw, f"companies[{i}]") for i, raw in enumerate(companies)]}


def _company(raw: Any, where: str) -> dict[str, Any]:
    name, accounts = _field(raw, "name", where), _field(raw, "accounts", where)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{where}.name", "must be up to 64 characters on one line, without #")
    if not isinstance(accounts, list) or not accounts:
        raise SettingsError(f"{where}.accounts", "must be a list of accounts")
    domain = (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "company")[:63].strip("-")
    return {
        "name": name,
        "title": name,
        "language": "en",
        "time_zone": "UTC",
        "accounts": [_account(a, f"{where}.accounts[{i}]") for i, a in enumerate(accounts)],
        "people": {
            key: {"name": key.capitalize(), "email": f"{key}@{domain}.example"}
            for key in ("agents", "manager", "head")
        },
        "policy": {
            "levels": [
                {"name": "warning", "after": "15 min", "tell": ["agents"]},
                {"name": "breach", "after": "60 min", "tell": ["manager"]},
                {"name": "critical", "after": "4 h", "tell": ["head"]},
            ]
        },
        "owner": "head",
        "look_back": "0",
        "keep": "forever",
    }


def _account(raw: Any, where: str) -> dict[str, str]:
    account_id, username = str(_field(raw, "id", where)), str(_field(raw, "username", where))
    role = raw.get("role", "support")
    if role not in ("support", "official"):
        raise SettingsError(f"{where}.role", "must be support or official")
    token = username if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", username) else account_id
    return {"id": account_id, "username": username, "role": role, "token": token}


def _field(raw: Any, key: str, where: str) -> Any:
    if not isinstance(raw, Mapping):
        raise SettingsError(where, "must have fields: name, accounts")
    if raw.get(key) is None:
        raise SettingsError(f"{where}.{key}", "is missing")
    return raw[key]
