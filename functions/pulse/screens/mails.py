"""Renders mails as HTML and plain text, in the reader's language and by their clock."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from jinja2.utils import Namespace

from pulse.kernel.company import Person
from pulse.outbox.message import Mail
from pulse.screens import coverage, figures, headlines, phrases
from pulse.screens.advice import advise
from pulse.screens.locale import Locale, one_line
from pulse.screens.models import AlertMail, DigestMail, FaultMail, TestMail, ThreadPost
from pulse.screens.templates import environment

LIMIT = 80_000
"""Bytes of HTML that a mail may have. Gmail cuts at 102 kB; encoding and headers add to it."""

_LONG, _EXCERPT = 1000, 280
"""Characters from which a post is cut, and those that are shown of it, as X does."""
_ROWS = 60
"""Lines of a post that are shown: blank ones are quickly written, and bury what follows."""
_BLANKS = re.compile(r"\n{3,}")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "level": phrases.level,
    "role": phrases.role,
    "period": phrases.period,
    "waited": phrases.waited,
    "card_facts": phrases.card_facts,
    "more": phrases.more,
    "show_whole": phrases.show_whole,
    "earlier_posts": phrases.earlier_posts,
    "replies_unread": phrases.replies_unread,
    "reminder": phrases.reminder,
    "test_mail": phrases.test_mail,
    "surge": figures.surge,
    "first_digest": figures.first_digest,
    "compared_periods": figures.compared_periods,
    "ageing": figures.ageing,
    "figures": figures.figures,
    "night_and_day": figures.night_and_day,
    "days": figures.days,
    "accounts": figures.accounts,
    "missed": coverage.missed,
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
class Layout:
    """How much of the cards is shown, where all of them would exceed the limit."""

    whole: int
    """Cards shown whole; the others have a line each."""
    inline: int
    """Cards with inline styles, for mailboxes that drop the style sheet in the mail's head.

    They are most of a card's bytes, so later cards do without.
    """
    thread: int = 4
    """Posts of the thread below a card, the latest."""
    excerpts: bool = False
    """Whether long posts are cut after their beginning, as on X."""

    def text(self, text: str) -> str:
        """Return the part of a post that is shown."""
        if self.excerpts and len(text) > _LONG:
            # Back to the last white space, so that no word is cut; a text without any is cut.
            text = "".join(text[:_EXCERPT].rsplit(maxsplit=1)[:1])
        lines = text.splitlines()
        return text if len(lines) <= _ROWS else "\n".join(lines[:_ROWS])

    def lines(self, thread: tuple[ThreadPost, ...]) -> tuple[ThreadPost, ...]:
        """Return the last posts of a thread; `[-0:]` would be all of them."""
        return thread[-self.thread :] if self.thread else ()


class MailRenderer:
    """Renders the view models of mails. Has no clock: a mail knows as of when it is."""

    def alert(self, mail: AlertMail, person: Person) -> Mail:
        """Render the alert of a person who must act."""
        return self._mail("alert", _locale(person), *self.headline(mail, person), mail=mail)

    def headline(self, mail: AlertMail, person: Person) -> tuple[str, str]:
        """Return subject and preheader of an alert, for SMS and chat."""
        subject = headlines.subject(headlines.alert(_locale(person), mail), mail.company)
        return subject, headlines.alert_preheader(mail)

    def digest(self, mail: DigestMail, person: Person) -> Mail:
        """Render the digest of a manager."""
        locale = _locale(person)
        return self._mail(
            "digest",
            locale,
            headlines.subject(headlines.digest(locale, mail.report), mail.company),
            headlines.digest_preheader(locale, mail.report),
            mail=mail,
        )

    def trouble(self, mail: FaultMail, person: Person) -> Mail:
        """Render a fault that only a person can fix, and how to."""
        locale = _locale(person)
        advice = advise(mail, locale)
        return self._mail(
            "trouble",
            locale,
            headlines.subject(advice.title, mail.company),
            one_line(advice.means),
            mail=mail,
            advice=advice,
        )

    def probe(self, company: str, at: datetime, person: Person) -> Mail:
        """Render a test mail: whoever receives it knows that mail gets through."""
        locale = _locale(person)
        return self._mail(
            "probe",
            locale,
            headlines.subject(locale.gettext("Test email from Pulse"), company),
            locale.gettext("Email from Pulse reaches you"),
            mail=TestMail(company, at, person.name),
        )

    def _mail(self, name: str, locale: Locale, subject: str, preheader: str, **values: Any) -> Mail:
        values |= {"locale": locale, "subject": subject, "preheader": preheader}
        values |= {name: getattr(locale, name) for name in _LOCALE}
        values |= {name: partial(function, locale) for name, function in _FUNCTIONS.items()}
        cards = getattr(values.get("mail"), "cards", ())
        # What a mail weighs is known only once it is rendered: names and texts of strangers, and
        # Cyrillic at two bytes a letter, differ too much to be estimated. So less and less is
        # rendered until it fits; most mails fit the first time.
        for layout in _layouts(len(cards)):
            html = self._template(f"{name}.html", values, layout)
            if len(html.encode()) < LIMIT:
                break
        # The plain text shows what the HTML does; templates leave blank lines where they show
        # nothing, which are removed.
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
    """Yield layouts from all there is to less and less of it."""
    yield (full := Layout(whole=cards, inline=cards, excerpts=cards > 1))
    yield (plain := replace(full, inline=5))
    yield (bare := replace(plain, thread=0))
    yield (short := replace(bare, inline=0, excerpts=True))
    # By a fifth each time: few renderings, and at most a fifth more is left out than necessary.
    whole = cards
    while whole:
        whole = whole * 4 // 5
        yield replace(short, whole=whole)
