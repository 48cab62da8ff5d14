"""Companies that are no longer in the settings: what is kept of them, and how it goes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulse.conversations.store.codec import is_fact, key_from_pk
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey
from pulse.settings import reader as settings_reader
from pulse_cli.data.scan import scan_with_progress

if TYPE_CHECKING:
    from pulse.dynamodb.codec import Item
    from pulse.kernel.company import Company
    from pulse.repositories import Repositories

__all__ = [
    "CompanyData",
    "current_companies",
    "delete_company_data",
    "find_company_data",
    "former_companies",
    "missing_companies",
]

_AT_ONCE = 250
_KINDS = {
    keys.CONVERSATION: "posts, positions and flags",
    keys.OWN_POSTS: "own posts",
    keys.AUDIT_LOG: "rows of the journal",
    keys.OUTBOX: "mails waiting",
    keys.SENT: "records of mails sent",
    keys.FIGURES: "days of figures",
    keys.MAILBOX: "other",
    keys.ERASURES: "other",
    keys.COMPANY: "other",
}
"""What lies under a company's name, by the first part of its key."""


@dataclass(slots=True)
class CompanyData:
    """What is kept of a company: counts, keys, and customers whom no other company knows."""

    counts: Counter[str] = field(default_factory=Counter)
    keys: list[ItemKey] = field(default_factory=list)
    customers: set[str] = field(default_factory=set)

    @property
    def has_data(self) -> bool:
        """Whether there is something to remove."""
        return bool(self.keys)


def current_companies(stores: Repositories) -> dict[str, tuple[Company, dict[str, Any]]]:
    """The companies of the settings in force, by name, each with the document it stands in."""
    pushed = stores.settings_store.current()
    return _companies(pushed[0]) if pushed else {}


def former_companies(stores: Repositories) -> dict[str, tuple[Company, dict[str, Any]]]:
    """Companies of earlier settings alone, as they were last, each with the document of then."""
    found: dict[str, tuple[Company, dict[str, Any]]] = {}
    for document in stores.settings_store.versions():
        found |= _companies(document)
    watched = current_companies(stores)
    return {name: one for name, one in found.items() if name not in watched}


def missing_companies(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of companies that one document has and the next has not."""
    return [name for name in _names(before) if name not in _names(after)]


def find_company_data(stores: Repositories, company: str) -> CompanyData:
    """Look through the whole table for it."""
    found, customers = CompanyData(), defaultdict(set)
    for item in scan_with_progress(stores.table, f"Looking for data of {company}"):
        kind, rest = keys.kind_and_rest(item["pk"])
        if kind == keys.CONVERSATION:
            key = key_from_pk(item["pk"])
            customers[key.company].add(key.customer_id)
        if kind in _KINDS and rest.partition("#")[0] == company:
            found.keys.append(ItemKey(item["pk"], item["sk"]))
            found.counts[_kind(kind, item)] += 1
    ours = customers.pop(company, set())
    found.customers = ours.difference(*customers.values())
    return found


def delete_company_data(
    stores: Repositories, company: Company, found: CompanyData
) -> Iterator[int]:
    """Remove it, and say again and again how many items went; may be done again.

    What tells that something is kept goes last.
    """
    ordered = sorted(found.keys, key=lambda at: keys.kind_and_rest(at.pk)[0] == keys.COMPANY)
    watched = {a.id for one, _ in current_companies(stores).values() for a in one.accounts}
    for start in range(0, len(ordered), _AT_ONCE):
        stores.table.delete_many(ordered[start : start + _AT_ONCE])
        yield min(start + _AT_ONCE, len(ordered))
    stores.author_cache.delete(found.customers)
    stores.cursors.delete({a.id for a in company.accounts} - watched)


def _kind(kind: str, item: Item) -> str:
    return "conversations" if kind == keys.CONVERSATION and not is_fact(item) else _KINDS[kind]


def _names(document: dict[str, Any]) -> list[str]:
    return [str(one["name"]) for one in document.get("companies", [])]


def _companies(document: dict[str, Any]) -> dict[str, tuple[Company, dict[str, Any]]]:
    settings = settings_reader.read(document)
    return {company.name: (company, document) for company in settings.companies}
