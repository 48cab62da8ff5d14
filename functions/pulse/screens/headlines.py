"""The few words that must tell it all: subjects and preheaders, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse.screens import coverage, phrases
from pulse.screens.locale import capital, one_line, shortened

if TYPE_CHECKING:
    from pulse.screens.locale import Locale
    from pulse.screens.models import AlertMail, DigestMail

_TITLE = 60
_PREVIEW = 140


def subject(headline: str, company: str) -> str:
    """One line, whatever a title holds; a title too long for a subject is shortened."""
    return f"{one_line(headline)} · {shortened(one_line(company), _TITLE)}"


def alert(words: Locale, letter: AlertMail) -> str:
    """The worst level first: "CRITICAL: 2 waiting, longest 5 h 12 min; breach: 5"."""
    title, longest = alert_title(words, letter), alert_longest(words, letter)
    told = f"{title} {longest}" if _lone(letter) else f"{title}, {longest}"
    if letter.again:
        told = words.say("{title}, reminder {n}", title=told, n=words.number(letter.again))
    return "; ".join([told, *alert_others(words, letter)])


def alert_title(words: Locale, letter: AlertMail) -> str:
    """The worst level told of, in capitals when it is the policy's highest, and how many."""
    worst, count = next(iter(_levels(letter)))
    waiting = phrases.waiting(words, count, lone=_lone(letter))
    if worst is None:
        return capital(waiting)
    label = phrases.level(words, worst)
    highest = any(card.top and card.level == worst for card in letter.cards)
    label = label.upper() if highest else capital(label)
    return f"{label}: {waiting}"


def alert_longest(words: Locale, letter: AlertMail) -> str:
    """How long the one who waits longest has waited."""
    return phrases.longest(words, letter.longest, lone=_lone(letter))


def alert_others(words: Locale, letter: AlertMail) -> list[str]:
    """The milder levels: "breach: 5"."""
    return [
        f"{phrases.level(words, name)}: {words.number(count)}"
        for name, count in _levels(letter)[1:]
    ]


def _lone(letter: AlertMail) -> bool:
    """Whether the headline counts one customer, the one who waits longest of all told of."""
    count = _levels(letter)[0][1]
    return count == 1 and bool(letter.cards) and letter.cards[0].waited == letter.longest


def _levels(letter: AlertMail) -> list[tuple[str | None, int]]:
    told: list[tuple[str | None, int]] = [(k, n) for k, n in letter.levels.items() if n]
    return told or [(None, len(letter.cards) + letter.more)]


def alert_preheader(letter: AlertMail) -> str:
    """What the one says who waits longest."""
    if not letter.cards:
        return ""
    worst = letter.cards[0]
    return one_line(f"{phrases.handle(worst.customer)}: {worst.text}"[:_PREVIEW])


def digest(words: Locale, letter: DigestMail) -> str:
    """How many wait and how long: "17 waiting, longest 5 h 12 min"."""
    title = digest_title(words, letter)
    if not letter.waiting or letter.longest is None:
        return title
    longest = digest_longest(words, letter)
    return f"{title} {longest}" if letter.waiting == 1 else f"{title}, {longest}"


def digest_longest(words: Locale, letter: DigestMail) -> str:
    """How long the one who waits longest has waited."""
    return phrases.longest(words, letter.longest, lone=letter.waiting == 1)


def digest_title(words: Locale, letter: DigestMail) -> str:
    """How many wait, in words when nobody does."""
    if not letter.waiting:
        return words.say("Everyone has been answered")
    return phrases.waiting(words, letter.waiting, lone=letter.waiting == 1)


def digest_preheader(words: Locale, letter: DigestMail) -> str:
    """What the subject has no room for: "2 critical · watched 720 of 720 min"."""
    if letter.waiting:
        first = words.many("{n} critical", "{n} critical", letter.critical)
    else:
        received = letter.now.received
        first = words.many("{n} mention received", "{n} mentions received", received)
    parts = [first, coverage.minutes(words, letter)]
    if letter.watch.had_gaps:
        parts.append(words.say("the watch had gaps"))
    return capital(" · ".join(parts))
