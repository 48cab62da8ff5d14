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
        "rate_limited": say("X asked Pulse to wait"),
        "usage_cap": say("the monthly read limit is used up"),
        "credits": say("X credits have run out"),
        "token": say("the token does not work"),
        "forbidden": say("X denies access"),
        "account": say("X cannot find the account"),
        "request": say("X rejected the request"),
        "address": say("email could not be delivered"),
        "bounce": say("email bounced"),
        "complaint": say("email was marked as spam"),
    }.get(kind, kind)


def advise(letter: FaultMail, words: Locale) -> Advice:
    """What a person needs to know to mend it."""
    who = one_line(letter.subject).removeprefix("@")
    advice = _ADVICE[letter.kind](who, words)
    return _of_posts(advice, who, words) if letter.endpoint == "posts" else advice


def _unwatched(who: str, words: Locale) -> str:
    return words.say(
        "Pulse is not reading mentions of @{who}, so nobody is alerted about new ones. "
        "Once this is fixed, Pulse continues from where it stopped.",
        who=who,
    )


def _of_posts(advice: Advice, who: str, words: Locale) -> Advice:
    return replace(
        advice,
        title=words.say("Pulse cannot see replies from @{who}", who=who),
        means=words.say(
            "Pulse is not reading the posts of @{who}. Until this is fixed, people may be "
            "alerted about mentions that have already been answered. Pulse then continues "
            "from where it stopped.",
            who=who,
        ),
    )


def _told_when_mended(words: Locale) -> str:
    return words.say("You do not need to do anything else: Pulse tries again every 15 minutes.")


def _token(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("The token for @{who} does not work", who=who),
        say(
            "X rejected the token for @{who}, or no token is stored. The original message "
            "below shows which.",
            who=who,
        ),
        _unwatched(who, words),
        (
            say("In the X developer console, create a new access token for @{who}.", who=who),
            say("Store the token with the command below, which tests the token first."),
        ),
        f"pulse connect @{who}",
    )


def _forbidden(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("X denies access for @{who}", who=who),
        say("X answered that the app or the account @{who} is not allowed to do this.", who=who),
        _unwatched(who, words),
        (
            say(
                "Sign in to X as @{who} and check whether the account is suspended or locked.",
                who=who,
            ),
            say(
                "In the X developer console, check that the app is active and is allowed to read "
                "posts."
            ),
            _told_when_mended(words),
        ),
    )


def _account(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("X cannot find the account @{who}", who=who),
        say("The account @{who} was renamed, deactivated or suspended.", who=who),
        _unwatched(who, words),
        (
            say("Open x.com/{who} to see what happened to the account.", who=who),
            say(
                "If the account has a new name or is gone for good, update pulse.yaml and run the "
                "command below."
            ),
        ),
        "pulse push",
    )


def _credits(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("X credits have run out: @{who} is not being watched", who=who),
        say("X answered that the developer account has no credits left."),
        _unwatched(who, words),
        (
            say("Buy credits in the X developer console."),
            say("Turn on automatic recharge there, so that credits do not run out at night."),
            _told_when_mended(words),
        ),
    )


def _usage_cap(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("The monthly read limit is used up: @{who} is not being watched", who=who),
        say("X answered that the plan's monthly cap or the spending limit has been reached."),
        _unwatched(who, words),
        (
            say("Raise the cap or the spending limit in the X developer console."),
            _told_when_mended(words),
        ),
    )


def _request(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("X rejected our request for @{who}", who=who),
        say("X did not accept a request from Pulse. X may have changed its rules."),
        _unwatched(who, words),
        (
            say("Check whether there is a newer version of Pulse. If there is, deploy it."),
            say("If there is none, report the problem and include the original message below."),
        ),
    )


def _address(address: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("Email to {address} is refused", address=address),
        say("Amazon SES refused to send email to {address}.", address=address),
        say("Email meant for this address was sent to you instead."),
        (
            say("Check that the address is spelled correctly in pulse.yaml and still exists."),
            say("While SES is in the sandbox, verify the address in the SES console."),
            say("If the address is on the SES suppression list, remove it there."),
        ),
        "pulse doctor",
    )


def _bounce(address: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("Email to {address} bounces", address=address),
        say("The mail server of {address} permanently rejected our email.", address=address),
        _not_written_to(words),
        (
            say("Check that the address is spelled correctly in pulse.yaml and still exists."),
            say(
                "If the person has another address, put it in pulse.yaml and run pulse push. "
                "Email is then sent there."
            ),
            _given_back(words),
        ),
        f"pulse addresses --lift {address}",
    )


def _complaint(address: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("{address} marked our email as spam", address=address),
        say(
            "The recipient at {address}, or their email program, marked our email as spam.",
            address=address,
        ),
        _not_written_to(words),
        (
            say("Ask whether this person wants these emails. If not, change pulse.yaml."),
            _given_back(words),
        ),
        f"pulse addresses --lift {address}",
    )


def _not_written_to(words: Locale) -> str:
    return words.say(
        "Pulse no longer sends anything to this address. Its alerts go to the next person "
        "in line; its digests are not sent to anyone."
    )


def _given_back(words: Locale) -> str:
    return words.say(
        "When the address can receive email again, allow it with the command below. The "
        "command also shows how to remove the address from the SES suppression list."
    )


def _compliance(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("Pulse cannot check for posts deleted on X"),
        say("X did not allow the app of @{who} to check which posts still exist.", who=who),
        _stays(words),
        (
            say(
                "In the X developer console, check that the app is allowed to use compliance jobs."
            ),
            say("If the app has a new bearer token, store it with the command below."),
            say("You do not need to do anything else: Pulse tries again by itself."),
        ),
        f"pulse connect @{who}",
    )


def _unchecked(who: str, words: Locale) -> Advice:
    say = words.say
    return Advice(
        say("Pulse has been unable to check for posts deleted on X for a day"),
        say(
            "For a day, the app of @{who} has been unable to check which posts still exist. "
            "The original message below shows why.",
            who=who,
        ),
        _stays(words),
        (
            say(
                "If X is down, you do not need to do anything: Pulse tries again by itself. "
                "Meanwhile, Pulse looks up the posts of waiting customers once a day, which uses "
                "reads."
            ),
            say("If the problem does not go away, run the command below to see what fails."),
        ),
        "pulse doctor",
    )


def _stays(words: Locale) -> str:
    return words.say(
        "Pulse watches mentions as usual. Posts that are deleted or protected more than a "
        "day after they were published may stay in Pulse until this is fixed or their "
        "retention period ends."
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
