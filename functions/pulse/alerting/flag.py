"""Each minute: flag the waits that are too long, and write alerts about them to the outbox."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from pulse.alerting.store import PolicyProgress
from pulse.conversations.facts import ConversationKey, Fact, Flag
from pulse.conversations.fold import State, levels_due
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.batching import batched
from pulse.kernel.company import SETTINGS_LAG, Company
from pulse.kernel.errors import Failures
from pulse.kernel.policy import Policy
from pulse.outbox.entries import TOPIC, Entry, anonymous_id

_BATCH = 100


class FlagReport(NamedTuple):
    """How many conversations were flagged, and how late the oldest is that was not, in seconds.

    The lateness is 0 when everything that was due was flagged.
    """

    flagged: int
    seconds_late: float


@dataclass(frozen=True, slots=True)
class _Decisions:
    """Decides which levels to flag, and remembers since when each conversation was due."""

    policy: Policy
    now: datetime
    due_since: dict[ConversationKey, datetime] = field(default_factory=dict)

    def levels(self, key: ConversationKey, state: State) -> Sequence[Fact]:
        # The index may be a moment old, so the state that the store has just read decides: it
        # may have been answered since. If others write it meanwhile, the store asks again, and
        # the last answer counts. If nothing is due, it is noted as due now, which is not late.
        self.due_since[key] = state.attention_at or self.now
        return levels_due(state, self.policy, self.now)


def flag(
    company: Company,
    conversations: ConversationStore,
    policy_progress: PolicyProgress,
    now: datetime,
) -> FlagReport:
    """Flag what is due, and write the alerts about it to the outbox.

    Raises:
        ExceptionGroup: some could not be flagged; all others were.
    """
    _refold_for_new_policy(company, conversations, policy_progress, now)
    decisions = _Decisions(company.policy, now)
    # A flag and the entries about it are one transaction. A crash between the two would either
    # leave a flag of which nobody is alerted, since a level is flagged once, or alert people
    # again each minute of a wait that is not flagged.
    make_entries = partial(_make_entries, company, now)
    flagged, oldest = 0, now
    failures = Failures("batches of conversations could not be flagged")
    # The list is read to its end first, since flagging moves conversations within the index.
    for keys in batched(list(conversations.due(company.name, now)), _BATCH):
        with failures.collecting():
            new = conversations.append(
                keys, decisions.levels, company.policy, company.retention, make_entries
            )
            flagged += len(new)
            oldest = min([oldest, *(decisions.due_since[key] for key in keys if key not in new)])
    failures.raise_collected()
    return FlagReport(flagged, (now - oldest).total_seconds())


def _refold_for_new_policy(
    company: Company,
    conversations: ConversationStore,
    policy_progress: PolicyProgress,
    now: datetime,
) -> None:
    """Fold all open conversations again when a new version of the policy is in force."""
    # A state says when the conversation next needs attention, by the policy that folded it, and
    # `flag` reads only what is due by that. So a shorter deadline would take effect for each
    # conversation only with its next post, unless all are folded again. Once is not enough:
    # other functions go by settings that they read up to SETTINGS_LAG ago, and may fold a
    # conversation by the old policy just after it was folded by the new one. Therefore the
    # refold is repeated each minute until that time is over. `refold` writes only states that an
    # older version folded, so the repeats cost a read. A function that itself still has the old
    # settings sees a newer version noted, and leaves everything alone.
    version, (folded, since) = company.policy.version, policy_progress.folded(company.name)
    is_settling = since is not None and now - since <= SETTINGS_LAG
    if folded > version or (folded == version and not is_settling):
        return
    for keys in batched(conversations.open(company.name), _BATCH):
        conversations.refold(keys, company.policy, company.retention, now)
    if folded < version:
        policy_progress.mark_folded(company.name, version, now)


def _make_entries(
    company: Company, now: datetime, flagged: Mapping[ConversationKey, Sequence[Fact]]
) -> list[Entry]:
    """Return one entry for each person, level and reminder, of the new flags of one transaction.

    A conversation that passed several levels at once gets an alert for the highest, the last one.
    """
    policy = company.policy
    keys_for: dict[tuple[str, str, int], list[ConversationKey]] = defaultdict(list)
    alerted: dict[tuple[str, int], Sequence[str]] = {}
    for key, facts in flagged.items():
        last = facts[-1]
        if not isinstance(last, Flag):
            continue
        # A level without anybody on duty goes to the owner: nobody may wait unseen. The highest
        # also goes to the topic, since a mail wakes nobody.
        people = policy.recipients(last.level, last.reminder, now) or (company.owner,)
        alerted[last.level, last.reminder] = people
        for person in (*people, TOPIC) if last.level == policy.top.name else people:
            keys_for[person, last.level, last.reminder].append(key)
    # The id is the same for all recipients of one transaction and differs between transactions
    # of one minute, by their first conversation, which it must not name (D-042).
    return [
        Entry(
            id=f"{now.isoformat()}#{level}#{reminder}#{anonymous_id(keys[0])}",
            company=company.name,
            person=person,
            kind="alert",
            at=now,
            keys=tuple(keys),
            urgent=level == policy.top.name,
            reminder=reminder,
            details=(("level", level), ("people", list(alerted[level, reminder]))),
        )
        for (person, level, reminder), keys in keys_for.items()
    ]
