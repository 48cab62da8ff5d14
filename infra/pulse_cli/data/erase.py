"""Finds and erases everything that is stored of one person."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pulse.audit.entries import LogEntry, user_ids_in
from pulse.authors.store import AUTHOR_KEPT
from pulse.conversations.facts import NOBODY, ConversationKey, Mention, Reply
from pulse.conversations.store.documents import stored_in
from pulse.dynamodb import keys
from pulse.outbox.store.outbox import keys_in
from pulse.privacy.deletion import delete_posts
from pulse_cli.data.scan import scan_with_progress

if TYPE_CHECKING:
    from pulse.dynamodb.table import Table
    from pulse.kernel.company import Settings
    from pulse.repositories import Repositories

__all__ = [
    "KnownHandle",
    "PersonData",
    "ProgressCallback",
    "erase_person",
    "find_by_handle",
    "find_person_data",
]

ProgressCallback = Callable[[int, int], None]
"""Called with how many conversations are done, and how many there are."""


class KnownHandle(NamedTuple):
    """A person who had the handle when a mail last showed it, which was at `at`."""

    id: str
    username: str
    name: str | None
    at: datetime


@dataclass(slots=True)
class PersonData:
    """What is stored of one person for one company.

    `posts` has the first ids of all posts by conversation, our replies included; `mentions` and
    `replies` are the same ids by kind. `first` and `last` are when the person's mentions were
    published.
    """

    posts: dict[ConversationKey, set[str]] = field(default_factory=lambda: defaultdict(set))
    mentions: set[str] = field(default_factory=set)
    replies: set[str] = field(default_factory=set)
    quarantined: int = 0
    mails: int = 0
    """Outbox entries and records of mails that cover a conversation with the person."""
    own_posts_naming: int = 0
    """Own posts of the company, which go to no customer, that name the person."""
    first: datetime | None = None
    last: datetime | None = None

    @property
    def has_data(self) -> bool:
        """Whether there is something to erase."""
        return bool(self.posts or self.quarantined or self.mails)

    def add(self, key: ConversationKey, post: Mention | Reply) -> None:
        """Add a post of a conversation, or one of its versions."""
        self.posts[key].add(post.id)
        if isinstance(post, Reply):
            self.replies.add(post.id)
            return
        self.mentions.add(post.id)
        self.first = min(self.first or post.at, post.at)
        self.last = max(self.last or post.at, post.at)

    def as_json(self) -> dict[str, Any]:
        """Return counts, and times in ISO format, for scripts."""
        return {
            "conversations": len(self.posts),
            "mentions": len(self.mentions),
            "replies": len(self.replies),
            "put_aside": self.quarantined,
            "mails": self.mails,
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "own_posts_naming": self.own_posts_naming,
        }


def find_by_handle(table: Table, handle: str) -> list[KnownHandle]:
    """Return the people who had this handle, in any case, when a mail last showed them.

    The whole table is scanned.
    """
    # The item of a name has no time of its own: it was stored AUTHOR_KEPT before it expires.
    return [
        KnownHandle(
            keys.kind_and_rest(item["pk"])[1],
            item["username"],
            item.get("name"),
            datetime.fromtimestamp(item["ttl"], UTC) - AUTHOR_KEPT,
        )
        for item in scan_with_progress(table, f"Looking for @{handle}")
        if keys.kind_and_rest(item["pk"])[0] == keys.AUTHOR
        and str(item.get("username", "")).lower() == handle.lower()
    ]


def find_person_data(
    table: Table, person: str, companies: Collection[str] = ()
) -> dict[str, PersonData]:
    """Return by company what is stored of the person with this X id.

    `companies` restricts the result; the whole table is scanned either way.
    """
    found: dict[str, PersonData] = defaultdict(PersonData)
    for item in scan_with_progress(table, "Looking for posts"):
        kind, company = keys.kind_and_rest(item["pk"])
        if kind == keys.CONVERSATION and item["sk"] == keys.DOCUMENT:
            stored = stored_in(item)
            key = stored.key
            posts = [fact for fact in stored.facts if isinstance(fact, (Mention, Reply))]
            for post in posts if key.customer_id == person else ():
                found[key.company].add(key, post)
            if key.customer_id == NOBODY:
                found[key.company].own_posts_naming += sum(person in p.named for p in posts)
        elif kind == keys.AUDIT_LOG and keys.parse_audit_entry(item["sk"])[1] == "aside":
            found[company].quarantined += concerns_person(
                person, json.loads(item["what"]).get("raw")
            )
        elif kind in (keys.OUTBOX, keys.SENT):
            found[company].mails += any(key.customer_id == person for key in keys_in(item))
    return {
        company: found_data
        for company, found_data in sorted(found.items())
        if not companies or company in companies
    }


def concerns_person(person: str, raw: Any) -> bool:
    """Return whether a quarantined post was written by this person, or answers them."""
    return person in user_ids_in(raw)


def erase_person(
    db: Repositories,
    settings: Settings,
    person: str,
    found_data: dict[str, PersonData],
    now: datetime,
    on_progress: ProgressCallback,
) -> None:
    """Delete what `find_person_data` found, conversation by conversation.

    `on_progress` is called after each conversation. A call that failed can be repeated.

    Raises:
        ContentionError: others kept writing the same items. What was deleted so far stays deleted.
    """
    policies = {c.name: c for c in settings.companies}

    def audit_entries(ids: Collection[str]) -> list[LogEntry]:
        return [LogEntry("forgotten", now, {"posts": len(ids)})]

    total, done = sum(len(data.posts) for data in found_data.values()), 0
    for name, data in found_data.items():
        # A former company has no policy any more. That of another will do, since nothing of the
        # conversation is left that would be folded by it.
        company = policies.get(name, settings.companies[0])
        for key, ids in data.posts.items():
            delete_posts(db.conversations, {key: ids}, company, now, audit_entries)
            done += 1
            on_progress(done, total)
        db.outbox.forget_conversations(name, lambda key: key.customer_id == person)
        redacted = (
            db.audit_log.redact(name, lambda raw: concerns_person(person, raw))
            if data.quarantined
            else 0
        )
        if redacted:
            db.audit_log.append(name, [LogEntry("forgotten", now, {"posts": redacted})])
