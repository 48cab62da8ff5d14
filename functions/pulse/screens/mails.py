"""What people read: letters of the domain as mails, in the reader's language and by their clock."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.utils import Namespace

from pulse.kernel.posts import post_url
from pulse.screens import coverage, figures, headlines, phrases
from pulse.screens.advice import advise
from pulse.screens.locale import TEMPLATES, Locale, capital, one_line, quoted, rows
from pulse.screens.models import TestMail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pulse.kernel.company import Person
    from pulse.screens.models import AlertMail, DigestMail, FaultMail, ThreadPost

LIMIT = 80_000
"""Bytes of HTML that a mail may have: some mailboxes cut it at 102 kB."""

_LONG, _EXCERPT = 1000, 280
_ROWS = 60
"""Lines of a post that are shown: blank ones cost nothing to write and bury what follows."""
_BLANKS = re.compile(r"\n{3,}")


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
        return self._mail("alert", _words(person), *self.headline(letter, person), letter=letter)

    def headline(self, letter: AlertMail, person: Person) -> tuple[str, str]:
        """Subject and preheader of an alert, for where there is no room for a mail."""
        subject = headlines.subject(headlines.alert(_words(person), letter), letter.company)
        return subject, headlines.alert_preheader(letter)

    def digest(self, letter: DigestMail, person: Person) -> Mail:
        """How it stands and went, for a manager."""
        words = _words(person)
        return self._mail(
            "digest",
            words,
            headlines.subject(headlines.digest(words, letter), letter.company),
            headlines.digest_preheader(words, letter),
            letter=letter,
        )

    def trouble(self, letter: FaultMail, person: Person) -> Mail:
        """Something that only a person can mend, and how."""
        words = _words(person)
        advice = advise(letter, words)
        return self._mail(
            "trouble",
            words,
            headlines.subject(advice.title, letter.company),
            one_line(advice.means),
            letter=letter,
            advice=advice,
        )

    def probe(self, company: str, at: datetime, person: Person) -> Mail:
        """A test mail: whoever reads it knows that mail gets through."""
        words = _words(person)
        return self._mail(
            "probe",
            words,
            headlines.subject(words.say("Test email from Pulse"), company),
            words.say("Email from Pulse reaches you"),
            letter=TestMail(company, at, person.name),
        )

    def _mail(self, name: str, words: Locale, subject: str, preheader: str, **values: Any) -> Mail:
        values |= {"words": words, "subject": subject, "preheader": preheader, **_names(words)}
        cards = getattr(values.get("letter"), "cards", ())
        for layout in _layouts(len(cards)):
            html = self._template(f"{name}.html", values, layout)
            if len(html.encode()) < LIMIT:
                break
        text = self._template(f"{name}.txt", values, layout)
        return Mail(subject, preheader, html, _BLANKS.sub("\n\n", text).strip() + "\n")

    def _template(self, name: str, values: dict[str, Any], layout: Layout) -> str:
        return (
            _environment()
            .get_template(f"email/{name}")
            .render(layout=layout, show=Namespace(inline=True), **values)
        )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "line": one_line,
        "quoted": quoted,
        "capital": capital,
        "rows": rows,
        "name": phrases.name,
        "handle": phrases.handle,
    }
    environment.globals |= {
        "post_url": post_url,
        "tone": phrases.tone,
        "hour_columns": figures.hour_columns,
        "day_columns": figures.day_columns,
    }
    return environment


def _words(person: Person) -> Locale:
    return Locale(person.language, person.time_zone)


def _names(words: Locale) -> dict[str, Any]:
    """What templates call by name."""
    own = (
        words.say,
        words.many,
        words.number,
        words.percent,
        words.duration,
        words.stretch,
        words.clock,
        words.day,
        words.moment,
        words.o_clock,
    )
    shared = (
        phrases.level,
        phrases.role,
        phrases.period,
        phrases.waited,
        phrases.about,
        phrases.more,
        phrases.whole,
        phrases.earlier_posts,
        phrases.unread,
        phrases.reminder,
        figures.happening,
        coverage.watched,
        coverage.watch,
        figures.first_digest,
        figures.compared,
        figures.buckets,
        figures.figures,
        figures.night_and_day,
        figures.trend,
        figures.accounts,
        phrases.probe_words,
        headlines.alert_title,
        headlines.alert_longest,
        headlines.alert_others,
        headlines.digest_title,
        headlines.digest_longest,
        headlines.digest_preheader,
    )
    return {f.__name__: f for f in own} | {f.__name__: partial(f, words) for f in shared}


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
