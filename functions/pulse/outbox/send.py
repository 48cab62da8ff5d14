"""Write to the people for whom something waits: each gets one mail, once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pulse.kernel.company import Company
from pulse.kernel.errors import Failures
from pulse.outbox.deliver import Delivery, SendReport
from pulse.outbox.entries import TOPIC, Entry
from pulse.outbox.escalation import Escalation
from pulse.outbox.mailbox import MAX_SETTLED, Completion, Mailbox, due, overdue
from pulse.outbox.store.outbox import Outbox

_CLAIM = timedelta(minutes=3)
"""How long a claim on a person lasts: longer than the function may run."""


@dataclass(slots=True)
class SendRun:
    """One run of `send` for one company."""

    company: Company
    outbox: Outbox
    delivery: Delivery
    now: datetime
    out_of_time: Callable[[], bool]
    """Whether there is too little time for composing, sending and recording one mail."""
    failures: Failures = field(default_factory=lambda: Failures("people could not be written to"))

    def send(self) -> SendReport:
        """Send all that is due; what cannot go now stays in the outbox for a later run.

        Raises:
            ExceptionGroup: what failed for some people, after all others had theirs.
        """
        waiting = self._waiting_by_person()
        off_duty = [p for p, entries in waiting.items() if self._hand_overs(entries)]
        self._for_each(off_duty, self._hand_over)
        if off_duty:
            waiting = self._waiting_by_person()
        policy, boxes = self.company.policy, self.outbox.mailboxes(self.company.name, waiting)
        late = {p: overdue(waiting[p], box, policy, self.now) for p, box in boxes.items()}
        ready = [p for p, box in boxes.items() if due(waiting[p], box, policy, self.now)]
        # What there is no time for must be the first to go in the next minute: otherwise a long
        # queue before the same few people would starve everybody behind them. Of equals, people
        # come before the topic, so that an SNS that hangs takes no time from mail; the topic is
        # not always last, though, or a queue of mail would starve the alerts that wake (D-044).
        ready.sort(key=lambda person: (-late[person], person == TOPIC))
        self._for_each(ready, self._write_to)
        self.failures.raise_collected()
        report = self.delivery.report
        report.people = len(waiting)
        report.oldest_seconds = max(late.values(), default=timedelta(0)).total_seconds()
        return report

    def _for_each(
        self, people: Iterable[str], act: Callable[[Mailbox, Sequence[Entry]], None]
    ) -> None:
        """Claim each person and act on what waits, while there is time.

        A failure for one holds up no other.
        """
        for person in people:
            if self.out_of_time():
                return
            with self.failures.collecting():
                until = self.now + _CLAIM
                mailbox = self.outbox.claim(self.company.name, person, self.now, until)
                if mailbox is not None:
                    # What was read before the claim may have been sent by another sender since.
                    # Only from now on does nobody else write to this person, so it is read again.
                    act(mailbox, self.outbox.waiting(self.company.name, person))

    def _hand_over(self, mailbox: Mailbox, entries: Sequence[Entry]) -> None:
        """Give what waits for somebody who went off duty to the people now on duty (D-014)."""
        self.outbox.reassign(self._hand_overs(entries), Completion(mailbox))

    def _write_to(self, mailbox: Mailbox, entries: Sequence[Entry]) -> None:
        ready = due(entries, mailbox, self.company.policy, self.now)
        alerts = [e for e in ready if e.kind == "alert"][:MAX_SETTLED]
        messages = [*([alerts] if alerts else []), *([e] for e in ready if e.kind != "alert")]
        for number, message in enumerate(messages, 1):
            last = number == len(messages)
            mailbox = self.delivery.deliver(message, mailbox, last=last)
            if last or mailbox.is_put_off(self.now):
                return  # either way the claim has ended
            if self.out_of_time():
                break
        self.outbox.complete(Completion(mailbox))

    def _hand_overs(self, entries: Sequence[Entry]) -> list[tuple[Entry, list[Entry]]]:
        """Return the entries that go to other people now, each with those that replace it."""
        escalation = Escalation(self.company, self.now)
        found = ((entry, escalation.hand_over(entry)) for entry in entries)
        return [(entry, others) for entry, others in found if others is not None]

    def _waiting_by_person(self) -> dict[str, list[Entry]]:
        waiting: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.outbox.waiting(self.company.name):
            waiting[entry.person].append(entry)
        return dict(sorted(waiting.items()))
