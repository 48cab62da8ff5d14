"""Finds and deletes the data of companies that are no longer in the settings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulse.conversations.facts import NOBODY
from pulse.conversations.store.documents import key_from_pk, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey
from pulse.kernel.batching import batched
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
    keys.AUDIT_LOG: "rows of the journal",
    keys.OUTBOX: "mails waiting",
    keys.SENT: "records of mails sent",
    keys.FIGURES: "days of figures",
    keys.MAILBOX: "other",
    keys.ERASURES: "other",
    keys.COMPANY: "other",
}
"""What is stored under a company's name, by the first part of the key: keys of `drop --json`."""
_OWN_POSTS = "own posts"


@dataclass(slots=True)
class CompanyData:
    """What is stored of a company: the number of items by kind, and their keys.

    `customers` are the ids of those who are in no other company's conversations.
    """

    counts: Counter[str] = field(default_factory=Counter)
    keys: list[ItemKey] = field(default_factory=list)
    customers: set[str] = field(default_factory=set)

    @property
    def has_data(self) -> bool:
        """Whether there is something to remove."""
        return bool(self.keys)


def current_companies(db: Repositories) -> dict[str, tuple[Company, dict[str, Any]]]:
    """Return the companies of the settings in force, by name, each with that document.

    Raises:
        SettingsError: the settings cannot be read.
    """
    pushed = db.settings_store.current()
    return _companies(pushed[0]) if pushed else {}


def former_companies(db: Repositories) -> dict[str, tuple[Company, dict[str, Any]]]:
    """Return the companies that only earlier settings name, each with the last document it is in.

    Raises:
        SettingsError: a version of the settings cannot be read.
    """
    data: dict[str, tuple[Company, dict[str, Any]]] = {}
    for document in db.settings_store.versions():
        data |= _companies(document)
    current = current_companies(db)
    return {name: one for name, one in data.items() if name not in current}


def missing_companies(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of companies that are in `before` and not in `after`."""
    return [name for name in _names(before) if name not in _names(after)]


def find_company_data(db: Repositories, company: str) -> CompanyData:
    """Return what is stored under the company's name; the whole table is scanned."""
    data, customers = CompanyData(), defaultdict(set)
    for item in scan_with_progress(db.table, f"Looking for data of {company}"):
        kind, rest = keys.kind_and_rest(item["pk"])
        if kind == keys.CONVERSATION:
            key = key_from_pk(item["pk"])
            customers[key.company].add(key.customer_id)
        if kind in _KINDS and rest.partition("#")[0] == company:
            data.keys.append(ItemKey(item["pk"], item["sk"]))
            data.counts.update(_count(kind, item))
    ours = customers.pop(company, set()) - {NOBODY}
    data.customers = ours.difference(*customers.values())
    return data


def delete_company_data(db: Repositories, company: Company, data: CompanyData) -> Iterator[int]:
    """Delete all data of a company, and yield how many items are deleted so far.

    After a failure it may be called again.

    Raises:
        SettingsError: the settings in force cannot be read.
    """
    # The item `company#NAME` is what shows that there is something left to delete. It goes last, so
    # that a run that was interrupted is found, and can be completed, by the next one.
    ordered = sorted(data.keys, key=lambda at: keys.kind_and_rest(at.pk)[0] == keys.COMPANY)
    current = {a.id for one, _ in current_companies(db).values() for a in one.accounts}
    deleted = 0
    for batch in batched(ordered, _AT_ONCE):
        db.table.delete_many(batch)
        deleted += len(batch)
        yield deleted
    # Names and cursors are not stored by company. Those that another company uses, too, stay.
    db.author_cache.delete(data.customers)
    db.cursors.delete({a.id for a in company.accounts} - current)


def _count(kind: str, item: Item) -> dict[str, int]:
    if kind != keys.CONVERSATION:
        return {_KINDS[kind]: 1}
    if item["sk"] != keys.DOCUMENT:
        return {}
    stored = stored_in(item)
    if stored.key.customer_id == NOBODY:
        return {_OWN_POSTS: len(stored.facts)}
    return {"conversations": 1, _KINDS[kind]: len(stored.facts)}


def _names(document: dict[str, Any]) -> list[str]:
    return [str(one["name"]) for one in document.get("companies", [])]


def _companies(document: dict[str, Any]) -> dict[str, tuple[Company, dict[str, Any]]]:
    settings = settings_reader.read(document)
    return {company.name: (company, document) for company in settings.companies}
