"""Renders mails as HTML and plain text, in the reader's language and by their clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from jinja2.utils import Namespace

from pulse.kernel.company import Person
from pulse.outbox.message import Mail
from pulse.screens.locale import Locale
from pulse.screens.models import AlertMail, AnyMail, ThreadPost
from pulse.screens.templates import environment, words

LIMIT = 80_000
"""Bytes of HTML that a mail may have. Gmail cuts at 102 kB; encoding and headers add to it."""

_LONG, _EXCERPT = 1000, 280
"""Characters from which a post is cut, and those that are shown of it, as X does."""
_ROWS = 60
"""Lines of a post that are shown: blank ones are quickly written, and bury what follows."""
_BLANKS = re.compile(r"\n{3,}")


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


def render(mail: AnyMail, person: Person) -> Mail:
    """Render a mail for a person. Has no clock: a mail knows as of when it is."""
    values = words(mail, _locale(person))
    cards = getattr(mail, "cards", ())
    # What a mail weighs is known only once it is rendered: names and texts of strangers, and
    # Cyrillic at two bytes a letter, differ too much to be estimated. So less and less is
    # rendered until it fits; most mails fit the first time.
    for layout in _layouts(len(cards)):
        html = _part(f"{mail.template}.html", values, layout)
        if len(html.encode()) < LIMIT:
            break
    # The plain text shows what the HTML does; templates leave blank lines where they show
    # nothing, which are removed.
    text = _BLANKS.sub("\n\n", _part(f"{mail.template}.txt", values, layout)).strip()
    return Mail(values["subject"], values["preheader"], html, f"{text}\n")


def headline(mail: AlertMail, person: Person) -> tuple[str, str]:
    """Return subject and preheader of an alert, for SMS and chat."""
    values = words(mail, _locale(person))
    return values["subject"], values["preheader"]


def _locale(person: Person) -> Locale:
    return Locale(person.language, person.time_zone)


def _part(name: str, values: dict[str, Any], layout: Layout) -> str:
    template = environment().get_template(f"email/{name}")
    return template.render(layout=layout, show=Namespace(inline=True), **values)


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
