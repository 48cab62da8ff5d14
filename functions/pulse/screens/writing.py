"""One mail to a person, or one message to the topic, for entries that waited together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulse.kernel.company import Company, Person
from pulse.outbox.delivery import SuppressedAddressError, Suppression, normalize_address
from pulse.outbox.entries import TOPIC, Entry, merge

if TYPE_CHECKING:
    from pulse.outbox.mailer import CriticalTopic, SesMailer
    from pulse.outbox.store.suppressions import SuppressionList
    from pulse.screens.compose import Letters
    from pulse.screens.mails import Mail, MailRenderer
    from pulse.screens.models import AlertMail

_NAMED = 3
"""Of those who wait, how many a message to the topic links to."""


@dataclass(slots=True)
class Writing:
    """Writes as of `now`, and gives the record of what went out. RefusedError, LaterError."""

    company: Company
    letters: Letters
    pages: MailRenderer
    post: SesMailer
    topic: CriticalTopic
    addresses: SuppressionList
    now: datetime
    _blocked: dict[str, Suppression] | None = None

    def address(self, person: Person) -> str:
        """Where this person's mail goes now."""
        return self.company.shadow_address(self.now) or person.email

    def blocked(self) -> dict[str, Suppression]:
        """The addresses that are not written to; asked for once a run."""
        if self._blocked is None:
            self._blocked = self.addresses.all()
        return self._blocked

    def mail(self, person: Person, entries: Sequence[Entry]) -> dict[str, Any] | None:
        """Write the mail that these entries ask for; None when nobody waits any more."""
        entry, told = entries[0], merge(entries)
        to = self.address(person)
        block = self.blocked().get(normalize_address(to))
        if block is not None:
            raise SuppressedAddressError(f"not written to since {block.at:%Y-%m-%d}: {block.said}")
        mail: Mail | None
        if entry.kind == "alert":
            letter = self.letters.alert(entries, person)
            mail = self.pages.alert(letter, person) if letter else None
            told = told.restricted_to(letter.standing) if told and letter else None
        elif entry.kind == "trouble":
            mail = self.pages.trouble(self.letters.trouble(entry, person), person)
        else:
            mail = self.pages.digest(self.letters.digest(entry, person), person)
        if mail is None:
            return None
        message_id = self.post.send(to, mail, self.now, self.company.sender)
        return self._record(entry.kind, person.key, to, mail.subject, message_id, told)

    def publish(self, entries: Sequence[Entry]) -> dict[str, Any] | None:
        """Wake people by the topic; None in shadow mode, or when nobody waits any more."""
        person = self.company.person(self.company.owner)
        shadow = self.company.shadow_address(self.now)
        letter = None if shadow else self.letters.alert(entries, person, _NAMED)
        if letter is None:
            return None
        subject, preheader = self.pages.headline(letter, person)
        links = "\n".join(card.reply_url for card in letter.cards)
        message_id = self.topic.publish(
            self._in_english(letter, person), f"{subject}\n{preheader}\n{links}"
        )
        return self._record("critical", TOPIC, "SNS", subject, message_id)

    def _in_english(self, letter: AlertMail, person: Person) -> str:
        """The headline as a subject that SNS takes: ASCII."""
        letter = replace(letter, company=self.company.title_in("en"))
        return self.pages.headline(letter, replace(person, language="en"))[0]

    def _record(
        self,
        kind: str,
        person: str,
        to: str,
        subject: str,
        message_id: str,
        told: Entry | None = None,
    ) -> dict[str, Any]:
        return {
            "at": self.now.isoformat(timespec="milliseconds"),
            "kind": kind,
            "person": person,
            "to": to,
            "subject": subject,
            "message_id": message_id,
            "told": told,
        }
