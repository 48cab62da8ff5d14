"""Sentences that the HTML and the text of a mail share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse.screens.locale import capital, one_line, shortened

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from pulse.kernel.posts import Author
    from pulse.screens.locale import Locale
    from pulse.screens.models import AlertMail, Card, TestMail

_NAME = 60


def level(locale: Locale, name: str | None) -> str:
    """A level of the policy; names that a company made up stay as they are."""
    if name is None:
        return locale.gettext("waiting")
    return {
        "warning": locale.gettext("warning"),
        "breach": locale.gettext("breach"),
        "critical": locale.gettext("critical"),
    }.get(name, one_line(name))


def role(locale: Locale, name: str) -> str:
    """What an account is there for."""
    return {"support": locale.gettext("support"), "official": locale.gettext("official")}.get(
        name, name
    )


def period(locale: Locale, name: str) -> str:
    """What kind of digest it is."""
    return {
        "shift": locale.gettext("Shift digest"),
        "daily": locale.gettext("Daily digest"),
        "weekly": locale.gettext("Weekly digest"),
        "monthly": locale.gettext("Monthly digest"),
    }[name]


def tone(card: Card) -> str:
    """The colour of a card: red for the highest level, then amber, then quiet."""
    if card.top:
        return "red"
    return "quiet" if card.level in {None, "warning"} else "amber"


def waiting(locale: Locale, count: int, *, lone: bool = False) -> str:
    """How many wait; `lone` when `longest` goes on to say how long that one customer has."""
    if lone:
        return locale.gettext("1 customer waiting")
    return locale.ngettext("{n} waiting", "{n} waiting", count)


def longest(locale: Locale, length: timedelta | None, *, lone: bool = False) -> str:
    """The longest wait of them; after one `lone` customer, how long that customer has waited."""
    if lone:
        return locale.gettext("for {length}", length=locale.duration(length))
    return locale.gettext("longest {length}", length=locale.duration(length))


def waited(locale: Locale, card: Card) -> str:
    """The level of a card and how long its customer has waited."""
    wait = locale.gettext("waiting {length}", length=locale.duration(card.waited))
    if card.level is None:
        return capital(wait)
    return f"{level(locale, card.level).upper()} · {wait}"


def name(who: Author) -> str:
    """How a person calls themselves, as far as it fits."""
    return shortened(one_line(who.name or ""), _NAME)


def handle(who: Author) -> str:
    """How a person is addressed on X, or their id where no handle is known."""
    return f"@{one_line(who.username)}" if who.username else f"id {one_line(who.id)}"


def handles(locale: Locale, usernames: tuple[str, ...]) -> str:
    """Handles of ours in a row: "@a, @b and @c"."""
    return locale.row([f"@{one_line(name)}" for name in usernames])


def about(locale: Locale, card: Card, at: datetime) -> str:
    """Since when, how often, to whom, and who has taken it."""
    facts = [locale.gettext("since {time}", time=locale.clock(card.since, at))]
    if card.said > 1:
        facts.append(locale.ngettext("{n} message", "{n} messages", card.said))
    if card.accounts:
        facts.append(locale.gettext("to {accounts}", accounts=handles(locale, card.accounts)))
    if card.taken_by:
        facts.append(locale.gettext("taken by: {person}", person=one_line(card.taken_by)))
    else:
        facts.append(locale.gettext("taken by: nobody"))
    if card.snoozed_until:
        facts.append(
            locale.gettext("snoozed until {time}", time=locale.clock(card.snoozed_until, at))
        )
    return " · ".join(facts)


def whole(locale: Locale, text: str) -> str:
    """Says that a post goes on, and how long it is."""
    return locale.ngettext(
        "Show the whole post ({n} character)", "Show the whole post ({n} characters)", len(text)
    )


def earlier_posts(locale: Locale, count: int) -> str:
    """How many posts of a thread are not shown."""
    return locale.ngettext(
        "{n} more post in this conversation", "{n} more posts in this conversation", count
    )


def more(locale: Locale, count: int) -> str:
    """How many wait beside those shown."""
    return locale.ngettext("{n} more waiting", "{n} more waiting", count)


def unread(locale: Locale, accounts: tuple[str, ...]) -> str:
    """Why some of it may be answered already."""
    return locale.gettext(
        "Pulse cannot read our own posts on {accounts} at the moment. Some of these "
        "customers may have been answered already.",
        accounts=handles(locale, accounts),
    )


def reminder(locale: Locale, letter: AlertMail) -> str:
    """Why they hear of it again."""
    return locale.gettext("Reminder {n}: nobody has answered yet.", n=locale.number(letter.again))


def probe_words(locale: Locale, letter: TestMail) -> str:
    """Who sent a test mail to whom."""
    return locale.gettext(
        "This is a test email that pulse doctor sent to {person} for {company}. Alerts "
        "and digests will come from the same address.",
        company=one_line(letter.company),
        person=one_line(letter.to),
    )
