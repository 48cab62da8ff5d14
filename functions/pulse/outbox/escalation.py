"""Who is alerted instead: when a shift has ended, or an address cannot be written to."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from pulse.kernel.company import Company
from pulse.outbox.entries import TOPIC, Entry
from pulse.outbox.suppressions import unreachable

ADDRESS_FAULTS = ("address", "bounce", "complaint")
"""Kinds of faults that are about a person's own address."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """To whom else of a company an entry goes, as of `now`.

    `suppressed` are addresses that cannot be written to, normalized.
    """

    company: Company
    now: datetime
    suppressed: Collection[str] = ()

    def hand_over(self, entry: Entry) -> list[Entry] | None:
        """Return an alert that waits for somebody off duty, as entries for the people now on duty.

        Returns None when the entry stays where it is, and an empty list when everybody now on duty
        was alerted when it was raised: then it is dropped. Entries for the topic stay, and so do
        those that already come in place of somebody else's.
        """
        # An alert is addressed when it is raised, to whoever is on duty then. The alert window may
        # hold it back past the end of that shift, and the person off duty would read it at home,
        # or the next morning, while nobody on duty knows (D-014). The level and the number of the
        # reminder decide who is on duty for it, as they did when it was raised. `people` grows by
        # those it goes to, so that the next change of shift does not bring it to them again. When
        # nobody is on duty at all, it stays: late is better than never.
        if entry.kind != "alert" or entry.person == TOPIC or entry.unreachable:
            return None
        on_duty = self.company.policy.recipients(entry.detail("level"), entry.reminder, self.now)
        if not on_duty or entry.person in on_duty:
            return None
        alerted: list[str] = entry.detail("people")
        return [
            replace(entry, person=key).with_detail("people", [*alerted, *on_duty])
            for key in on_duty
            if key not in alerted
        ]

    def pass_on(self, entry: Entry, reason: str | None = None) -> list[Entry]:
        """Return an entry that could not be sent as the entry for the next person in line.

        If the mail service gave a `reason`, another entry says why they got this one.
        Nothing is returned when nobody is left.
        """
        successor = self.next_recipient(entry)
        if successor is None:
            return []
        # The topic wakes people by SMS or chat and has no room for advice about an address. And an
        # entry that is itself about an address needs no second one: if each brought another, two
        # people with broken addresses would exchange such mails without end.
        is_about_address = entry.detail("trouble") in ADDRESS_FAULTS
        if reason is None or successor.person == TOPIC or is_about_address:
            return [successor]
        address = self.company.person(entry.person).email
        why = self.address_fault(entry.person, address, "address", reason)
        return [successor, replace(why, person=successor.person, unreachable=successor.unreachable)]

    def next_recipient(self, entry: Entry) -> Entry | None:
        """Return the entry for the next person in line who can be written to, or None.

        The line is the owner, then all recipients of a critical alert after all reminders,
        then, for alerts only, the topic. In shadow mode there is no next person, because all mail
        goes to the one address that has just failed.
        """
        if self.company.shadow_address(self.now):
            return None
        policy = self.company.policy
        everybody = policy.recipients(policy.top.name, len(policy.escalation), self.now)
        # `unreachable` of the entry remembers who was tried, so that each person is tried once and
        # the walk down the line ends, also across runs.
        tried = (*entry.unreachable, entry.person)
        passed_over = (*tried, *unreachable(self.company, self.suppressed, self.now))
        line = (self.company.owner, *everybody, TOPIC)
        successor = next((key for key in line if key not in passed_over), None)
        if successor is None or (successor == TOPIC and entry.kind != "alert"):
            return None
        return replace(entry, person=successor, unreachable=tried)

    def address_fault(self, person: str, address: str, trouble: str, reason: str) -> Entry:
        """Return the entry that says that a person's address does not work (D-018).

        It is addressed to that person, who is the one who cannot read it: callers pass it to
        `next_recipient`, so that it takes the same way down the line as any other entry.
        """
        return Entry(
            id=f"{self.now.isoformat()}#{trouble}#{person}",
            company=self.company.name,
            person=person,
            kind="trouble",
            at=self.now,
            details=(("trouble", trouble), ("subject", address), ("detail", reason)),
        )
