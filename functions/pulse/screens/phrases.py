"""Sentences that the HTML and the text of a mail share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse.screens.locale import capital, one_line, shortened

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from pulse.kernel.posts import Author
    from pulse.screens.locale import Locale
    from pulse.screens.models import AlertMail, Card, DigestMail, TestMail

_NAME = 60


def level(words: Locale, name: str | None) -> str:
    """A level of the policy; names that a company made up stay as they are."""
    if name is None:
        return words.say("waiting")
    return {
        "warning": words.say("warning"),
        "breach": words.say("breach"),
        "critical": words.say("critical"),
    }.get(name, one_line(name))


def role(words: Locale, name: str) -> str:
    """What an account is there for."""
    return {"support": words.say("support"), "official": words.say("official")}.get(name, name)


def period(words: Locale, name: str) -> str:
    """What kind of digest it is."""
    return {
        "shift": words.say("Shift digest"),
        "daily": words.say("Daily digest"),
        "weekly": words.say("Weekly digest"),
        "monthly": words.say("Monthly digest"),
    }[name]


def tone(card: Card) -> str:
    """The colour of a card: red for the highest level, then amber, then quiet."""
    if card.top:
        return "red"
    return "quiet" if card.level in {None, "warning"} else "amber"


def waiting(words: Locale, count: int, *, lone: bool = False) -> str:
    """How many wait; `lone` when `longest` goes on to say how long that one customer has."""
    if lone:
        return words.say("1 customer waiting")
    return words.many("{n} waiting", "{n} waiting", count)


def longest(words: Locale, length: timedelta | None, *, lone: bool = False) -> str:
    """The longest wait of them; after one `lone` customer, how long that customer has waited."""
    if lone:
        return words.say("for {length}", length=words.duration(length))
    return words.say("longest {length}", length=words.duration(length))


def waited(words: Locale, card: Card) -> str:
    """The level of a card and how long its customer has waited."""
    wait = words.say("waiting {length}", length=words.duration(card.waited))
    if card.level is None:
        return capital(wait)
    return f"{level(words, card.level).upper()} · {wait}"


def name(who: Author) -> str:
    """How a person calls themselves, as far as it fits."""
    return shortened(one_line(who.name or ""), _NAME)


def handle(who: Author) -> str:
    """How a person is addressed on X, or their id where no handle is known."""
    return f"@{one_line(who.username)}" if who.username else f"id {one_line(who.id)}"


def handles(words: Locale, usernames: tuple[str, ...]) -> str:
    """Handles of ours in a row: "@a, @b and @c"."""
    return words.row([f"@{one_line(name)}" for name in usernames])


def about(words: Locale, card: Card, at: datetime) -> str:
    """Since when, how often, to whom, and who has taken it."""
    facts = [words.say("since {time}", time=words.clock(card.since, at))]
    if card.said > 1:
        facts.append(words.many("{n} message", "{n} messages", card.said))
    if card.accounts:
        facts.append(words.say("to {accounts}", accounts=handles(words, card.accounts)))
    if card.taken_by:
        facts.append(words.say("taken by: {person}", person=one_line(card.taken_by)))
    else:
        facts.append(words.say("taken by: nobody"))
    if card.snoozed_until:
        facts.append(words.say("snoozed until {time}", time=words.clock(card.snoozed_until, at)))
    return " · ".join(facts)


def whole(words: Locale, text: str) -> str:
    """Says that a post goes on, and how long it is."""
    return words.many(
        "Show the whole post ({n} character)", "Show the whole post ({n} characters)", len(text)
    )


def earlier_posts(words: Locale, count: int) -> str:
    """How many posts of a thread are not shown."""
    return words.many(
        "{n} more post in this conversation", "{n} more posts in this conversation", count
    )


def more(words: Locale, count: int) -> str:
    """How many wait beside those shown."""
    return words.many("{n} more waiting", "{n} more waiting", count)


def unread(words: Locale, letter: AlertMail | DigestMail) -> str:
    """Why some of it may be answered already."""
    return words.say(
        "Pulse cannot read our own posts on {accounts} at the moment. Some of these "
        "customers may have been answered already.",
        accounts=handles(words, letter.unread),
    )


def reminder(words: Locale, letter: AlertMail) -> str:
    """Why they hear of it again."""
    return words.say("Reminder {n}: nobody has answered yet.", n=words.number(letter.again))


def probe_words(words: Locale, letter: TestMail) -> str:
    """Who sent a test mail to whom."""
    return words.say(
        "This is a test email that pulse doctor sent to {person} for {company}. Alerts "
        "and digests will come from the same address.",
        company=one_line(letter.company),
        person=one_line(letter.to),
    )
