"""Phrases that the HTML and the plain text of mails share, in the reader's language."""

from datetime import datetime, timedelta

from pulse.kernel.posts import Author
from pulse.screens.locale import Locale, capital, one_line, shortened
from pulse.screens.models import AlertMail, Card, TestMail

_NAME = 60


def level(locale: Locale, name: str | None) -> str:
    """Return the name of a level; a name that the company chose itself stays as it is."""
    if name is None:
        return locale.gettext("waiting")
    return {
        "warning": locale.gettext("warning"),
        "breach": locale.gettext("breach"),
        "critical": locale.gettext("critical"),
    }.get(name, one_line(name))


def role(locale: Locale, name: str) -> str:
    """Return what an account is for."""
    return {"support": locale.gettext("support"), "official": locale.gettext("official")}.get(
        name, name
    )


def period(locale: Locale, name: str) -> str:
    """Return the title of a digest of this period."""
    return {
        "shift": locale.gettext("Shift digest"),
        "daily": locale.gettext("Daily digest"),
        "weekly": locale.gettext("Weekly digest"),
        "monthly": locale.gettext("Monthly digest"),
    }[name]


def tone(card: Card) -> str:
    """Return the colour of a card: `red` for the highest level, then `amber`, then `quiet`."""
    if card.top:
        return "red"
    return "quiet" if card.level in {None, "warning"} else "amber"


def waiting(locale: Locale, count: int, *, lone: bool = False) -> str:
    """Return how many wait; `lone` for one customer whose wait `longest` then adds."""
    if lone:
        return locale.gettext("1 customer waiting")
    return locale.ngettext("{n} waiting", "{n} waiting", count)


def longest(locale: Locale, length: timedelta | None, *, lone: bool = False) -> str:
    """Return the longest wait; after one `lone` customer, how long that customer has waited."""
    if lone:
        return locale.gettext("for {length}", length=locale.duration(length))
    return locale.gettext("longest {length}", length=locale.duration(length))


def waited(locale: Locale, card: Card) -> str:
    """Return the level of a card and how long its customer has waited."""
    wait = locale.gettext("waiting {length}", length=locale.duration(card.waited))
    if card.level is None:
        return capital(wait)
    return f"{level(locale, card.level).upper()} · {wait}"


def name(who: Author) -> str:
    """Return the name that a person chose, on one line and shortened to fit; "" if unknown."""
    return shortened(one_line(who.name or ""), _NAME)


def handle(who: Author) -> str:
    """Return the person's handle on X, or the id where no handle is known."""
    return f"@{one_line(who.username)}" if who.username else f"id {one_line(who.id)}"


def handles(locale: Locale, usernames: tuple[str, ...]) -> str:
    """Return handles in a row: "@a, @b and @c"."""
    return locale.row([f"@{one_line(name)}" for name in usernames])


def card_facts(locale: Locale, card: Card, at: datetime) -> str:
    """Return since when a customer waits, how many messages, to whom, and who has taken it."""
    facts = [locale.gettext("since {time}", time=locale.clock(card.since, at))]
    if card.mentions > 1:
        facts.append(locale.ngettext("{n} message", "{n} messages", card.mentions))
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


def show_whole(locale: Locale, text: str) -> str:
    """Return the text of the link to a post that is shown in part."""
    return locale.ngettext(
        "Show the whole post ({n} character)", "Show the whole post ({n} characters)", len(text)
    )


def earlier_posts(locale: Locale, count: int) -> str:
    """Return how many earlier posts of a thread are not shown."""
    return locale.ngettext(
        "{n} more post in this conversation", "{n} more posts in this conversation", count
    )


def more(locale: Locale, count: int) -> str:
    """Return how many wait besides those shown."""
    return locale.ngettext("{n} more waiting", "{n} more waiting", count)


def replies_unread(locale: Locale, accounts: tuple[str, ...]) -> str:
    """Return the warning that customers may have been answered, unseen by Pulse."""
    return locale.gettext(
        "Pulse cannot read our own posts on {accounts} at the moment. Some of these "
        "customers may have been answered already.",
        accounts=handles(locale, accounts),
    )


def reminder(locale: Locale, mail: AlertMail) -> str:
    """Return why the same alert is sent again."""
    return locale.gettext("Reminder {n}: nobody has answered yet.", n=locale.number(mail.reminder))


def test_mail(locale: Locale, mail: TestMail) -> str:
    """Return the text of a test mail."""
    return locale.gettext(
        "This is a test email that pulse doctor sent to {person} for {company}. Alerts "
        "and digests will come from the same address.",
        company=one_line(mail.company),
        person=one_line(mail.to),
    )
