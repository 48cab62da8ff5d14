"""What an entry of the outbox says to a person, once it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pulse.authors.directory import AuthorDirectory
from pulse.conversations.fold import State
from pulse.kernel.company import Company, Person
from pulse.listening.cursor import accounts_unread
from pulse.outbox.entries import Entry
from pulse.reporting.report import summary
from pulse.screens.cards import cards, worst_first
from pulse.screens.models import AlertMail, DigestMail, FaultMail

if TYPE_CHECKING:
    from pulse.repositories import Repositories

_MOST = 50


@dataclass(slots=True)
class Letters:
    """Writes letters as of `now`, from what lies in the table."""

    company: Company
    stores: Repositories
    authors: AuthorDirectory
    now: datetime
    board_url: str | None = None
    _unread: tuple[str, ...] | None = field(default=None, init=False)

    def alert(
        self, entries: Sequence[Entry], person: Person, most: int = _MOST
    ) -> AlertMail | None:
        """The worst of those whom these entries tell of; None when nobody waits any more."""
        told = [(key, entry.at) for entry in entries for key in entry.keys]
        found = self.stores.conversations.states(dict.fromkeys(key for key, _ in told))
        states = {k: found[k] for k, at in told if k in found and _still_waits(found[k], at)}
        order = worst_first(states, self.company)
        shown = cards(order[:most], self.company, self.stores.conversations, self.authors, self.now)
        if not shown:
            return None
        levels = Counter(states[key].level or "" for key in order)
        rank = self.company.policy.rank
        since = [s.waiting_since for s in states.values() if s.waiting_since is not None]
        return AlertMail(
            company=self.company.title_in(person.language),
            at=self.now,
            cards=shown,
            more=max(0, len(order) - most),
            levels={x: levels[x] for x in sorted(levels, key=rank, reverse=True) if x},
            longest=self.now - min(since),
            again=max(entry.again for entry in entries),
            unread=self._unread_accounts(),
            meant_for=self.company.intended_recipient(person, self.now),
            board_url=self.board_url,
            standing=frozenset(states),
        )

    def trouble(self, entry: Entry, person: Person) -> FaultMail:
        """Something that only a person can mend."""
        return FaultMail(
            company=self.company.title_in(person.language),
            at=entry.at,
            kind=entry.detail("trouble"),
            subject=entry.detail("subject"),
            detail=entry.detail("detail"),
            endpoint=entry.detail("endpoint") or "mentions",
            meant_for=self.company.intended_recipient(person, self.now),
        )

    def digest(self, entry: Entry, person: Person) -> DigestMail:
        """How it stands and went."""
        return summary(
            entry,
            self.company,
            person,
            self.stores,
            self.authors,
            self.now,
            self.board_url,
        )

    def _unread_accounts(self) -> tuple[str, ...]:
        if self._unread is None:
            cursors = self.stores.cursors.load(a.id for a in self.company.accounts)
            self._unread = accounts_unread(self.company.accounts, cursors)
        return self._unread


def _still_waits(state: State, told: datetime) -> bool:
    """Whether something that was flagged by then still waits; a wait begun since is another."""
    waiting = frozenset(state.waiting)
    return any(flag.at <= told and flag.mentions & waiting for flag in state.flags)
