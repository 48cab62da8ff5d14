"""Each minute: who has waited too long, and who must hear of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from pulse.conversations.facts import ConversationKey, Fact, Flag
from pulse.conversations.fold import State, levels_due
from pulse.kernel.company import SETTINGS_LAG, Company
from pulse.outbox.entries import TOPIC, Entry, anonymous_id

if TYPE_CHECKING:
    from pulse.alerting.store import PolicyProgress
    from pulse.conversations.store.conversations import ConversationStore

_AT_ONCE = 100


def flag(
    company: Company,
    conversations: ConversationStore,
    policy_progress: PolicyProgress,
    now: datetime,
) -> tuple[int, float]:
    """Flag what is due and note who is to be told, in one; returns how many were flagged.

    What cannot be flagged holds up no other; it is raised at the end. With the count, for how many
    seconds the oldest has been due that was not; 0 when none is.
    """
    _refold_for_new_policy(company, conversations, policy_progress, now)
    falls_due: dict[ConversationKey, datetime] = {}

    def decide(key: ConversationKey, state: State) -> Sequence[Fact]:
        falls_due[key] = state.attention_at or now
        return levels_due(state, company.policy, now)

    def tell(flagged: Mapping[ConversationKey, Sequence[Fact]]) -> Sequence[Entry]:
        return _entries(company, flagged, now)

    due = iter(list(conversations.due(company.name, now)))
    flagged, oldest = 0, now
    problems: list[Exception] = []
    while keys := list(islice(due, _AT_ONCE)):
        try:
            told = conversations.append(keys, decide, company.policy, company.retention, tell)
        except Exception as problem:  # noqa: BLE001 - raised below, after all others had theirs
            problems.append(problem)
            continue
        flagged += len(told)
        oldest = min([oldest, *(falls_due[key] for key in keys if key not in told)])
    if problems:
        raise ExceptionGroup(f"{len(problems)} times some could not be flagged", problems)
    return flagged, (now - oldest).total_seconds()


def _refold_for_new_policy(
    company: Company,
    conversations: ConversationStore,
    policy_progress: PolicyProgress,
    now: datetime,
) -> None:
    """A new version of the policy folds all open conversations again, until all go by it."""
    version, (folded, since) = company.policy.version, policy_progress.folded(company.name)
    if folded > version or (folded == version and not _is_recent(since, now)):
        return
    waiting = iter(conversations.open(company.name))
    while keys := list(islice(waiting, _AT_ONCE)):
        conversations.refold(keys, company.policy, company.retention, now)
    if folded < version:
        policy_progress.mark_folded(company.name, version, now)


def _is_recent(since: datetime | None, now: datetime) -> bool:
    return since is not None and now - since <= SETTINGS_LAG


def _entries(
    company: Company, flagged: Mapping[ConversationKey, Sequence[Fact]], now: datetime
) -> list[Entry]:
    """One entry a person (and level): each conversation is told once, at its last flag."""
    policy = company.policy
    told: dict[tuple[str, str, int], list[ConversationKey]] = defaultdict(list)
    hear: dict[tuple[str, int], Sequence[str]] = {}
    for key, facts in flagged.items():
        last = facts[-1]
        if not isinstance(last, Flag):
            continue
        people = policy.recipients(last.level, last.again, now) or (company.owner,)
        everyone = (*people, TOPIC) if last.level == policy.top.name else people
        for person in everyone:
            told[person, last.level, last.again].append(key)
            hear[last.level, last.again] = people
    return [
        Entry(
            id=f"{now.isoformat()}#{level}#{again}#{anonymous_id(keys[0])}",
            company=company.name,
            person=person,
            kind="alert",
            at=now,
            keys=tuple(keys),
            urgent=level == policy.top.name,
            again=again,
            details=(("level", level), ("people", list(hear[level, again]))),
        )
        for (person, level, again), keys in told.items()
    ]
