"""Each minute: flag the waits that are too long, and write alerts about them to the outbox."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class FlagRun:
    """One run of `flag` for one company, as of `now`."""

    company: Company
    conversations: ConversationStore
    policy_progress: PolicyProgress
    now: datetime
    due_since: dict[ConversationKey, datetime] = field(default_factory=dict)
    """When each of the conversations that were decided on became due."""
    failures: Failures = field(default_factory=lambda: Failures("parts of flagging failed"))

    def flag(self) -> FlagReport:
        """Flag what is due, and write the alerts about it to the outbox.

        Raises:
            ExceptionGroup: some could not be flagged; all others were.
        """
        # If the refold fails, it is repeated in a minute. What is due by the marks is flagged all
        # the same: one conversation that cannot be written must not silence a company.
        with self.failures.collecting("folding all open conversations again"):
            self._refold_for_new_policy()
        company = self.company
        flagged, oldest = 0, self.now
        for keys in batched(self.conversations.due(company, self.now), _BATCH):
            with self.failures.collecting():
                # A flag and the entries about it are one transaction. A crash between the two would
                # either leave a flag of which nobody is alerted, since a level is flagged once, or
                # alert people again each minute of a wait that is not flagged.
                new = self.conversations.append(keys, self._decide, company, self._make_entries)
                flagged += len(new)
                oldest = min([oldest, *(self.due_since[key] for key in keys if key not in new)])
        self.failures.raise_collected()
        return FlagReport(flagged, (self.now - oldest).total_seconds())

    def _refold_for_new_policy(self) -> None:
        """Fold all open conversations again when a new version of the policy is in force."""
        # An open conversation is marked with when it next needs attention, by the policy that
        # folded it, and `flag` reads only what is due by that. So a shorter deadline would take
        # effect for each conversation only with its next post, unless all are folded again. Once is
        # not enough: other functions go by settings that they read up to SETTINGS_LAG ago, and may
        # fold a conversation by the old policy just after it was folded by the new one. Therefore
        # the refold is repeated each minute until that time is over. `refold` writes only marks
        # that change, so the repeats cost a read. A function that itself still has the old settings
        # sees a newer version noted, and leaves everything alone.
        company, version = self.company, self.company.policy.version
        folded, since = self.policy_progress.folded(company.name)
        is_settling = since is not None and self.now - since <= SETTINGS_LAG
        if folded > version or (folded == version and not is_settling):
            return
        for keys in batched(self.conversations.due(company), _BATCH):
            self.conversations.refold(keys, company, self.now)
        if folded < version:
            self.policy_progress.mark_folded(company.name, version, self.now)

    def _decide(self, stored: StoredConversation) -> Sequence[Fact]:
        """Return the flags of the levels that a conversation has reached."""
        # The index may be a moment old, so the facts that the store has just read decide: it
        # may have been answered since. If others write it meanwhile, the store asks again, and
        # the last answer counts. If nothing is due, it is noted as due now, which is not late.
        self.due_since[stored.key] = stored.attention_at or self.now
        policy = self.company.policy
        # One whose mark contradicts its facts is reported, and the rest of its batch is flagged.
        with self.failures.collecting():
            return levels_due(stored.checked_state(policy), policy, self.now)
        return ()

    def _make_entries(self, flagged: Sequence[Change]) -> list[Entry]:
        """Return one entry for each level, reminder and person, of one transaction's new flags.

        A conversation that passed several levels at once gets an alert for the highest, the last.
        """
        raised: dict[tuple[str, int], list[ConversationKey]] = defaultdict(list)
        for change in flagged:
            last = change.new_facts[-1]
            if isinstance(last, Flag):
                raised[last.level, last.reminder].append(change.key)
        policy, entries = self.company.policy, []
        for (level, reminder), keys in raised.items():
            # A level without anybody on duty goes to the owner: nobody may wait unseen. The highest
            # also goes to the topic, since a mail wakes nobody.
            people = policy.recipients(level, reminder, self.now) or (self.company.owner,)
            is_top = level == policy.top.name
            entries += [
                Entry(
                    # The id is the same for all recipients of one transaction and differs between
                    # transactions of one minute, by their first conversation, which it must not
                    # name (D-042).
                    id=f"{self.now.isoformat()}#{level}#{reminder}#{anonymous_id(keys[0])}",
                    company=self.company.name,
                    person=person,
                    kind="alert",
                    at=self.now,
                    keys=tuple(keys),
                    urgent=is_top,
                    reminder=reminder,
                    details=(("level", level), ("people", list(people))),
                )
                for person in ((*people, TOPIC) if is_top else people)
            ]
        return entries
