"""The part of the table that decides how a run continues: two runs that agree in it continue alike.

Left out, since no rule reads it: revisions (compared only with themselves), when a post was
stored, what is left of X's rate limits (none is reached), the audit log, the records of mails and
the count of posts read (each checked separately), names of customers (looked up again where they
are missing).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pulse.conversations.facts import Flag
from pulse.conversations.fold import fold
from pulse.conversations.store.documents import unpack
from pulse.dynamodb import keys
from pulse.dynamodb.codec import ItemKey, to_json
from pulse.kernel.company import Company
from pulse.kernel.policy import Policy
from pulse.outbox.entries import Entry, fingerprint
from tests.simulations.crashes.snapshot import Item

_HISTORY = ("journal#", "sent#", "author#", "c#")
"""Marks of open conversations are left out: another check compares them with the facts."""
_SHIFTED = ("outbox#", "mailbox#", "comply#")
_LATELY = timedelta(minutes=2)
"""How long after a new policy all open conversations are folded each minute."""

_OF_CURSORS = ("limits", "rev", "last_ok", "swept", "reads")
"""Left out of a cursor; its times are compared beside it."""

RelevantState = dict[ItemKey, Any]
_known: dict[tuple[bytes, str, tuple[str, ...]], dict[str, str]] = {}


def relevant_state(
    items: Mapping[ItemKey, Item], company: Company, now: datetime, *ignored: str
) -> RelevantState:
    """What decides how a run goes on from `now`; `ignored` names fields of facts and cursors."""
    entries = [at.sk.partition("#") for at in items if at.pk.startswith("outbox#")]
    recipients = {person for person, _, _ in entries}
    marks = {fingerprint([Entry(name, company.name, to, "alert", now)]) for to, _, name in entries}
    found: RelevantState = {}
    for at, item in items.items():
        if at.sk == keys.DOCUMENT:
            for token, fact in _facts(item["facts"], company.policy, ignored).items():
                found[ItemKey(at.pk, token)] = fact, item.get("ttl")
            continue
        if at.pk.startswith("account#"):
            cursor = _without(item, "cursor", *_OF_CURSORS, *ignored)
            value = cursor, item.get("last_ok"), item.get("swept")
        elif at.pk.startswith("mailbox#"):
            value = _mailbox(at, item, (recipients, marks), company, now)
        elif at.pk.startswith("comply#"):
            value = _without(item, "checking", "rev")
        elif at.sk == "folded":
            lately = now - datetime.fromisoformat(item["at"]) <= _LATELY
            value = item["version"], item["at"] if lately else ""
        elif at.pk.startswith(_HISTORY):
            continue
        else:
            value = tuple(sorted((k, str(v)) for k, v in item.items()))
        if value is not None:
            found[at] = value
    return found


def final_state(found: RelevantState) -> RelevantState:
    """What must be equal in the end, however late: all but flags and mail, checked elsewhere.

    The time of the next compliance job is left out: it depends on when the last one was made.
    """
    return {
        at: value
        for at, value in found.items()
        if not at.pk.startswith(_SHIFTED) and not (at.pk.startswith("c#") and at.sk[0] == "f")
    }


def _facts(packed: bytes, policy: Policy, ignored: tuple[str, ...]) -> dict[str, str]:
    """Return the facts of a conversation, without flags that cover no waiting mention.

    The time of a flag matters at the top level only, which is repeated.
    """
    top = policy.top.name
    if (packed, top, ignored) not in _known:
        facts = unpack(packed)
        waiting = frozenset(fold(facts, policy).waiting)
        found = _known[packed, top, ignored] = {}
        for fact in facts:
            left_out: tuple[str, ...] = ("stored_at", *ignored)
            if isinstance(fact, Flag):
                if not waiting.intersection(fact.mentions):
                    continue
                left_out = () if fact.level == top else ("at",)
            found[fact.token] = _stripped(json.dumps(to_json(fact)), left_out)
    return _known[packed, top, ignored]


def _mailbox(
    at: ItemKey, item: Item, entries: tuple[set[str], set[str]], company: Company, now: datetime
) -> Any:
    """What delays mail; None once the alert window is over and the mailbox is not claimed.

    Fingerprints of earlier alerts count while their entry waits somewhere. `entries`: the people
    for whom entries wait, and the fingerprints of these.
    """
    recipients, marks = entries
    policy = company.policy
    person = at.pk.rpartition("#")[2]
    stored = json.loads(item.get("mailbox", "{}"))
    last, claimed, later = stored.get("last_alert"), item.get("claimed"), stored.get("not_before")
    window = max(policy.alert_window, policy.critical_window)
    if last and person not in recipients and datetime.fromisoformat(last) + window <= now:
        last = None
    held = [at for at in (claimed, later) if at and datetime.fromisoformat(at) > now]
    alerts = sorted(marks.intersection(stored.get("recent_alerts", ())))
    failures = stored["failures"] if stored else 0
    return (last, held, failures, alerts) if last or held or failures or alerts else None


def _without(item: Item, name: str, *ignored: str) -> str:
    return _stripped(item[name], ignored)


@cache
def _stripped(text: str, ignored: tuple[str, ...]) -> str:
    values = json.loads(text)
    return json.dumps({k: v for k, v in values.items() if k not in ignored}, sort_keys=True)
