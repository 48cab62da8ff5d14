"""The companies of an archive and their accounts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pulse_cli.simulated_x.archive_files import ArchiveError, read_entries
from pulse_cli.simulated_x.archived_posts import is_id

ROLES = ("support", "official")


@dataclass(frozen=True, slots=True)
class ArchivedAccount:
    """An X account of a company; `role` is `support` or `official`."""

    id: str
    username: str
    role: str


@dataclass(frozen=True, slots=True)
class ArchivedCompany:
    """A brand with its accounts."""

    name: str
    accounts: tuple[ArchivedAccount, ...]


def read_companies(folder: Path) -> list[ArchivedCompany]:
    """Return the companies of an archive, in the order of the file.

    Raises:
        ArchiveError: companies.json is missing or cannot be understood.
    """
    path = folder / "companies.json"
    companies: list[ArchivedCompany] = []
    for line, raw in read_entries(path):
        try:
            company = _read_company(raw)
        except ValueError as error:
            raise ArchiveError(f"{path}, line {line}: {error}") from None
        if any(company.name == other.name for other in companies):
            again = f"a second company {company.name!r}; give each its own name"
            raise ArchiveError(f"{path}, line {line}: {again}")
        companies.append(company)
    if not companies:
        raise ArchiveError(
            f"{path}, line 1: there is no company; write at least one with its accounts"
        )
    return companies


def _read_company(raw: object) -> ArchivedCompany:
    shape = 'write it as {"name": ..., "accounts": [{"id": ..., "username": ..., "role": ...}]}'
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or not raw["name"].strip():
        raise ValueError(f"a company without a name; {shape}")
    listed = raw.get("accounts")
    if not isinstance(listed, list) or not listed:
        raise ValueError(f"company {raw['name']!r} has no accounts; {shape}")
    accounts: list[ArchivedAccount] = []
    for entry in listed:
        where = f"company {raw['name']!r}, account {len(accounts) + 1}"
        if not isinstance(entry, dict):
            raise ValueError(f"{where} is not an object; {shape}")
        account_id, username = entry.get("id"), entry.get("username")
        if not is_id(account_id):
            raise ValueError(f"{where}: id {account_id!r}; write X's number in quotes")
        if not isinstance(username, str) or not username:
            raise ValueError(f"{where} has no username; write the handle without @")
        role = entry.get("role", ROLES[0])
        if role not in ROLES:
            raise ValueError(f"{where}: role {role!r}; write one of {', '.join(ROLES)}")
        accounts.append(ArchivedAccount(str(account_id), username, role))
    return ArchivedCompany(raw["name"], tuple(accounts))
