"""Exports a company's data: a post archive, and all other records as JSON lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from pulse.conversations.facts import NOBODY, Lease, Mention, Position, Reply
from pulse.conversations.store.documents import key_from_pk, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey, to_json
from pulse.dynamodb.reading import key_of
from pulse.kernel.batching import batched
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
_BATCH = 100
README = Path(__file__).with_name("export.md")


def export_company(
    table: Table, company: Company, document: Mapping[str, Any], folder: Path
) -> Counter[str]:
    """Write everything that is stored of a company into a folder; return the lines by file.

    `document` is the settings document that names the company. The whole table is scanned once,
    and then the posts are read, the oldest first.
    """
    with _ExportFiles(folder) as files:
        found = _Collected()
        for item in scan_with_progress(table, f"Looking for data of {company.name}"):
            _export_item(item, company, files, found)
        for post in _posts(table, company, found):
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
    """What the scan collects: when what was posted, customers, and the names of all authors."""

    posts: list[tuple[datetime, str, ItemKey]] = field(default_factory=list)
    """Time of publishing, token of the fact, and key of the document."""
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
        if item["sk"] == keys.DOCUMENT:
            _export_conversation(item, company, files, found)
    elif kind == keys.AUTHOR:
        found.authors[rest] = {
            "id": rest,
            "username": item.get("username"),
            "name": item.get("name"),
        }
    elif rest != company.name:
        return
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


def _export_conversation(
    item: Item, company: Company, files: _ExportFiles, found: _Collected
) -> None:
    stored = stored_in(item)
    which = {"conversation_id": stored.key.conversation_id, "customer_id": stored.key.customer_id}
    if stored.key.customer_id != NOBODY:
        found.customers.add(stored.key.customer_id)
        state = to_json(stored.state(company.policy))
        files.write_line("conversations.ndjson", {**which, **state})
    for fact in stored.facts:
        if isinstance(fact, (Position, Lease)):
            what = "position" if isinstance(fact, Position) else "lease"
            files.write_line("positions.ndjson", {**which, "what": what, **to_json(fact)})
        elif isinstance(fact, (Mention, Reply)):
            found.posts.append((fact.at, fact.token, key_of(item)))


def _posts(table: Table, company: Company, found: _Collected) -> Iterator[Json]:
    """Yield posts in the order of publishing; only their keys are held in memory."""
    for some in batched(sorted(found.posts), _BATCH):
        items = table.get_many(at for _, _, at in some)
        for _, token, at in some:
            stored = stored_in(items[at]) if at in items else None
            for fact in stored.facts if stored else ():
                if stored and isinstance(fact, (Mention, Reply)) and fact.token == token:
                    yield archive_post_of(stored.key, fact, company)


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
