"""How a replay ended, as far as it must be the same whatever happened on the way."""

from __future__ import annotations

import email
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.policy import default
from typing import Any

from moto.sns.models import sns_backends

from pulse.adapters.table.items import fact_of, is_fact, key_of
from pulse.domain.facts import Fact, Key, Mention, Reply
from pulse_cli.replay.outcome import conversations
from pulse_cli.replay.world import World

_ACCOUNT, _REGION = "123456789012", "us-east-1"
_AGAIN = timedelta(minutes=10)
"""Less than between two tellings of the same, more than until what was lost is sent again."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """A mail or a message to the topic: to whom, when, and which posts it asks to answer."""

    to: str
    at: datetime
    posts: frozenset[str]
    subject: str


@dataclass
class Ending:
    """The end of a run. `late` tells by conversation when its posts were known."""

    rows: dict[tuple[str, str], Row]
    messages: list[Message]
    waiting: list[tuple[str, str]]
    """Person and kind of what still lies in the outbox."""
    queued: int
    marks: dict[str, Any]
    figures: list[Row]
    failures: list[str]
    facts: dict[tuple[str, str], list[Fact]] = field(default_factory=dict)


def ending(world: World, published: Sequence[datetime]) -> Ending:
    """Read it off the world; `published` is when each message went to the topic."""
    facts: dict[tuple[str, str], list[Fact]] = {}
    figures = []
    for item in world.app.table.all():
        if is_fact(item):
            key: Key = key_of(item["pk"])
            facts.setdefault((key.conversation_id, key.customer_id), []).append(fact_of(item))
        elif item["pk"].startswith("figures#"):
            figures.append({k: v for k, v in item.items() if k != "ttl"})
    rows = {(r["conversation_id"], r["author_id"]): r for r in conversations(world)}
    company = world.company
    cursors = world.app.accounts.load(company.account_ids)
    return Ending(
        rows,
        sorted([*_mails(world), *_published(published)], key=lambda m: m.at),
        sorted((e.person, e.kind) for e in world.app.outbox.waiting(company.name)),
        len(world.drain()),
        {i: c.marks for i, c in sorted(cursors.items())},
        sorted(figures, key=str),
        [f"{f.function}: {f.error}" for f in world.lambdas.failures],
        facts,
    )


def lost(one: Ending, other: Ending) -> list[str]:
    """What the undisturbed run (`one`) has and the other has not."""
    found = [f"conversation {key} is gone" for key in one.rows.keys() - other.rows.keys()]
    found += [f"conversation {key} is new" for key in other.rows.keys() - one.rows.keys()]
    for key in one.rows.keys() & other.rows.keys():
        found += _differs(key, one, other)
    told = {(m.to, post) for m in other.messages for post in m.posts}
    found += [
        f"{m.to} never heard of {post}"
        for m in one.messages
        for post in m.posts
        if (m.to, post) not in told
    ]
    for name in ("waiting", "queued", "marks", "figures"):
        before, after = getattr(one, name), getattr(other, name)
        if before != after:
            found.append(f"{name}: {after} instead of {before}")
    digests = Counter(m.to for m in one.messages if not m.posts)
    digests.subtract(Counter(m.to for m in other.messages if not m.posts))
    return found + [f"{to} misses {n} mails" for to, n in digests.items() if n > 0]


def doubled(other: Ending) -> list[tuple[Message, Message]]:
    """The same mail twice to the same person, soon after one another."""
    found = []
    for place, first in enumerate(other.messages):
        for second in other.messages[place + 1 :]:
            if second.at - first.at > _AGAIN:
                break
            same = first.to == second.to and first.posts == second.posts
            if same and (first.posts or first.subject == second.subject):
                found.append((first, second))
    return found


def _differs(key: tuple[str, str], one: Ending, other: Ending) -> Iterator[str]:
    """A conversation that is not as it was; a warning more while an answer was not yet read."""
    before, after = one.rows[key], other.rows[key]
    for name in before.keys() - {"flagged", "level"}:
        if before[name] != after[name]:
            yield f"{key}: {name} is {after[name]!r}, was {before[name]!r}"
    flags = {(f["level"], f["due_at"]) for f in before["flagged"]}
    more = {(f["level"], f["due_at"]): f for f in after["flagged"]}
    for flag in flags - more.keys():
        yield f"{key}: no flag {flag}"
    for flag in more.keys() - flags:
        if not _not_yet_known(other.facts[key], datetime.fromisoformat(more[flag]["flagged_at"])):
            yield f"{key}: a flag too many, {more[flag]}"
    if before["level"] != after["level"] and flags == more.keys():
        yield f"{key}: level {after['level']}, was {before['level']}"


def _not_yet_known(facts: list[Fact], flagged_at: datetime) -> bool:
    """Whether an answer was out but not read when the flag was raised."""
    return any(
        isinstance(f, (Reply, Mention))
        and f.at <= flagged_at
        and f.stored_at is not None
        and f.stored_at >= flagged_at
        for f in facts
    )


def _mails(world: World) -> Iterator[Message]:
    for mail in world.mails():
        message = email.message_from_bytes(mail.raw_data.encode(), policy=default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        at = email.utils.parsedate_to_datetime(message["Date"])
        yield Message(mail.destinations[0], at, _posts(text), message["Subject"])


def _published(moments: Sequence[datetime]) -> Iterator[Message]:
    topics = sns_backends[_ACCOUNT][_REGION].topics.values()
    said = [note for topic in topics for note in topic.sent_notifications]
    for at, (_, text, subject, *_) in zip(moments, said, strict=True):
        yield Message("the topic", at, _posts(text), subject or "")


def _posts(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"in_reply_to=([0-9]+)", text))
