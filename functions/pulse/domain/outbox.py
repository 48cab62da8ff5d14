"""What people are to be told: entries of the outbox, and when a mail may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pulse.domain.facts import Key
from pulse.domain.policy import Policy

TOPIC = "*topic"
"""Stands for the SNS topic where the name of a person would stand."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that one person is to be told. `id` makes it stand once.

    `keys` are the conversations of an alert; `details` hold what a trouble or a digest
    needs to be written: plain JSON values.
    """

    id: str
    company: str
    person: str
    kind: Literal["alert", "trouble", "digest"]
    at: datetime
    keys: tuple[Key, ...] = ()
    urgent: bool = False
    again: int = 0
    details: tuple[tuple[str, Any], ...] = ()
    tried: tuple[str, ...] = ()
    """Whom the mail service would not write to."""

    def detail(self, name: str) -> Any:
        """One of the details, or None."""
        return dict(self.details).get(name)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What a person was last sent. `not_before` is set when the mail service said wait."""

    last_alert: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0


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
