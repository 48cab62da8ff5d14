"""What people read: letters of the domain as mails, in the reader's language and by their clock."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2.utils import Namespace

from pulse.screens import coverage, figures, headlines, phrases
from pulse.screens.advice import advise
from pulse.screens.locale import Locale, one_line
from pulse.screens.models import TestMail
from pulse.screens.templates import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pulse.kernel.company import Person
    from pulse.screens.models import AlertMail, DigestMail, FaultMail, ThreadPost

LIMIT = 80_000
"""Bytes of HTML that a mail may have: some mailboxes cut it at 102 kB."""

_LONG, _EXCERPT = 1000, 280
_ROWS = 60
"""Lines of a post that are shown: blank ones cost nothing to write and bury what follows."""
_BLANKS = re.compile(r"\n{3,}")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "level": phrases.level,
    "role": phrases.role,
    "period": phrases.period,
    "waited": phrases.waited,
    "about": phrases.about,
    "more": phrases.more,
    "whole": phrases.whole,
    "earlier_posts": phrases.earlier_posts,
    "unread": phrases.unread,
    "reminder": phrases.reminder,
    "probe_words": phrases.probe_words,
    "happening": figures.happening,
    "first_digest": figures.first_digest,
    "compared": figures.compared,
    "buckets": figures.buckets,
    "figures": figures.figures,
    "night_and_day": figures.night_and_day,
    "trend": figures.trend,
    "accounts": figures.accounts,
    "watch": coverage.watch,
    "watched": coverage.watched,
    "alert_title": headlines.alert_title,
    "alert_longest": headlines.alert_longest,
    "alert_others": headlines.alert_others,
    "digest_title": headlines.digest_title,
    "digest_longest": headlines.digest_longest,
    "digest_preheader": headlines.digest_preheader,
}
"""What templates call by which name; the reader's locale is their first argument."""
_LOCALE = (
    "gettext", "ngettext", "number", "percent", "duration", "stretch",
    "clock", "day", "moment", "o_clock",
)  # fmt: skip
"""Methods of the reader's locale that templates call by their own names."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is read. `subject` and `preheader` are one line each."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How much of the cards is shown, where all of it would be too much."""

    whole: int
    """Cards shown whole; the others have a line each."""
    inline: int
    """Cards that carry their styles; the others rely on those in the head of the mail."""
    thread: int = 4
    """Posts of the thread below a card, the latest."""
    excerpts: bool = False
    """Whether long posts end after their beginning, as they do on X."""

    def text(self, text: str) -> str:
        """The beginning of a post, or all of it."""
        if self.excerpts and len(text) > _LONG:
            text = "".join(text[:_EXCERPT].rsplit(maxsplit=1)[:1])
        lines = text.splitlines()
        return text if len(lines) <= _ROWS else "\n".join(lines[:_ROWS])

    def lines(self, thread: tuple[ThreadPost, ...]) -> tuple[ThreadPost, ...]:
        """The end of a thread."""
        return thread[-self.thread :] if self.thread else ()


class MailRenderer:
    """Makes mails of letters. Has no clock: a letter knows when it was written."""

    def alert(self, letter: AlertMail, person: Person) -> Mail:
        """The worst of those who wait, for a person who must act."""
        return self._mail("alert", _locale(person), *self.headline(letter, person), letter=letter)

    def headline(self, letter: AlertMail, person: Person) -> tuple[str, str]:
        """Subject and preheader of an alert, for where there is no room for a mail."""
        subject = headlines.subject(headlines.alert(_locale(person), letter), letter.company)
        return subject, headlines.alert_preheader(letter)

    def digest(self, letter: DigestMail, person: Person) -> Mail:
        """How it stands and went, for a manager."""
        locale = _locale(person)
        return self._mail(
            "digest",
            locale,
            headlines.subject(headlines.digest(locale, letter.report), letter.company),
            headlines.digest_preheader(locale, letter.report),
            letter=letter,
        )

    def trouble(self, letter: FaultMail, person: Person) -> Mail:
        """Something that only a person can mend, and how."""
        locale = _locale(person)
        advice = advise(letter, locale)
        return self._mail(
            "trouble",
            locale,
            headlines.subject(advice.title, letter.company),
            one_line(advice.means),
            letter=letter,
            advice=advice,
        )

    def probe(self, company: str, at: datetime, person: Person) -> Mail:
        """A test mail: whoever reads it knows that mail gets through."""
        locale = _locale(person)
        return self._mail(
            "probe",
            locale,
            headlines.subject(locale.gettext("Test email from Pulse"), company),
            locale.gettext("Email from Pulse reaches you"),
            letter=TestMail(company, at, person.name),
        )

    def _mail(self, name: str, locale: Locale, subject: str, preheader: str, **values: Any) -> Mail:
        values |= {"locale": locale, "subject": subject, "preheader": preheader}
        values |= {name: getattr(locale, name) for name in _LOCALE}
        values |= {name: partial(function, locale) for name, function in _FUNCTIONS.items()}
        cards = getattr(values.get("letter"), "cards", ())
        for layout in _layouts(len(cards)):
            html = self._template(f"{name}.html", values, layout)
            if len(html.encode()) < LIMIT:
                break
        text = self._template(f"{name}.txt", values, layout)
        return Mail(subject, preheader, html, _BLANKS.sub("\n\n", text).strip() + "\n")

    def _template(self, name: str, values: dict[str, Any], layout: Layout) -> str:
        return (
            environment()
            .get_template(f"email/{name}")
            .render(layout=layout, show=Namespace(inline=True), **values)
        )


def _locale(person: Person) -> Locale:
    return Locale(person.language, person.time_zone)


def _layouts(cards: int) -> Iterator[Layout]:
    """From all there is to less and less of it."""
    yield (full := Layout(whole=cards, inline=cards, excerpts=cards > 1))
    yield (plain := replace(full, inline=5))
    yield (bare := replace(plain, thread=0))
    yield (short := replace(bare, inline=0, excerpts=True))
    whole = cards
    while whole:
        whole = whole * 4 // 5
        yield replace(short, whole=whole)
