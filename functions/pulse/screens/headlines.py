"""Subjects and preheaders of mails, one line each: often all that is read."""

from pulse.reporting.report import Report
from pulse.screens import coverage, phrases
from pulse.screens.locale import Locale, capital, one_line, shortened
from pulse.screens.models import AlertMail

_TITLE = 60
"""Characters of a company's title: the news must stand before the end of the line."""
_PREVIEW = 140
"""Characters that mailboxes show of a preheader, at the most."""


def subject(headline: str, company: str) -> str:
    """Return a subject of one line, whatever the company's title holds."""
    return f"{one_line(headline)} · {shortened(one_line(company), _TITLE)}"


def alert(locale: Locale, mail: AlertMail) -> str:
    """Return such as "CRITICAL: 2 waiting, longest 5 h 12 min; breach: 5": worst level first."""
    title, longest = alert_title(locale, mail), alert_longest(locale, mail)
    text = f"{title} {longest}" if _lone(mail) else f"{title}, {longest}"
    if mail.reminder:
        text = locale.gettext("{title}, reminder {n}", title=text, n=locale.number(mail.reminder))
    return "; ".join([text, *alert_others(locale, mail)])


def alert_title(locale: Locale, mail: AlertMail) -> str:
    """Return the worst level and how many have reached it."""
    worst, count = next(iter(_levels(mail)))
    waiting = phrases.waiting(locale, count, lone=_lone(mail))
    if worst is None:
        return capital(waiting)
    label = phrases.level(locale, worst)
    highest = any(card.top and card.level == worst for card in mail.cards)
    # Capitals are kept for the policy's highest level, which wakes people; whether a level is the
    # highest is known to the cards, since a company may name its levels as it likes.
    label = label.upper() if highest else capital(label)
    return f"{label}: {waiting}"


def alert_longest(locale: Locale, mail: AlertMail) -> str:
    """Return how long the customer who waits longest has waited."""
    return phrases.longest(locale, mail.longest, lone=_lone(mail))


def alert_others(locale: Locale, mail: AlertMail) -> list[str]:
    """Return the milder levels with their counts, such as "breach: 5"."""
    return [
        f"{phrases.level(locale, name)}: {locale.number(count)}"
        for name, count in _levels(mail)[1:]
    ]


def _lone(mail: AlertMail) -> bool:
    """Return whether the headline counts one customer only, who waits longest of all."""
    count = _levels(mail)[0][1]
    return count == 1 and bool(mail.cards) and mail.cards[0].waited == mail.longest


def _levels(mail: AlertMail) -> list[tuple[str | None, int]]:
    """Return levels with their counts, worst first, empty ones left out."""
    levels: list[tuple[str | None, int]] = [(k, n) for k, n in mail.levels.items() if n]
    # A level may have been removed from the settings since the alert was raised; its waits are
    # still counted.
    return levels or [(None, len(mail.cards) + mail.more)]


def alert_preheader(mail: AlertMail) -> str:
    """Return what the first of those who wait has written."""
    if not mail.cards:
        return ""
    worst = mail.cards[0]
    return one_line(f"{phrases.handle(worst.customer)}: {worst.text}"[:_PREVIEW])


def digest(locale: Locale, report: Report) -> str:
    """Return how many wait and how long, such as "17 waiting, longest 5 h 12 min"."""
    title = digest_title(locale, report)
    if report.longest is None:
        return title
    longest = digest_longest(locale, report)
    return f"{title} {longest}" if len(report.waiting) == 1 else f"{title}, {longest}"


def digest_longest(locale: Locale, report: Report) -> str:
    """Return how long the customer who waits longest has waited."""
    return phrases.longest(locale, report.longest, lone=len(report.waiting) == 1)


def digest_title(locale: Locale, report: Report) -> str:
    """Return how many wait, in words when nobody does."""
    if not report.waiting:
        return locale.gettext("Everyone has been answered")
    return phrases.waiting(locale, len(report.waiting), lone=len(report.waiting) == 1)


def digest_preheader(locale: Locale, report: Report) -> str:
    """Return what the subject has no room for: "2 critical · watched 720 of 720 min"."""
    if report.waiting:
        first = locale.ngettext("{n} critical", "{n} critical", report.critical)
    else:
        received = report.figures.received
        first = locale.ngettext("{n} mention received", "{n} mentions received", received)
    parts = [first, coverage.minutes(locale, report)]
    # Said at the top, since "everyone has been answered" is worth little when nobody looked.
    if report.coverage.had_gaps:
        parts.append(locale.gettext("the watch had gaps"))
    return capital(" · ".join(parts))
