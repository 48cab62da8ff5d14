"""Each minute: flag the waits that are too long, and write alerts about them to the outbox."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from pulse.alerting.store import PolicyProgress
from pulse.conversations.facts import ConversationKey, Fact, Flag
from pulse.conversations.fold import levels_due
from pulse.conversations.store.conversations import Change, ConversationStore
from pulse.conversations.store.documents import StoredConversation
from pulse.kernel.batching import batched
from pulse.kernel.company import SETTINGS_LAG, Company
from pulse.kernel.errors import Failures
from pulse.outbox.entries import TOPIC, Entry, anonymous_id

_BATCH = 100


class FlagReport(NamedTuple):
    """How many conversations were flagged, and how late the oldest is that was not, in seconds.

    The lateness is 0 when everything that was due was flagged.
    """

    flagged: int
    seconds_late: float


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
    due_since: dict[ConversationKey, datetime] = {}

    def decide(stored: StoredConversation) -> Sequence[Fact]:
        # The index may be a moment old, so the facts that the store has just read decide: it
        # may have been answered since. If others write it meanwhile, the store asks again, and
        # the last answer counts. If nothing is due, it is noted as due now, which is not late.
        due_since[stored.key] = stored.attention_at or now
        return levels_due(stored.state(company.policy), company.policy, now)

    # A flag and the entries about it are one transaction. A crash between the two would either
    # leave a flag of which nobody is alerted, since a level is flagged once, or alert people
    # again each minute of a wait that is not flagged.
    make_entries = partial(_make_entries, company, now)
    flagged, oldest = 0, now
    failures = Failures("batches of conversations could not be flagged")
    for keys in batched(conversations.due(company, now), _BATCH):
        with failures.collecting():
            new = conversations.append(keys, decide, company, make_entries)
            flagged += len(new)
            oldest = min([oldest, *(due_since[key] for key in keys if key not in new)])
    failures.raise_collected()
    return FlagReport(flagged, (now - oldest).total_seconds())


def _refold_for_new_policy(
    company: Company,
    conversations: ConversationStore,
    policy_progress: PolicyProgress,
    now: datetime,
) -> None:
    """Fold all open conversations again when a new version of the policy is in force."""
    # An open conversation is marked with when it next needs attention, by the policy that folded
    # it, and `flag` reads only what is due by that. So a shorter deadline would take effect for
    # each conversation only with its next post, unless all are folded again. Once is not enough:
    # other functions go by settings that they read up to SETTINGS_LAG ago, and may fold a
    # conversation by the old policy just after it was folded by the new one. Therefore the
    # refold is repeated each minute until that time is over. `refold` writes only marks that
    # change, so the repeats cost a read. A function that itself still has the old settings sees a
    # newer version noted, and leaves everything alone.
    version, (folded, since) = company.policy.version, policy_progress.folded(company.name)
    is_settling = since is not None and now - since <= SETTINGS_LAG
    if folded > version or (folded == version and not is_settling):
        return
    for keys in batched(conversations.due(company), _BATCH):
        conversations.refold(keys, company, now)
    if folded < version:
        policy_progress.mark_folded(company.name, version, now)


def _make_entries(company: Company, now: datetime, flagged: Sequence[Change]) -> list[Entry]:
    """Return one entry for each person, level and reminder, of the new flags of one transaction.

    A conversation that passed several levels at once gets an alert for the highest, the last one.
    """
    policy = company.policy
    keys_for: dict[tuple[str, str, int], list[ConversationKey]] = defaultdict(list)
    alerted: dict[tuple[str, int], Sequence[str]] = {}
    for change in flagged:
        last = change.new_facts[-1]
        if not isinstance(last, Flag):
            continue
        # A level without anybody on duty goes to the owner: nobody may wait unseen. The highest
        # also goes to the topic, since a mail wakes nobody.
        people = policy.recipients(last.level, last.reminder, now) or (company.owner,)
        alerted[last.level, last.reminder] = people
        for person in (*people, TOPIC) if last.level == policy.top.name else people:
            keys_for[person, last.level, last.reminder].append(change.key)
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
