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


def trouble_words(kind: str, words: Locale) -> str:
    """A trouble in a few words, as it stands in a list; unknown kinds as they are."""
    say = words.say
    return {
        "unavailable": say("X did not answer"),
        "rate_limited": say("X asked to wait"),
        "usage_cap": say("the month's reads are used up"),
        "credits": say("no credits left at X"),
        "token": say("the token does not work"),
        "forbidden": say("X refuses access"),
        "account": say("X knows no such account"),
        "request": say("X refused the request"),
        "address": say("mail could not be delivered"),
        "bounce": say("mail came back"),
        "complaint": say("mail was called spam"),
    }.get(kind, kind)


def advise(letter: FaultMail, words: Locale) -> Advice:
    """What a person needs to know to mend it."""
    who = one_line(letter.subject).removeprefix("@")
    advice = _ADVICE[letter.kind](who, words)
    return _of_posts(advice, who, words) if letter.endpoint == "posts" else advice


def _unwatched(who: str, words: Locale) -> str:
    return words.say(
        "Mentions of @{who} are not being read. Nobody is warned of them until this is mended; "
        "Pulse then goes back to where it stopped.",
        who=who,
    )


def _of_posts(advice: Advice, who: str, words: Locale) -> Advice:
    return replace(
        advice,
        title=words.say("Answers of @{who} are not seen", who=who),
        means=words.say(
            "Posts by @{who} itself are not being read. Until this is mended, people may be warned "
            "of mentions that were answered; Pulse then goes back to where it stopped.",
            who=who,
        ),
    )


def _told_when_mended(words: Locale) -> str:
    return words.say("Nothing else: Pulse tries again by itself every quarter of an hour.")


def _token(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("The token for @{who} does not work", who=who),
        say("X refused the token for @{who}, or none is kept; the words below say which.", who=who),
        _unwatched(who, words),
        (
            say("In the X developer console, make a new access token for @{who}.", who=who),
            say("Store it with the command below; it tests the token before it keeps it."),
        ),
        f"pulse connect @{who}",
    )


def _forbidden(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("X refuses access for @{who}", who=who),
        say("X answered that the app or the account @{who} may not do this.", who=who),
        _unwatched(who, words),
        (
            say("Sign in to X as @{who}: is the account suspended or locked?", who=who),
            say("In the X developer console, see that the app is active and may read posts."),
            _told_when_mended(words),
        ),
    )


def _account(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("X knows no account @{who} any more", who=who),
        say("The account @{who} was renamed, deactivated or suspended.", who=who),
        _unwatched(who, words),
        (
            say("Open x.com/{who} and see what has become of it.", who=who),
            say("If it has a new name, or is gone for good: change pulse.yaml and push it."),
        ),
        "pulse push",
    )


def _credits(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("No credits left at X: @{who} is not watched", who=who),
        say("X answered that the developer account has no credits left."),
        _unwatched(who, words),
        (
            say("Buy credits in the X developer console."),
            say("Turn on automatic recharge there, so that it does not happen at night."),
            _told_when_mended(words),
        ),
    )


def _usage_cap(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("The month's reads are used up: @{who} is not watched", who=who),
        say("X answered that the plan's monthly cap, or the spending limit, is reached."),
        _unwatched(who, words),
        (
            say("Raise the cap or the spending limit in the X developer console."),
            _told_when_mended(words),
        ),
    )


def _request(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("X refused our request for @{who}", who=who),
        say("X does not accept what Pulse asked; X may have changed its rules."),
        _unwatched(who, words),
        (
            say("See whether there is a newer version of Pulse, and deploy it."),
            say("If there is none: report it, with the words below."),
        ),
    )


def _address(address: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("Mail to {address} is refused", address=address),
        say("Amazon SES refused to send to {address}.", address=address),
        say("What was meant for this address went to you instead."),
        (
            say("See that the address is spelt right in pulse.yaml and still exists."),
            say("While SES is in its sandbox: verify the address in the SES console."),
            say("If it stands on the suppression list of SES: take it off there."),
        ),
        "pulse doctor",
    )


def _bounce(address: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("Mail to {address} comes back", address=address),
        say("The mail server of {address} sent our mail back for good.", address=address),
        _not_written_to(words),
        (
            say("See that the address is spelt right in pulse.yaml and still exists."),
            say("Once another address stands in pulse.yaml and is pushed, mail goes out again."),
            _given_back(words),
        ),
        f"pulse addresses --lift {address}",
    )


def _complaint(address: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("{address} called our mail spam", address=address),
        say(
            "Whoever reads {address}, or their mail program, marked our mail as spam.",
            address=address,
        ),
        _not_written_to(words),
        (
            say("Ask whether this person wants these mails, and if not, change pulse.yaml."),
            _given_back(words),
        ),
        f"pulse addresses --lift {address}",
    )


def _not_written_to(words: Locale) -> str:
    return words.say(
        "Nothing is sent to this address any more: alerts meant for it go to the next in line, "
        "digests to nobody."
    )


def _given_back(words: Locale) -> str:
    return words.say(
        "When it can be written to again, give it back with the command below. It also says how to "
        "take the address off the suppression list of SES."
    )


def _compliance(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("What is deleted on X cannot be looked for"),
        say("X did not let the app of @{who} check which posts still stand.", who=who),
        _stays(words),
        (
            say("In the X developer console, see that the app may use compliance jobs."),
            say("If its bearer was made anew, store it with the command below."),
            say("Nothing else: Pulse tries again by itself."),
        ),
        f"pulse connect @{who}",
    )


def _unchecked(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("For a day, what is deleted on X could not be looked for"),
        say(
            "For a day, no check which posts still stand has gone through for the app of @{who}; "
            "the words below say what is in the way.",
            who=who,
        ),
        _stays(words),
        (
            say(
                "Nothing, if X is down: Pulse tries again by itself. Meanwhile the posts of those "
                "who wait are looked up once a day, which costs reads."
            ),
            say("If it does not pass, see with the command below what fails."),
        ),
        "pulse doctor",
    )


def _stays(words: Locale) -> str:
    return words.say(
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
