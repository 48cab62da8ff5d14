"""Entries of the outbox become a message, together with the conversations that it is about."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from pulse.authors.directory import AuthorDirectory
from pulse.conversations.backlog import worst_first
from pulse.conversations.facts import ConversationKey
from pulse.conversations.fold import State
from pulse.kernel.company import Company, Person
from pulse.listening.cursor import accounts_unread
from pulse.outbox.entries import TOPIC, Entry
from pulse.outbox.message import Composed, TopicMessage
from pulse.reporting.report import ReportStores, report
from pulse.screens.cards import CardMaker
from pulse.screens.mails import headline, render
from pulse.screens.models import AlertMail, DigestMail, FaultMail

_CARDS_OF_MAIL = 50
_LINKS_OF_TOPIC = 3
"""Conversations that a message to the topic links to: it may be an SMS."""
_States = Mapping[ConversationKey, State]


@dataclass(frozen=True)
class Composer:
    """Composes messages to people of one company, as of `now`, from what is stored."""

    company: Company
    stores: ReportStores
    authors: AuthorDirectory
    now: datetime
    board_url: str | None = None

    def compose(self, person: str, entries: Sequence[Entry]) -> Composed | None:
        """Return the message to a person (or the topic) for entries of one kind that go together.

        Alerts may be several; other kinds come one at a time. Returns None when none of the waits
        that raised the alerts lasts, and for the topic in shadow mode.
        """
        # The topic is no person of the settings: its messages are written for the owner.
        reader, entry = self.company.person(person), entries[0]
        if entry.kind == "trouble":
            return Composed(render(self._fault_mail(entry, reader), reader))
        if entry.kind == "digest":
            return Composed(render(self._digest_mail(entry, reader), reader))
        if person == TOPIC and self.company.shadow_address(self.now):
            return None
        states = self._states(entries)
        most = _LINKS_OF_TOPIC if person == TOPIC else _CARDS_OF_MAIL
        mail = self._alert_mail(entries, states, reader, most)
        if mail is None:
            return None
        if person == TOPIC:
            return Composed(self._topic_message(mail, reader))
        return Composed(render(mail, reader), frozenset(states))

    def _topic_message(self, mail: AlertMail, owner: Person) -> TopicMessage:
        """Return the message that wakes people: headline, first lines, links to the worst."""
        subject, preheader = headline(mail, owner)
        # SNS takes ASCII subjects only, so it gets the English one, whatever the owner reads.
        in_english = replace(mail, company=self.company.title_in("en"))
        english_subject, _ = headline(in_english, replace(owner, language="en"))
        links = "\n".join(card.reply_url for card in mail.cards)
        return TopicMessage(subject, english_subject, f"{subject}\n{preheader}\n{links}")

    def _states(self, entries: Sequence[Entry]) -> _States:
        """Return the conversations of these alerts in which the same wait still lasts."""
        raised = [(key, entry.at) for entry in entries for key in entry.keys]
        found = self.stores.conversations.states((key for key, _ in raised), self.company)
        return {k: found[k] for k, at in raised if k in found and _still_waits(found[k], at)}

    def _alert_mail(
        self, entries: Sequence[Entry], states: _States, reader: Person, most_cards: int
    ) -> AlertMail | None:
        """Return the mail with the worst waits; None if none lasts, or their posts were deleted."""
        order = worst_first(states, self.company.policy)
        shown = self._cards.make(order[:most_cards])
        if not shown:
            return None
        since = [s.waiting_since for s in states.values() if s.waiting_since is not None]
        return AlertMail(
            company=self.company.title_in(reader.language),
            at=self.now,
            cards=shown,
            more=max(0, len(order) - most_cards),
            levels=Counter(filter(None, (states[key].level for key in order))),
            longest=self.now - min(since),
            reminder=max(entry.reminder for entry in entries),
            unread=self._unread_accounts,
            meant_for=self.company.intended_recipient(reader, self.now),
            board_url=self.board_url,
        )

    def _fault_mail(self, entry: Entry, reader: Person) -> FaultMail:
        """Return the mail about a fault that only a person can fix."""
        return FaultMail(
            company=self.company.title_in(reader.language),
            at=entry.at,
            kind=entry.detail("trouble"),
            subject=entry.detail("subject"),
            detail=entry.detail("detail"),
            endpoint=entry.detail("endpoint") or "mentions",
            meant_for=self.company.intended_recipient(reader, self.now),
        )

    def _digest_mail(self, entry: Entry, reader: Person) -> DigestMail:
        """Return the digest of the period that the entry names, as of now."""
        start = datetime.fromisoformat(entry.detail("start"))
        end = datetime.fromisoformat(entry.detail("end"))
        zone = ZoneInfo(reader.time_zone)
        found = report(self.company, start, end, self.now, zone, self.stores)
        return DigestMail(
            company=self.company.title_in(reader.language),
            period=entry.detail("period"),
            report=found,
            cards=self._cards.worst(found),
            meant_for=self.company.intended_recipient(reader, self.now),
            board_url=self.board_url,
        )

    @cached_property
    def _cards(self) -> CardMaker:
        return CardMaker(self.company, self.stores.conversations, self.authors, self.now)

    @cached_property
    def _unread_accounts(self) -> tuple[str, ...]:
        """Accounts whose own posts could not be read: their customers may be answered already."""
        cursors = self.stores.cursors.load(a.id for a in self.company.accounts)
        return accounts_unread(self.company.accounts, cursors)


def _still_waits(state: State, raised_at: datetime) -> bool:
    """Return whether a mention still waits that was flagged before the alert was raised."""
    # An alert may be held back for half an hour, or for hours by a mail service that is down.
    # Meanwhile the customer may have been answered and have asked again. That new wait is a few
    # minutes old and raises its own alert in time; this one is about the wait before, and a mail
    # about it would call an answer late that is not. Flags name the mentions that were waiting
    # when they were raised, so a wait is the same one while any of those still waits (D-043).
    waiting = frozenset(state.waiting)
    return any(flag.at <= raised_at and flag.mentions & waiting for flag in state.flags)
