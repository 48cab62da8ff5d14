"""What people are to be told: entries of the outbox, and when a mail may go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from pulse.conversations.facts import ConversationKey
from pulse.kernel.policy import Policy

_REMEMBERED = 100
TOPIC = "*topic"
"""Stands for the SNS topic where the name of a person would stand."""

MOST_KEPT = 1000
"""Conversations of one mail that are remembered, should it come back."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that one person is to be told. `id` makes it stand once, and names no customer.

    `keys` are the conversations of an alert; `details` hold what is needed to write it (of
    an alert, its `level` and the `people` who hear of it): plain JSON values.
    """

    id: str
    company: str
    person: str
    kind: Literal["alert", "trouble", "digest"]
    at: datetime
    keys: tuple[ConversationKey, ...] = ()
    urgent: bool = False
    again: int = 0
    details: tuple[tuple[str, Any], ...] = ()
    unreachable: tuple[str, ...] = ()
    """Whom the mail service would not write to."""

    def detail(self, name: str) -> Any:
        """One of the details, or None."""
        return dict(self.details).get(name)

    def restricted_to(self, keys: Collection[ConversationKey]) -> Entry:
        """The same entry of no other conversations than these."""
        return replace(self, keys=tuple(key for key in self.keys if key in keys))

    def with_detail(self, name: str, value: Any) -> Entry:
        """The same entry with this detail."""
        return replace(self, details=tuple({**dict(self.details), name: value}.items()))


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that went out: `id` names its record, `to` is the address that it went to.

    `told` is all that it told of, in one entry, None when none of it passes on; `came_back`
    says how it came back, if it did.
    """

    id: str
    company: str
    person: str
    to: str
    covered: Entry | None = None
    returned: str | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What a person was last sent. `not_before` is set when the mail service said wait.

    `claimed` is until when one sender alone may write to the person.
    """

    last_alert: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    told_alerts: tuple[str, ...] = ()
    """Marks of the alerts that the person was told last."""
    claimed_until: datetime | None = None

    def after_alerts(self, alerts: Sequence[Entry], now: datetime) -> Mailbox:
        """What it is once these alerts are in a mail."""
        told = (*self.told_alerts, *(fingerprint([entry]) for entry in alerts))
        return replace(self, last_alert=now, told_alerts=told[-_REMEMBERED:])


def merge(entries: Sequence[Entry]) -> Entry | None:
    """What one mail told, should it have to be told to somebody else: None of a digest.

    The urgent first, and no more conversations than an item of the table holds with ease.
    """
    ordered = sorted(entries, key=lambda e: (not e.urgent, e.at))
    if not ordered or ordered[0].kind == "digest":
        return None
    return replace(
        ordered[0],
        keys=tuple(dict.fromkeys(key for e in ordered for key in e.keys))[:MOST_KEPT],
        again=max(e.again for e in ordered),
        unreachable=tuple(dict.fromkeys(person for e in ordered for person in e.unreachable)),
    )


def restrict_to_existing(told: Sequence[Entry], entries: Sequence[Entry]) -> list[Entry]:
    """What of this, which was made of these entries, is about conversations that they still name.

    An alert that is about none of them goes.
    """
    named = {key for entry in entries for key in entry.keys}
    found = [entry.restricted_to(named) for entry in told]
    return [entry for entry in found if entry.keys or entry.kind != "alert"]


def next_alert(entries: Sequence[Entry], mailbox: Mailbox, policy: Policy) -> datetime | None:
    """From when on the alerts that wait for one person may go: one mail in a window.

    None when none wait; the time of the oldest entry when nothing holds them back.
    """
    if not entries:
        return None
    first = min(entry.at for entry in entries)
    if mailbox.last_alert is None:
        return first
    urgent = any(entry.urgent for entry in entries)
    window = policy.critical_window if urgent else policy.alert_window
    return max(first, mailbox.last_alert + min(window, policy.alert_window))


def due(entries: Sequence[Entry], mailbox: Mailbox, policy: Policy, now: datetime) -> list[Entry]:
    """What may go to one person at `now`; the alerts among it all or none."""
    if mailbox.not_before is not None and mailbox.not_before > now:
        return []
    alerts = [e for e in entries if e.kind == "alert"]
    at = next_alert(alerts, mailbox, policy)
    held = at is None or at > now
    return [e for e in entries if e.kind != "alert" or not held]


def already_told(entries: Sequence[Entry], mailbox: Mailbox) -> bool:
    """Whether the person was told all of it: an alert may be handed over to them twice."""
    return all(e.kind == "alert" and fingerprint([e]) in mailbox.told_alerts for e in entries)


def overdue(entries: Sequence[Entry], mailbox: Mailbox, policy: Policy, now: datetime) -> timedelta:
    """For how long something could have gone to this person, but for the mail service."""
    moments = [
        next_alert([e for e in entries if e.kind == "alert"], mailbox, policy),
        *(e.at for e in entries if e.kind != "alert"),
    ]
    return max([timedelta(0), *(now - at for at in moments if at is not None)])


def fingerprint(entries: Iterable[Entry]) -> str:
    """Tells entries, or a mail of them, from others."""
    return _digest("".join(entry.id for entry in entries))


def anonymous_id(key: ConversationKey) -> str:
    """Tells a conversation from others without naming the customer."""
    return _digest(f"{key.conversation_id}#{key.customer_id}")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
