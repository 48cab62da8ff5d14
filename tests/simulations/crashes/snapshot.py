"""All that can be observed of a run at a moment: table, messages, queues, failures, crashes."""

from __future__ import annotations

import email
import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.policy import default
from functools import cache
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from pulse.dynamodb.codec import ItemKey, from_dynamodb
from pulse.outbox.entries import TOPIC
from pulse_cli.simulated_x.archived_posts import ArchivedPost
from tests.simulations.crashes.faulty_world import FaultyWorld

_ACCOUNT, _REGION = "123456789012", "us-east-1"
_DIGEST = re.compile(r"^(OUR WATCH|МОНИТОРИНГ)\r?$", re.MULTILINE)

SENDING_CALLS = frozenset({"sesv2.SendEmail", "sns.Publish"})
"""Calls after which a message is on its way."""

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """A mail, or a message to the topic, with the ids of the posts it names."""

    to: str
    at: datetime
    posts: frozenset[str]
    subject: str
    text: str
    digest: bool


@dataclass
class Snapshot:
    """The state of a run before the minute `before` begins."""

    before: datetime
    items: dict[ItemKey, Item]
    messages: list[Message]
    queued: tuple[int, int, int]
    """Polls on the queue, dead letters, and invocations to be retried."""
    refused: int
    """Requests that X did not answer with 200; a second compliance job at once does not count."""
    failures: list[str]
    killed: list[tuple[str, datetime]]
    asked: set[tuple[str, datetime]]
    ticks: set[datetime]
    found_by_sweeps: frozenset[str]
    """Ids of posts that a sweep finds: X showed them late, or they answer a deleted post."""
    harness_errors: list[str]

    def with_prefix(self, start: str) -> Iterator[tuple[ItemKey, Item]]:
        """Items whose partition key begins with `start`."""
        return ((at, item) for at, item in self.items.items() if at.pk.startswith(start))


def take_snapshot(world: FaultyWorld, before: datetime) -> Snapshot:
    """Take the snapshot."""
    statuses = world.x.requests
    return Snapshot(
        before,
        items(world),
        sorted([*_mails(world), *_published(world)], key=lambda m: m.at),
        queued(world),
        sum(n for (to, status), n in statuses.items() if status != "200" and to != "compliance"),
        [f"{f.function}: {f.error}" for f in world.lambdas.failures],
        list(world.killed),
        set(world.asked),
        set(world.ticks),
        _found_by_sweeps(world.x.archive.posts),
        list(world.harness_errors),
    )


def _found_by_sweeps(posts: Sequence[ArchivedPost]) -> frozenset[str]:
    deleted = {("replied_to", post.id) for post in posts if post.removal is not None}
    late = (p.visible_at > p.created_at or not deleted.isdisjoint(p.references) for p in posts)
    return frozenset(post.id for post, is_late in zip(posts, late, strict=True) if is_late)


def items(world: FaultyWorld) -> dict[ItemKey, Item]:
    """Everything in the table, read directly from moto: it is needed every minute."""
    table = dynamodb_backends[_ACCOUNT][_REGION].tables[world.app.db.table.name]
    return {
        ItemKey(pk.value, sk.value): {name: _plain(value) for name, value in item.attrs.items()}
        for pk, held in table.items.items()
        for sk, item in held.items()
    }


def reads(items: Mapping[ItemKey, Item]) -> dict[str, int]:
    """How many posts each account has read, as its cursor counts them."""
    cursors = {at.pk: item["cursor"] for at, item in items.items() if at.sk == "cursor"}
    return {
        pk.removeprefix("account#"): sum(json.loads(cursor)["reads"].values())
        for pk, cursor in cursors.items()
    }


def queued(world: FaultyWorld) -> tuple[int, int, int]:
    """Polls on the queue, dead letters, and invocations to be retried."""
    queue = next(f.queue for f in world.stack.functions.values() if f.queue is not None)
    queues = sqs_backends[_ACCOUNT][_REGION].queues
    waiting, dead = (
        one.approximate_number_of_messages + one.approximate_number_of_messages_not_visible
        for one in (queues[url.rsplit("/", 1)[-1]] for url in (queue.url, queue.dead_letters_url))
    )
    return waiting, dead, len(world.lambdas._retries)  # noqa: SLF001


def _plain(value: Any) -> Any:
    if value.type == "S":
        return value.value
    if value.type == "L":
        return [_plain(one) for one in value.value]
    if value.type == "M":
        return {name: _plain(one) for name, one in value.value.items()}
    if value.type == "B":
        return value.value if isinstance(value.value, bytes) else b64decode(value.value)
    return from_dynamodb({"value": value.to_json()})["value"]


def last_recipient(world: FaultyWorld, call: str) -> str:
    """The recipient of the last message that this call sent."""
    return TOPIC if call == "sns.Publish" else world.mails()[-1].destinations[0]


def read_mails(world: FaultyWorld) -> None:
    """Parse the mails so far, so that children of this process need not."""
    for _ in _mails(world):
        pass


def _mails(world: FaultyWorld) -> Iterator[Message]:
    return (_mail(mail.destinations[0], mail.raw_data) for mail in world.mails())


@cache
def _mail(to: str, raw: str) -> Message:
    message = email.message_from_bytes(raw.encode(), policy=default)
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    at = email.utils.parsedate_to_datetime(message["Date"])
    return Message(to, at, _posts(text), message["Subject"], text, bool(_DIGEST.search(text)))


def _published(world: FaultyWorld) -> Iterator[Message]:
    topics = sns_backends[_ACCOUNT][_REGION].topics.values()
    notifications = [notification for topic in topics for notification in topic.sent_notifications]
    for at, (_, text, subject, *_) in zip(world.published, notifications, strict=True):
        yield Message(TOPIC, at, _posts(text), subject or "", text, digest=False)


def _posts(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"in_reply_to=([0-9]+)", text))
