"""What a run with faults lost or sent twice, compared with the uninterrupted (reference) run.

Its conversations, cursors, settings, figures and marks must be those of the reference run at the
same moment; posts may be stored later only for as long as a killed poll's message is invisible.
Then each step is checked against the one before it: flags against the posts as they became known,
alerts against the flags, records against the mails, gaps against the minutes that were read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pulse.dynamodb.codec import ItemKey
from pulse.kernel.company import Company
from pulse.listening.tasks import kinds_due
from pulse.outbox.entries import TOPIC
from tests.simulations.crashes.alert_check import AlertCheck
from tests.simulations.crashes.billing_check import wrong_read_counts
from tests.simulations.crashes.conversation_history import (
    first_minute_alive,
    histories,
    late_posts,
    wrong_flags,
    wrong_places,
)
from tests.simulations.crashes.relevant_state import final_state, relevant_state
from tests.simulations.crashes.snapshot import Message, Snapshot

_MINUTE = timedelta(minutes=1)
_QUARTER = timedelta(minutes=15)
_AWAY = timedelta(minutes=5)
"""How long the message of a killed poll is invisible: the queue's visibility time-out."""


@dataclass
class Violations:
    """What was lost, and what was sent twice, as (address, description)."""

    lost: list[str] = field(default_factory=list)
    doubled: list[tuple[str, str]] = field(default_factory=list)


def check(
    company: Company, start: datetime, reference: Snapshot, other: Snapshot, read: Mapping[str, int]
) -> Violations:
    """Compare a run with faults, `other`, which began at `start`, with the reference run.

    `read` is how many posts each account had read in the reference run at the moment of `other`.
    """
    found = Violations()
    found.lost += other.harness_errors
    found.lost += _different(company, start, reference, other)
    found.lost += [f"failed: {one}" for one in other.failures if "Killed" not in one]
    if other.refused:
        found.lost.append(f"X refused {other.refused} requests")
    were, are = histories(reference.items), histories(other.items)
    alive = first_minute_alive({at for name, at in other.killed if name == "flag"})
    for key, history in are.items():
        found.lost += wrong_places(history, company)
        found.lost += wrong_flags(history, company.policy, alive, other.before)
        if key in were:
            found.lost += late_posts(
                history, were[key], lambda *post: _latest_store_time(other, *post)
            )
    senders = [at for name, at in other.killed if name == "send"]
    alert_check = AlertCheck(company, are, senders, set(_refused(other)))
    alerts = [m for m in other.messages if m.posts and not m.digest]
    alert_check.compare(alerts, start, other.before)
    found.lost += alert_check.lost
    found.doubled += alert_check.doubled
    found.doubled += _unrecorded(other)
    found.lost += _records(company, reference, other)
    found.lost += _texts_that_differ(start, reference, other)
    found.lost += _log_differences(reference, other)
    found.lost += _unread_minutes_without_gap(company, reference, other)
    found.lost += wrong_read_counts(company, read, other, _AWAY)
    return found


def _refused(other: Snapshot) -> Iterator[tuple[str, datetime]]:
    for at, item in other.with_prefix("journal#"):
        what = json.loads(item["what"])
        if what.get("final"):
            yield what["person"], _at(at.sk)


def _different(company: Company, start: datetime, one: Snapshot, other: Snapshot) -> Iterator[str]:
    """What is stored differently from the reference run."""
    ignored = ("watched_from",) if _first_poll_was_killed(start, other) else ()
    before = final_state(relevant_state(one.items, company, one.before, *ignored))
    after = final_state(relevant_state(other.items, company, other.before, *ignored))
    if one.before == other.before:
        for at in before.keys() | after.keys():
            if before.get(at) != after.get(at):
                yield f"{at.pk} {at.sk}: {after.get(at)} instead of {before.get(at)}"
    if other.queued != (0, 0, 0):
        yield f"left over: {other.queued} polls, dead letters, retries"
    names = dict(one.with_prefix("author#"))
    for at, item in other.with_prefix("author#"):
        was = names.get(at, item)
        if (was.get("username"), was.get("name")) != (item.get("username"), item.get("name")):
            yield f"{at.pk} is {item}"


def _first_poll_was_killed(start: datetime, other: Snapshot) -> bool:
    """Whether the first poll was killed, so that the watch may have begun with a later one."""
    return any(at < start + _AWAY for _, at in other.killed)


def _latest_store_time(other: Snapshot, stored: datetime, post: str = "") -> datetime:
    """When a post must have been stored that the reference run stored at `stored`.

    A post that X showed late is found by a sweep; if `dispatch` was killed, by the next sweep.
    """
    for function, at in sorted(other.killed, key=lambda k: k[1]):
        if function == "poll" and at <= stored < at + _AWAY:
            stored = at + _AWAY
        elif function == "dispatch" and stored == at:
            sweep = post in other.found_by_sweeps and "sweep" in kinds_due(at)
            stored = at + (_QUARTER if sweep else _MINUTE)
    return stored


def _records(company: Company, one: Snapshot, other: Snapshot) -> Iterator[str]:
    """Each mail has its record and each record its mail; digests are those that were due."""
    recorded = _recorded(other)
    sent = _sent(other.messages)
    for (at, to, subject), count in (recorded - sent).items():
        yield f"{count} recorded at {at:%d %H:%M} and not sent to {to}: {subject}"
    for kind in ("digest", "trouble"):
        before, after = _of_kind(one, kind, other.before), _of_kind(other, kind, other.before)
        for what, count in (before - after).items():
            yield f"{count} {kind} not sent: {what}"
        for what, count in (after - before).items():
            yield f"{count} {kind} too many: {what}"
    last: dict[str, str] = {}
    for _, item in other.with_prefix("sent#"):
        if item["kind"] in ("alert", "critical"):
            last[item["person"]] = max(item["at"], last.get(item["person"], ""))
    for at, item in other.with_prefix("mailbox#"):
        person = at.pk.rpartition("#")[2]
        was = json.loads(item.get("mailbox", "{}")).get("last_alert")
        if (was or "")[:16] != last.get(person, "")[:16]:
            yield f"the mailbox of {person} says {was}, the records {last.get(person)}"


def _unrecorded(other: Snapshot) -> Iterator[tuple[str, str]]:
    """Mails that were sent and never recorded."""
    for (at, to, subject), count in (_sent(other.messages) - _recorded(other)).items():
        yield to, f"{count} not marked, of {at:%d %H:%M}: {subject}"


def _recorded(run: Snapshot) -> Counter[tuple[datetime, str, str]]:
    found: Counter[tuple[datetime, str, str]] = Counter()
    for _, item in run.with_prefix("sent#"):
        topic = item["person"] == TOPIC
        subject = "" if topic else item["subject"]
        found[datetime.fromisoformat(item["at"]), TOPIC if topic else item["to"], subject] += 1
    return found


def _sent(messages: Iterable[Message]) -> Counter[tuple[datetime, str, str]]:
    return Counter((m.at, m.to, "" if m.to == TOPIC else m.subject) for m in messages)


def _of_kind(run: Snapshot, kind: str, before: datetime) -> Counter[str]:
    return Counter(
        at.sk.partition("#")[2] if kind == "digest" else f"{item['person']} {item['subject']}"
        for at, item in run.with_prefix("sent#")
        if item["kind"] == kind and datetime.fromisoformat(item["at"]) < before
    )


def _log_differences(one: Snapshot, other: Snapshot) -> Iterator[str]:
    """Audit entries that differ, apart from gaps for just the minutes that a kill left unread."""
    before = Counter(
        _row(at.sk, i) for at, i in one.with_prefix("journal#") if _at(at.sk) < other.before
    )
    after = Counter(_row(at.sk, i) for at, i in other.with_prefix("journal#"))
    for row, count in (before - after).items():
        yield f"{count} not in the journal: {row}"
    for row, count in (after - before).items():
        what = json.loads(row[1])
        if row[0] != "gap" or what["reason"] != "blind" or not _explained(what, other):
            yield f"{count} in the journal too many: {row}"


def _explained(gap: dict[str, str], other: Snapshot) -> bool:
    """Whether a kill explains why these minutes were not read."""
    return all(_latest_store_time(other, moment) != moment for moment in _minutes(gap))


def _texts_that_differ(start: datetime, one: Snapshot, other: Snapshot) -> Iterator[str]:
    """Messages of the same posts to the same person in the same minute that read differently.

    A digest states the minutes that were not read, and differs if a kill left some; a mail about a
    fault states since when it lasts, which a kill may have delayed.
    """
    gaps = any(json.loads(item["what"]).get("reason") for _, item in other.with_prefix("journal#"))
    unread = gaps or _first_poll_was_killed(start, other)
    written = {(m.at, m.to, m.posts, m.digest): _read(m) for m in one.messages}
    for m in other.messages:
        was = written.get((m.at, m.to, m.posts, m.digest), _read(m))
        if was != _read(m) and not (m.digest and unread):
            yield f"{m.to} was written to otherwise at {m.at:%d %H:%M}: {m.subject}"


def _read(message: Message) -> tuple[str, str]:
    """Subject and text, without the time since when a fault lasts."""
    is_fault_mail = not message.posts and not message.digest
    text = message.text.partition("\r\n--\r\n")[0] if is_fault_mail else message.text
    return message.subject, text


def _unread_minutes_without_gap(company: Company, one: Snapshot, other: Snapshot) -> Iterator[str]:
    """Minutes counted as watched without a request to X, unlike in the reference run."""
    gaps: set[tuple[str, datetime]] = set()
    for _, item in other.with_prefix("journal#"):
        what = json.loads(item["what"])
        if what.get("reason") == "blind":
            gaps |= {(what["account"], at) for at in _minutes(what)}
    for account in company.accounts:
        cursor = other.items.get(ItemKey(f"account#{account.id}", "cursor"))
        if cursor is None:
            continue
        began = datetime.fromisoformat(json.loads(cursor["cursor"])["watched_from"])
        for account_id, at in one.asked - other.asked:
            missed = account_id == account.id and began <= at < other.before and at in other.ticks
            if missed and (account.username, at) not in gaps:
                yield f"@{account.username} was not read at {at:%d %H:%M}, nor is that a gap"


def _minutes(gap: dict[str, str]) -> Iterator[datetime]:
    moment = datetime.fromisoformat(gap["start"])
    while moment < datetime.fromisoformat(gap["end"]):
        yield moment
        moment += _MINUTE


def _row(sk: str, item: dict[str, str]) -> tuple[str, str]:
    return sk.split("#")[1], item["what"]


def _at(sk: str) -> datetime:
    return datetime.fromisoformat(sk.partition("#")[0])
