"""Write to the people for whom something waits: one mail each, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pulse.domain.delivery import LaterError, RefusedError
from pulse.domain.journal import Row
from pulse.domain.letters import AlertLetter, DigestLetter, TroubleLetter
from pulse.domain.outbox import TOPIC, Entry, Mailbox, next_alert
from pulse.domain.settings import Company, Person
from pulse.jobs.cards import Authors, cards, worst

if TYPE_CHECKING:
    from pulse.adapters.mail import Post, Topic
    from pulse.adapters.pages import Pages
    from pulse.adapters.table import Accounts, Conversations, Journal, Outbox

_CARDS = 50
_MOST_ENTRIES = 90
_PASSED_ON = 30
"""Entries that one transaction takes from one person and gives to the next."""
_CLAIM = timedelta(minutes=3)
"""Longer than the function may run."""
_PATIENCE = timedelta(minutes=15)

Summary = Callable[[Entry, Company, Person], DigestLetter]


@dataclass(slots=True)
class Sending:
    """One run for one company: what it uses, what it did."""

    company: Company
    outbox: Outbox
    conversations: Conversations
    accounts: Accounts
    journal: Journal
    authors: Authors
    pages: Pages
    post: Post
    topic: Topic
    summary: Summary
    now: datetime
    board_url: str | None = None
    sent: int = 0
    put_off: int = 0
    turned_away: int = 0
    oldest: float = 0.0
    _unread: tuple[str, ...] | None = field(default=None, init=False)

    def send(self) -> dict[str, float]:
        """Send all that is due; returns counts. What cannot go now waits for later."""
        waiting = sorted(self.outbox.waiting(self.company.name), key=lambda e: e.person)
        problems: list[Exception] = []
        for person, entries in groupby(waiting, key=lambda e: e.person):
            try:
                self._write_to(person, list(entries))
            except Exception as problem:  # noqa: BLE001 - raised below, after all others had theirs
                problems.append(problem)
        if problems:
            raise ExceptionGroup(f"{len(problems)} could not be written to", problems)
        return {
            "sent": self.sent,
            "put_off": self.put_off,
            "turned_away": self.turned_away,
            "oldest_seconds": self.oldest,
        }

    def _write_to(self, person: str, entries: Sequence[Entry]) -> None:
        name = self.company.name
        mailbox = self.outbox.mailbox(name, person)
        self.oldest = max(self.oldest, self._overdue(entries, mailbox))
        if not self._due(entries, mailbox):
            return
        if not self.outbox.claim(name, person, self.now, self.now + _CLAIM):
            return
        # read again: only now is nobody else writing to this person
        mailbox = self.outbox.mailbox(name, person)
        due = self._due(self.outbox.waiting(name, person), mailbox)
        if not due:
            self.outbox.settle(name, person, [], mailbox)
            return
        alerts = [e for e in due if e.kind == "alert"][:_MOST_ENTRIES]
        groups = [*([alerts] if alerts else []), *([e] for e in due if e.kind != "alert")]
        for left, group in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
            mailbox = self._deliver(person, group, mailbox, last=not left)
            if mailbox.not_before is not None and mailbox.not_before > self.now:
                return

    def _overdue(self, entries: Sequence[Entry], mailbox: Mailbox) -> float:
        """For how many seconds something could have gone, but for the mail service."""
        alerts = [e for e in entries if e.kind == "alert"]
        moments = [
            next_alert(alerts, mailbox, self.company.policy),
            *(e.at for e in entries if e.kind != "alert"),
        ]
        waited = [(self.now - at).total_seconds() for at in moments if at is not None]
        return max([0.0, *waited])

    def _due(self, entries: Sequence[Entry], mailbox: Mailbox) -> list[Entry]:
        if mailbox.not_before is not None and mailbox.not_before > self.now:
            return []
        alerts = [e for e in entries if e.kind == "alert"]
        at = next_alert(alerts, mailbox, self.company.policy)
        held = at is None or at > self.now
        return [e for e in entries if e.kind != "alert" or not held]

    def _deliver(self, key: str, entries: list[Entry], mailbox: Mailbox, *, last: bool) -> Mailbox:
        """Write one mail for these entries and settle them; returns the mailbox after.

        With the last one, others may write to this person again.
        """
        is_alert = entries[0].kind == "alert"
        person = self._person(key)
        try:
            record = self._publish(entries) if key == TOPIC else self._mail(person, entries)
        except LaterError as problem:
            self.put_off += 1
            wait = min(timedelta(minutes=2**mailbox.failures), _PATIENCE)
            mailbox = replace(
                mailbox, not_before=self.now + wait, failures=min(mailbox.failures + 1, 8)
            )
            self.journal.note(self.company.name, [self._undelivered(key, person, problem)])
            self.outbox.settle(self.company.name, key, [], mailbox)
            return mailbox
        except RefusedError as problem:
            self.turned_away += 1
            row = self._undelivered(key, person, problem, final=True)
            for start in range(0, len(entries), _PASSED_ON):
                part = entries[start : start + _PASSED_ON]
                beside = [
                    self.journal.item(self.company.name, row),
                    *(self.outbox.item(e) for e in self._onward(key, person, part, str(problem))),
                ]
                end = last and start + _PASSED_ON >= len(entries)
                self.outbox.settle(
                    self.company.name, key, part, mailbox, beside=beside, release=end
                )
            return mailbox
        if record is not None and is_alert:
            mailbox = replace(mailbox, last_alert=self.now)
        mailbox = replace(mailbox, not_before=None, failures=0)
        self.outbox.settle(self.company.name, key, entries, mailbox, record, release=last)
        self.sent += record is not None
        return mailbox

    def _mail(self, person: Person, entries: Sequence[Entry]) -> dict[str, Any] | None:
        """Write the mail that these entries ask for; None when nobody waits any more."""
        entry = entries[0]
        if entry.kind == "alert":
            letter = self._alert(entries, person)
            mail = self.pages.alert(letter, person) if letter else None
        elif entry.kind == "trouble":
            mail = self.pages.trouble(self._trouble(entry, person), person)
        else:
            mail = self.pages.digest(self.summary(entry, self.company, person), person)
        if mail is None:
            return None
        shadow = self._shadow()
        to = shadow or person.email
        message_id = self.post.send(to, mail, self.now, self.company.sender)
        return {
            "at": self.now.isoformat(timespec="milliseconds"),
            "kind": entry.kind,
            "person": person.key,
            "to": to,
            "subject": mail.subject,
            "message_id": message_id,
        }

    def _publish(self, entries: Sequence[Entry]) -> dict[str, Any] | None:
        person = self._person(self.company.owner)
        letter = self._alert(entries, person)
        if letter is None or self._shadow():
            return None
        mail = self.pages.alert(letter, person)
        links = "\n".join(card.reply_url for card in letter.cards[:3])
        message_id = self.topic.publish(mail.subject, f"{mail.subject}\n{mail.preheader}\n{links}")
        return {
            "at": self.now.isoformat(timespec="milliseconds"),
            "kind": "critical",
            "person": TOPIC,
            "to": "SNS",
            "subject": mail.subject,
            "message_id": message_id,
        }

    def _alert(self, entries: Sequence[Entry], person: Person) -> AlertLetter | None:
        keys = dict.fromkeys(key for entry in entries for key in entry.keys)
        states = self.conversations.states(keys)
        order = worst(states, self.company)
        shown = cards(order[:_CARDS], self.company, self.conversations, self.authors, self.now)
        if not shown:
            return None
        levels = Counter(states[key].level or "" for key in order)
        rank = self.company.policy.rank
        return AlertLetter(
            company=self.company.titled(person.language),
            at=self.now,
            cards=shown,
            more=max(0, len(order) - _CARDS),
            levels={x: levels[x] for x in sorted(levels, key=rank, reverse=True) if x},
            longest=max(card.waited for card in shown),
            again=max(entry.again for entry in entries),
            unread=self._unread_accounts(),
            meant_for=self._meant_for(person),
            board_url=self.board_url,
        )

    def _trouble(self, entry: Entry, person: Person) -> TroubleLetter:
        return TroubleLetter(
            company=self.company.titled(person.language),
            at=entry.at,
            kind=entry.detail("trouble"),
            subject=entry.detail("subject"),
            detail=entry.detail("detail"),
            meant_for=self._meant_for(person),
        )

    def _onward(self, key: str, person: Person, entries: Iterable[Entry], said: str) -> list[Entry]:
        """The same entries for whoever is next, and why they come to that person."""
        policy = self.company.policy
        line = [
            self.company.owner,
            *policy.hears(policy.top.name, len(policy.up_the_line), self.now),
            TOPIC,
        ]
        moved: list[Entry] = []
        for entry in entries:
            tried = (*entry.tried, key)
            heir = next((p for p in line if p not in tried), None)
            if heir is None or (heir == TOPIC and entry.kind != "alert"):
                continue
            moved.append(replace(entry, person=heir, tried=tried))
            if heir != TOPIC and entry.detail("trouble") != "address":
                moved.append(
                    Entry(
                        id=f"{self.now.isoformat()}#address#{key}",
                        company=self.company.name,
                        person=heir,
                        kind="trouble",
                        at=self.now,
                        tried=tried,
                        details=(
                            ("trouble", "address"),
                            ("subject", person.email),
                            ("detail", said),
                        ),
                    )
                )
        return list({(e.person, e.id): e for e in moved}.values())

    def _undelivered(
        self, key: str, person: Person, problem: Exception, *, final: bool = False
    ) -> Row:
        what = {"person": key, "address": person.email, "detail": str(problem), "final": final}
        return Row("undelivered", self.now, what)

    def _person(self, key: str) -> Person:
        """Whom a key names; the owner when the settings no longer know that person."""
        people = self.company.people
        return people.get(key) or people[self.company.owner]

    def _shadow(self) -> str | None:
        shadow = self.company.shadow
        return shadow.to if shadow is not None and self.now < shadow.until else None

    def _meant_for(self, person: Person) -> str | None:
        return f"{person.name} <{person.email}>" if self._shadow() else None

    def _unread_accounts(self) -> tuple[str, ...]:
        if self._unread is None:
            cursors = self.accounts.load(a.id for a in self.company.accounts)
            self._unread = tuple(
                a.username
                for a in self.company.accounts
                if a.id in cursors and "posts" in cursors[a.id].troubles
            )
        return self._unread
