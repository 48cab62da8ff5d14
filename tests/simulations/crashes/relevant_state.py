"""Whether two runs go on alike: what the functions will read, and nothing they will not.

Left out, since no rule reads it: revisions (only ever compared with themselves), when a post
was stored, what was left of X's rate limits (none is reached), the journal, the records of
mails and the count of posts read (judged by themselves), names of customers (asked for again
where they are missing).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pulse.dynamodb.codec import ItemKey
from pulse.kernel.company import Company
from pulse.outbox.entries import Entry, fingerprint
from tests.simulations.crashes.snapshot import Item

_HISTORY = ("journal#", "sent#", "author#")
_SHIFTED = ("outbox#", "mailbox#", "comply#")
_LATELY = timedelta(minutes=2)
"""How long after a new policy all open conversations are folded each minute."""

_OF_CURSORS = ("limits", "rev", "last_ok", "swept", "reads")
"""What a cursor leaves out; its times stand beside it."""

Future = dict[ItemKey, Any]


def relevant_state(
    items: Mapping[ItemKey, Item], company: Company, now: datetime, *left_out: str
) -> Future:
    """What decides how it goes on from `now`; of facts and cursors without what is `left_out`."""
    waiting = {
        at.pk: frozenset(json.loads(item["state"]).get("waiting", ()))
        for at, item in items.items()
        if at.sk == "state"
    }
    entries = [at.sk.partition("#") for at in items if at.pk.startswith("outbox#")]
    expecting = {person for person, _, _ in entries}
    marks = {fingerprint([Entry(name, company.name, to, "alert", now)]) for to, _, name in entries}
    found: Future = {}
    for at, item in items.items():
        if at.pk.startswith("c#"):
            value = _fact(item, waiting.get(at.pk, frozenset()), company.policy.top.name, left_out)
        elif at.pk.startswith("account#"):
            cursor = _without(item, "cursor", *_OF_CURSORS, *left_out)
            value = cursor, item.get("last_ok"), item.get("swept")
        elif at.pk.startswith("mailbox#"):
            value = _mailbox(at, item, (expecting, marks), company, now)
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


def final_state(found: Future) -> Future:
    """What must be the same in the end, however late: all but what is told, judged by itself.

    When the next compliance job is due is left out: it comes so long after the last.
    """
    return {
        at: value
        for at, value in found.items()
        if not at.pk.startswith(_SHIFTED) and not (at.pk.startswith("c#") and at.sk[0] == "f")
    }


def _fact(item: Item, waiting: frozenset[str], top: str, left_out: tuple[str, ...]) -> Any:
    """A fact of a conversation. A flag counts while a mention it told of still waits.

    When it was raised is read at the top level only, which is repeated.
    """
    if "fact" not in item:
        return None  # the state is folded from the facts: judged by itself
    if item["sk"][0] != "f":
        return _without(item, "fact", "stored_at", *left_out), item.get("ttl")
    flag = json.loads(item["fact"])
    if not waiting.intersection(flag["mentions"]):
        return None
    return item["fact"] if flag["level"] == top else _without(item, "fact", "at")


def _mailbox(
    at: ItemKey, item: Item, entries: tuple[set[str], set[str]], company: Company, now: datetime
) -> Any:
    """What holds mail back: nothing once the window is over and nobody is being written to.

    What was told counts while an entry of it waits somewhere. `entries` that wait: for whom,
    and their marks.
    """
    expecting, marks = entries
    policy = company.policy
    person = at.pk.rpartition("#")[2]
    last, claimed, later = (item.get(name) for name in ("last_alert", "claimed", "not_before"))
    window = max(policy.alert_window, policy.critical_window)
    if last and person not in expecting and datetime.fromisoformat(last) + window <= now:
        last = None
    held = [at for at in (claimed, later) if at and datetime.fromisoformat(at) > now]
    told = sorted(marks.intersection(item.get("told", ())))
    failures = item.get("failures", 0)
    return (last, held, failures, told) if last or held or failures or told else None


def _without(item: Item, name: str, *left_out: str) -> str:
    return _stripped(item[name], left_out)


@cache
def _stripped(text: str, left_out: tuple[str, ...]) -> str:
    values = json.loads(text)
    return json.dumps({k: v for k, v in values.items() if k not in left_out}, sort_keys=True)
