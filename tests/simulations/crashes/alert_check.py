"""Computes from the flags which alerts each person must have received and when, each once.

It applies the rules (windows, shifts, refused addresses) minute by minute, and uses neither the
stored outbox nor its claims.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pulse.conversations.facts import ConversationKey, Flag, Mention
from pulse.kernel.company import Company
from pulse.outbox.entries import TOPIC, Entry
from pulse.outbox.escalation import Escalation
from pulse.outbox.mailbox import Mailbox, due
from tests.simulations.crashes.conversation_history import ConversationHistory
from tests.simulations.crashes.snapshot import Message

_MINUTE = timedelta(minutes=1)
_CLAIM = timedelta(minutes=3)
"""How long the claim of a killed sender delays mail to the people it was writing to."""
_NAMED = 3
"""How many of the waiting customers a message to the topic names."""


@dataclass
class AlertCheck:
    """Compares, minute by minute, the alerts that were due with those that were sent."""

    company: Company
    histories: Mapping[ConversationKey, ConversationHistory]
    killed: Sequence[datetime]
    """When `send` was killed."""
    refused: AbstractSet[tuple[str, datetime]]
    """Whose mail SES refused and when, according to the audit log."""
    lost: list[str] = field(default_factory=list)
    doubled: list[tuple[str, str]] = field(default_factory=list)
    """(address, description)"""
    _mailboxes: dict[str, Mailbox] = field(default_factory=dict)

    def compare(self, messages: Sequence[Message], start: datetime, before: datetime) -> None:
        """Compare all minutes in [start, before); fills `lost` and `doubled`."""
        mails: dict[tuple[datetime, str], list[Message]] = defaultdict(list)
        for message in messages:
            mails[message.at, message.to].append(message)
        entries = sorted(self._entries(), key=lambda e: e.at)
        waiting: dict[str, list[Entry]] = defaultdict(list)
        moment = start
        while moment < before:
            while entries and entries[0].at <= moment:
                self._add(waiting, [entries.pop(0)])
            handed_on = list(self._pass_on(waiting, moment))
            self._add(waiting, handed_on)
            self._hand_over(waiting, moment)
            for person in sorted(waiting):
                self._check_person(person, waiting, mails, moment, handed_on)
            moment += _MINUTE
        for (at, to), unexpected in mails.items():
            self.lost += [
                f"{to} got a mail at {at:%d %H:%M} without a reason: {m.subject}"
                for m in unexpected
            ]

    def _entries(self) -> Iterator[Entry]:
        """One entry for each conversation, alert and person."""
        policy = self.company.policy
        for history in self.histories.values():
            last: dict[datetime, Flag] = {}
            for flag in sorted(history.flags, key=lambda f: policy.rank(f.level)):
                last[flag.at] = flag
            for at, flag in last.items():
                people = policy.recipients(flag.level, flag.reminder, at) or (self.company.owner,)
                urgent = flag.level == policy.top.name
                for person in (*people, TOPIC) if urgent else people:
                    yield Entry(
                        id=f"{at}#{flag.level}#{history.key}",
                        company=self.company.name,
                        person=person,
                        kind="alert",
                        at=at,
                        keys=(history.key,),
                        urgent=urgent,
                        reminder=flag.reminder,
                        details=(("level", flag.level), ("people", list(people))),
                    )

    def _hand_over(self, waiting: dict[str, list[Entry]], moment: datetime) -> None:
        handed_over = [
            (entry, successors)
            for entries in waiting.values()
            for entry in entries
            if (successors := Escalation(self.company, moment).hand_over(entry)) is not None
        ]
        for entry, successors in handed_over:
            waiting[entry.person].remove(entry)
            self._add(waiting, successors)

    def _pass_on(self, waiting: dict[str, list[Entry]], moment: datetime) -> Iterator[Entry]:
        """Entries of a refused address, for the next in line; they are due a minute later."""
        for person in [p for p in waiting if (p, moment) in self.refused]:
            for entry in waiting.pop(person):
                successors = Escalation(self.company, moment).pass_on(entry, "")
                yield from (successor for successor in successors if successor.kind == "alert")

    def _add(self, waiting: dict[str, list[Entry]], entries: Sequence[Entry]) -> None:
        for entry in entries:
            if all(e.id != entry.id for e in waiting[entry.person]):
                waiting[entry.person].append(entry)

    def _check_person(
        self,
        person: str,
        waiting: dict[str, list[Entry]],
        mails: dict[tuple[datetime, str], list[Message]],
        moment: datetime,
        handed_on: Sequence[Entry],
    ) -> None:
        to = TOPIC if person == TOPIC else self.company.person(person).email
        sent = mails.pop((moment, to), [])
        entries = waiting[person]
        mailbox = self._mailboxes.get(person, Mailbox(self.company.name, person))
        ready = due(entries, mailbox, self.company.policy, moment)
        still_waiting = self._still_waiting(ready, moment)
        for number, mail in enumerate(sent):
            named = self._conversations_in(mail)
            again = named - self._still_waiting(entries, moment)
            if number or again or not ready:
                text = f"alerted again at {moment:%d %H:%M} about {sorted(again or named)}"
                self.doubled.append((to, text))
            elif named != still_waiting and not (
                person == TOPIC and len(named) == min(_NAMED, len(still_waiting))
            ):
                self.lost.append(
                    f"{to} was not alerted at {moment:%d %H:%M} about {still_waiting - named}"
                )
        if sent:
            self._mailboxes[person] = Mailbox(self.company.name, person, last_alert=moment)
            waiting[person] = []
        elif any(e not in handed_on for e in ready) and not self._is_still_claimed(moment):
            waiting[person] = [e for e in entries if e not in ready]
            if still_waiting:
                self.lost.append(
                    f"{to} was never alerted, due {moment:%d %H:%M}, about {sorted(still_waiting)}"
                )

    def _is_still_claimed(self, moment: datetime) -> bool:
        return any(at <= moment < at + _CLAIM for at in self.killed)

    def _still_waiting(self, entries: Sequence[Entry], moment: datetime) -> set[ConversationKey]:
        policy = self.company.policy
        return {
            k
            for e in entries
            for k in e.keys
            if self.histories[k].still_waits(moment, e.at, policy)
        }

    def _conversations_in(self, mail: Message) -> set[ConversationKey]:
        return {self._by_post[post] for post in mail.posts if post in self._by_post}

    @property
    def _by_post(self) -> dict[str, ConversationKey]:
        if not hasattr(self, "_index"):
            self._index = {
                fact.version: key
                for key, history in self.histories.items()
                for fact in history.facts
                if isinstance(fact, Mention)
            }
        return self._index
