"""Exports a company's data: a post archive, and all other records as JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from pulse.conversations.facts import Lease, Position
from pulse.conversations.store.codec import fact_of, is_fact, key_from_pk, state_of
from pulse.dynamodb import keys
from pulse.dynamodb.codec import to_json
from pulse_cli.data.archive_posts import archive_post_of
from pulse_cli.data.scan import scan_with_progress

if TYPE_CHECKING:
    from pulse.dynamodb.codec import Item
    from pulse.dynamodb.table import Table
    from pulse.kernel.company import Company

__all__ = ["export_company"]

Json = dict[str, Any]
_INTERNAL_FIELDS = ("pk", "sk", "ttl", "company", "fingerprint", "covered", "cut")
"""Fields of a mail's record that only Pulse needs."""
README = Path(__file__).with_name("export.md")


def export_company(
    table: Table, company: Company, document: Mapping[str, Any], folder: Path
) -> Counter[str]:
    """Write everything that is stored of a company into a folder; return the lines by file.

    `document` is the settings document that names the company. The whole table is scanned once,
    and then the posts are read day by day, so that they are in order of time.
    """
    with _ExportFiles(folder) as files:
        found = _Collected()
        for item in scan_with_progress(table, f"Looking for data of {company.name}"):
            _export_item(item, company, files, found)
        for day in sorted(found.days):
            for item in table.query_index(day):
                post = archive_post_of(item, company)
                if post is not None:
                    files.write_line("posts.ndjson", post)
        for user in _users(company, found):
            files.write_line("users.ndjson", user)
        counts = files.counts
    ours = [{"id": a.id, "username": a.username, "role": a.role} for a in company.accounts]
    _write_json(folder / "companies.json", [{"name": company.name, "accounts": ours}])
    settings = [one for one in document["companies"] if one["name"] == company.name]
    _write_json(folder / "settings.json", {**document, "companies": settings})
    (folder / "README.md").write_text(README.read_text("utf-8"), "utf-8")
    return counts


@dataclass(slots=True)
class _Collected:
    """What the scan collects: days with posts, customers, and the names of all authors."""

    days: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    authors: dict[str, Json] = field(default_factory=dict)


class _ExportFiles:
    """The `.ndjson` files of an export, which are there even if they stay empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIO] = {}
        self._exit = ExitStack()
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        for name in ("posts", "users", "conversations", "positions", "journal", "sent", "figures"):
            path = self._folder / f"{name}.ndjson"
            self._files[path.name] = self._exit.enter_context(path.open("w", encoding="utf-8"))
            self.counts[path.name] = 0
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    def write_line(self, name: str, value: Json) -> None:
        """Write one line."""
        self._files[name].write(json.dumps(value, ensure_ascii=False) + "\n")
        self.counts[name] += 1


def _export_item(item: Item, company: Company, files: _ExportFiles, found: _Collected) -> None:
    """Write an item to its file, or collect it; items of other companies are skipped."""
    kind, rest = keys.kind_and_rest(item["pk"])
    if kind == keys.CONVERSATION and key_from_pk(item["pk"]).company == company.name:
        _export_conversation(item, files, found)
    elif kind == keys.AUTHOR:
        found.authors[rest] = {
            "id": rest,
            "username": item.get("username"),
            "name": item.get("name"),
        }
    elif rest != company.name:
        return
    elif kind == keys.OWN_POSTS:
        found.days.add(item["gpk"])
    elif kind == keys.AUDIT_LOG:
        at, entry_kind = keys.parse_audit_entry(item["sk"])
        files.write_line(
            "journal.ndjson", {"at": at, "kind": entry_kind, "what": json.loads(item["what"])}
        )
    elif kind == keys.SENT:
        files.write_line(
            "sent.ndjson", {n: v for n, v in item.items() if n not in _INTERNAL_FIELDS}
        )
    elif kind == keys.FIGURES:
        day = {"day": item["sk"], "figures": json.loads(item["figures"])}
        files.write_line("figures.ndjson", day)


def _export_conversation(item: Item, files: _ExportFiles, found: _Collected) -> None:
    key = key_from_pk(item["pk"])
    which = {"conversation_id": key.conversation_id, "customer_id": key.customer_id}
    if not is_fact(item):
        found.customers.add(key.customer_id)
        files.write_line("conversations.ndjson", {**which, **to_json(state_of(item))})
        return
    fact = fact_of(item)
    if isinstance(fact, (Position, Lease)):
        what = "position" if isinstance(fact, Position) else "lease"
        files.write_line("positions.ndjson", {**which, "what": what, **to_json(fact)})
    elif "gpk" in item:
        found.days.add(item["gpk"])


def _users(company: Company, found: _Collected) -> list[Json]:
    """Return the users whose names are known: our accounts, and customers that a mail showed."""
    ours = [{"id": a.id, "username": a.username, "name": a.username} for a in company.accounts]
    theirs = [
        {name: value for name, value in user.items() if value is not None}
        for i, user in sorted(found.authors.items())
        if i in found.customers and user["username"]
    ]
    return [*ours, *theirs]


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")
