"""Trouble in people's words: what happened, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pulse.screens.locale import Locale, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulse.screens.models import FaultMail


@dataclass(frozen=True, slots=True)
class Advice:
    """`title` fits a subject; `command` is what to type, where there is something to type."""

    title: str
    happened: str
    means: str
    steps: tuple[str, ...]
    command: str | None = None


def trouble_words(kind: str, locale: Locale) -> str:
    """A trouble in a few words, as it stands in a list; unknown kinds as they are."""
    gettext = locale.gettext
    return {
        "unavailable": gettext("X did not answer"),
        "rate_limited": gettext("X asked to wait"),
        "usage_cap": gettext("the month's reads are used up"),
        "credits": gettext("no credits left at X"),
        "token": gettext("the token does not work"),
        "forbidden": gettext("X refuses access"),
        "account": gettext("X knows no such account"),
        "request": gettext("X refused the request"),
        "address": gettext("mail could not be delivered"),
        "bounce": gettext("mail came back"),
        "complaint": gettext("mail was called spam"),
    }.get(kind, kind)


def advise(letter: FaultMail, locale: Locale) -> Advice:
    """What a person needs to know to mend it."""
    who = one_line(letter.subject).removeprefix("@")
    advice = _ADVICE[letter.kind](who, locale)
    return _of_posts(advice, who, locale) if letter.endpoint == "posts" else advice


def _unwatched(who: str, locale: Locale) -> str:
    return locale.gettext(
        "Mentions of @{who} are not being read. Nobody is warned of them until this is mended; "
        "Pulse then goes back to where it stopped.",
        who=who,
    )


def _of_posts(advice: Advice, who: str, locale: Locale) -> Advice:
    return replace(
        advice,
        title=locale.gettext("Answers of @{who} are not seen", who=who),
        means=locale.gettext(
            "Posts by @{who} itself are not being read. Until this is mended, people may be warned "
            "of mentions that were answered; Pulse then goes back to where it stopped.",
            who=who,
        ),
    )


def _told_when_mended(locale: Locale) -> str:
    return locale.gettext("Nothing else: Pulse tries again by itself every quarter of an hour.")


def _token(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("The token for @{who} does not work", who=who),
        gettext(
            "X refused the token for @{who}, or none is kept; the words below say which.", who=who
        ),
        _unwatched(who, locale),
        (
            gettext("In the X developer console, make a new access token for @{who}.", who=who),
            gettext("Store it with the command below; it tests the token before it keeps it."),
        ),
        f"pulse connect @{who}",
    )


def _forbidden(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("X refuses access for @{who}", who=who),
        gettext("X answered that the app or the account @{who} may not do this.", who=who),
        _unwatched(who, locale),
        (
            gettext("Sign in to X as @{who}: is the account suspended or locked?", who=who),
            gettext("In the X developer console, see that the app is active and may read posts."),
            _told_when_mended(locale),
        ),
    )


def _account(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("X knows no account @{who} any more", who=who),
        gettext("The account @{who} was renamed, deactivated or suspended.", who=who),
        _unwatched(who, locale),
        (
            gettext("Open x.com/{who} and see what has become of it.", who=who),
            gettext("If it has a new name, or is gone for good: change pulse.yaml and push it."),
        ),
        "pulse push",
    )


def _credits(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("No credits left at X: @{who} is not watched", who=who),
        gettext("X answered that the developer account has no credits left."),
        _unwatched(who, locale),
        (
            gettext("Buy credits in the X developer console."),
            gettext("Turn on automatic recharge there, so that it does not happen at night."),
            _told_when_mended(locale),
        ),
    )


def _usage_cap(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("The month's reads are used up: @{who} is not watched", who=who),
        gettext("X answered that the plan's monthly cap, or the spending limit, is reached."),
        _unwatched(who, locale),
        (
            gettext("Raise the cap or the spending limit in the X developer console."),
            _told_when_mended(locale),
        ),
    )


def _request(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("X refused our request for @{who}", who=who),
        gettext("X does not accept what Pulse asked; X may have changed its rules."),
        _unwatched(who, locale),
        (
            gettext("See whether there is a newer version of Pulse, and deploy it."),
            gettext("If there is none: report it, with the words below."),
        ),
    )


def _address(address: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("Mail to {address} is refused", address=address),
        gettext("Amazon SES refused to send to {address}.", address=address),
        gettext("What was meant for this address went to you instead."),
        (
            gettext("See that the address is spelt right in pulse.yaml and still exists."),
            gettext("While SES is in its sandbox: verify the address in the SES console."),
            gettext("If it stands on the suppression list of SES: take it off there."),
        ),
        "pulse doctor",
    )


def _bounce(address: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("Mail to {address} comes back", address=address),
        gettext("The mail server of {address} sent our mail back for good.", address=address),
        _not_written_to(locale),
        (
            gettext("See that the address is spelt right in pulse.yaml and still exists."),
            gettext(
                "Once another address stands in pulse.yaml and is pushed, mail goes out again."
            ),
            _given_back(locale),
        ),
        f"pulse addresses --lift {address}",
    )


def _complaint(address: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("{address} called our mail spam", address=address),
        gettext(
            "Whoever reads {address}, or their mail program, marked our mail as spam.",
            address=address,
        ),
        _not_written_to(locale),
        (
            gettext("Ask whether this person wants these mails, and if not, change pulse.yaml."),
            _given_back(locale),
        ),
        f"pulse addresses --lift {address}",
    )


def _not_written_to(locale: Locale) -> str:
    return locale.gettext(
        "Nothing is sent to this address any more: alerts meant for it go to the next in line, "
        "digests to nobody."
    )


def _given_back(locale: Locale) -> str:
    return locale.gettext(
        "When it can be written to again, give it back with the command below. It also says how to "
        "take the address off the suppression list of SES."
    )


def _compliance(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("What is deleted on X cannot be looked for"),
        gettext("X did not let the app of @{who} check which posts still stand.", who=who),
        _stays(locale),
        (
            gettext("In the X developer console, see that the app may use compliance jobs."),
            gettext("If its bearer was made anew, store it with the command below."),
            gettext("Nothing else: Pulse tries again by itself."),
        ),
        f"pulse connect @{who}",
    )


def _unchecked(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("For a day, what is deleted on X could not be looked for"),
        gettext(
            "For a day, no check which posts still stand has gone through for the app of @{who}; "
            "the words below say what is in the way.",
            who=who,
        ),
        _stays(locale),
        (
            gettext(
                "Nothing, if X is down: Pulse tries again by itself. Meanwhile the posts of those "
                "who wait are looked up once a day, which costs reads."
            ),
            gettext("If it does not pass, see with the command below what fails."),
        ),
        "pulse doctor",
    )


def _stays(locale: Locale) -> str:
    return locale.gettext(
        "Mentions are watched as ever. Posts that are deleted or protected after their first "
        "day may stay with us until this is mended, or until their time to be kept is over."
    )


_ADVICE: dict[str, Callable[[str, Locale], Advice]] = {
    "token": _token,
    "forbidden": _forbidden,
    "account": _account,
    "credits": _credits,
    "usage_cap": _usage_cap,
    "request": _request,
    "address": _address,
    "bounce": _bounce,
    "complaint": _complaint,
    "compliance": _compliance,
    "unchecked": _unchecked,
}
