"""Violations at the end: lost facts, repeated alerts, broken revisions, unsettled entries.

They are computed from the expected facts and from the call logs.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pulse.conversations.facts import NOBODY, ConversationKey, Fact, Flag, Lease, Position
from pulse.conversations.store.documents import key_from_pk, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item, ItemKey
from pulse.kernel.company import Company
from tests.conversations.oracle import expected_state
from tests.simulations.concurrency.call_log import CallLog, Write
from tests.stored import misplaced


@dataclass
class Evidence:
    """Expected facts, recorded calls, and what the table holds at the end."""

    expected_facts: dict[ConversationKey, list[Fact]]
    """Facts of posts that X has shown, and of clicks that were confirmed."""
    company: Company
    call_logs: list[CallLog]
    failures: list[str]
    before: list[Item]
    items: list[Item]
    mails: list[str]
    """Ids of the mails that SES has accepted."""

    @property
    def writes(self) -> list[tuple[Write, ...]]:
        """The writes of all processes, call by call."""
        return [write for log in self.call_logs for write in log.writes]


def violations(seen: Evidence) -> list[str]:
    """Everything that is lost, sent twice or inconsistent; empty if nothing is."""
    return [
        *(f"failed: {failure}" for failure in seen.failures),
        *_facts(seen),
        *_revisions(seen),
        *_repeated_alerts(seen),
        *_outbox(seen),
        *_mails(seen),
    ]


def _facts(seen: Evidence) -> Iterator[str]:
    """Compare stored facts with posts and clicks, and states with the fold and the oracle."""
    stored: dict[ConversationKey, dict[str, Item]] = defaultdict(dict)
    for item in seen.items:
        if item["pk"].startswith("c#"):
            stored[key_from_pk(item["pk"])][item["sk"]] = item
    spoken = {key for key in stored if key.customer_id != NOBODY}
    yield from (f"nobody said {key}" for key in spoken - seen.expected_facts.keys())
    for key, expected in seen.expected_facts.items():
        yield from (f"{key}: {what}" for what in _conversation(expected, stored[key], seen.company))


def _conversation(expected: list[Fact], items: dict[str, Item], company: Company) -> Iterator[str]:
    if keys.DOCUMENT not in items:
        yield "it is lost"
        return
    stored = stored_in(items[keys.DOCUMENT])
    state, facts = stored.state(company.policy), stored.facts
    tokens = {f.token for f in facts if not isinstance(f, Flag)}
    for token in tokens ^ {f.token for f in expected}:
        yield f"{token} is {'unheard of' if token in tokens else 'lost'}"
    decided = [f for f in expected if isinstance(f, (Position, Lease))]
    yield from (f"{f.token} is not as it was decided" for f in decided if f not in facts)
    yield from misplaced(items, company)
    true = expected_state([f for f in expected if not isinstance(f, Lease)])
    if (state.status, list(state.waiting)) != (true.status, true.waiting):
        yield f"{state.status}, {state.waiting} wait; true is {true.status}, {true.waiting}"


def _revisions(seen: Evidence) -> Iterator[str]:
    """Each write of a state or a cursor raises its revision by one; none is used twice."""
    revisions: dict[ItemKey, list[int]] = defaultdict(list)
    for item in seen.before:
        if "rev" in item:
            revisions[ItemKey(item["pk"], item["sk"])].append(item["rev"])
    for action in (action for write in seen.writes for action in write):
        if action.at.sk in {keys.DOCUMENT, "cursor"} and "rev" in action.item:
            revisions[action.at].append(action.item["rev"])
    for item in seen.items:
        at = ItemKey(item["pk"], item["sk"])
        if "rev" in item:
            found = sorted(revisions[at])
            if found != list(range(item["rev"] - len(found) + 1, item["rev"] + 1)):
                yield f"{at}: revision {item['rev']} after {found}"


def _repeated_alerts(seen: Evidence) -> Iterator[str]:
    """Each level (and each reminder) of a wait is flagged once, with one entry for each person."""
    alerts: Counter[tuple[Any, ...]] = Counter()
    known = {key: set(flags) for key, flags in _flags(seen.before).items()}
    # A document is written with all flags. Which of them are new is known by the revisions, since
    # the writes are those of one process after the other.
    documents = [
        (action.item["rev"], action.item, write)
        for write in seen.writes
        for action in write
        if action.at.sk == keys.DOCUMENT and "facts" in action.item
    ]
    for _, item, write in sorted(documents, key=lambda one: one[0]):
        entries = [_entry(d.item) for d in write if d.kind == "put" and d.at.pk[:7] == "outbox#"]
        for key, stored in _flags([item]).items():
            before = known.setdefault(key, set())
            flags = [flag for flag in stored if flag not in before]
            before.update(flags)
            if not flags:
                continue
            last = max(flags, key=lambda f: f.due_at)
            people = [e["person"] for e in entries if list(key) in e["keys"]]
            if not people:
                yield f"{key}: {last.level} was flagged, and nobody is told"
            alerts.update((key, last.level, last.reminder, last.due_at, who) for who in people)
    yield from (f"{what} is put into the outbox {n} times" for what, n in alerts.items() if n > 1)
    for key, flags in _flags(seen.items).items():
        for one, other in combinations(flags, 2):
            same = (one.level, one.reminder) == (other.level, other.reminder)
            if same and one.mentions & other.mentions:
                yield f"{key}: {one.level} ({one.reminder}) at {one.at:%H:%M} and {other.at:%H:%M}"


def _flags(items: Any) -> dict[ConversationKey, list[Flag]]:
    found: dict[ConversationKey, list[Flag]] = defaultdict(list)
    for item in items:
        if item["sk"] == keys.DOCUMENT and "facts" in item:
            facts = stored_in(item).facts
            found[key_from_pk(item["pk"])] += [fact for fact in facts if isinstance(fact, Flag)]
    return found


def _outbox(seen: Evidence) -> Iterator[str]:
    """Each entry is settled, in at most one mail; no mailbox is still claimed."""
    put = {item["sk"] for item in seen.before if item["pk"].startswith("outbox#")}
    deleted: set[str] = set()
    mailed: Counter[str] = Counter()
    for write in seen.writes:
        entries = [action for action in write if action.at.pk.startswith("outbox#")]
        put |= {action.at.sk for action in entries if action.kind == "put"}
        deleted |= {action.at.sk for action in entries if action.kind == "delete"}
        if any(action.at.pk.startswith("sent#") for action in write):
            mailed.update(action.at.sk for action in entries if action.kind == "delete")
    yield from (f"{sk} was never settled" for sk in put - deleted)
    yield from (f"{sk} was settled and never there" for sk in deleted - put)
    yield from (f"{sk} is in {number} mails" for sk, number in mailed.items() if number > 1)
    for item in seen.items:
        if item["pk"].startswith("outbox#"):
            yield f"{item['sk']} is left in the outbox"
        if item["pk"].startswith("mailbox#") and "claimed" in item:
            yield f"{item['pk']} is still claimed"


def _mails(seen: Evidence) -> Iterator[str]:
    """Messages sent and messages recorded correspond one to one."""
    recorded = Counter(i["message_id"] for i in seen.items if i["pk"].startswith("sent#"))
    recorded -= Counter(i["message_id"] for i in seen.before if i["pk"].startswith("sent#"))
    sent = {i for log in seen.call_logs for i in log.message_ids}
    yield from (f"recorded {n} times: {i}" for i, n in recorded.items() if n > 1)
    yield from (f"recorded and not sent: {i}" for i in recorded.keys() - sent)
    yield from (f"sent and not recorded: {i}" for i in (sent | set(seen.mails)) - recorded.keys())


def _entry(item: Item) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(item["entry"])
    return entry
