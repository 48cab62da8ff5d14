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
        "rate_limited": gettext("X asked Pulse to wait"),
        "usage_cap": gettext("the monthly read limit is used up"),
        "credits": gettext("X credits have run out"),
        "token": gettext("the token does not work"),
        "forbidden": gettext("X denies access"),
        "account": gettext("X cannot find the account"),
        "request": gettext("X rejected the request"),
        "address": gettext("email could not be delivered"),
        "bounce": gettext("email bounced"),
        "complaint": gettext("email was marked as spam"),
    }.get(kind, kind)


def advise(letter: FaultMail, locale: Locale) -> Advice:
    """What a person needs to know to mend it."""
    who = one_line(letter.subject).removeprefix("@")
    advice = _ADVICE[letter.kind](who, locale)
    return _of_posts(advice, who, locale) if letter.endpoint == "posts" else advice


def _unwatched(who: str, locale: Locale) -> str:
    return locale.gettext(
        "Pulse is not reading mentions of @{who}, so nobody is alerted about new ones. "
        "Once this is fixed, Pulse continues from where it stopped.",
        who=who,
    )


def _of_posts(advice: Advice, who: str, locale: Locale) -> Advice:
    return replace(
        advice,
        title=locale.gettext("Pulse cannot see replies from @{who}", who=who),
        means=locale.gettext(
            "Pulse is not reading the posts of @{who}. Until this is fixed, people may be "
            "alerted about mentions that have already been answered. Pulse then continues "
            "from where it stopped.",
            who=who,
        ),
    )


def _told_when_mended(locale: Locale) -> str:
    return locale.gettext(
        "You do not need to do anything else: Pulse tries again every 15 minutes."
    )


def _token(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("The token for @{who} does not work", who=who),
        gettext(
            "X rejected the token for @{who}, or no token is stored. The original message "
            "below shows which.",
            who=who,
        ),
        _unwatched(who, locale),
        (
            gettext("In the X developer console, create a new access token for @{who}.", who=who),
            gettext("Store the token with the command below, which tests the token first."),
        ),
        f"pulse connect @{who}",
    )


def _forbidden(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("X denies access for @{who}", who=who),
        gettext(
            "X answered that the app or the account @{who} is not allowed to do this.", who=who
        ),
        _unwatched(who, locale),
        (
            gettext(
                "Sign in to X as @{who} and check whether the account is suspended or locked.",
                who=who,
            ),
            gettext(
                "In the X developer console, check that the app is active and is allowed to read "
                "posts."
            ),
            _told_when_mended(locale),
        ),
    )


def _account(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("X cannot find the account @{who}", who=who),
        gettext("The account @{who} was renamed, deactivated or suspended.", who=who),
        _unwatched(who, locale),
        (
            gettext("Open x.com/{who} to see what happened to the account.", who=who),
            gettext(
                "If the account has a new name or is gone for good, update pulse.yaml and run the "
                "command below."
            ),
        ),
        "pulse push",
    )


def _credits(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("X credits have run out: @{who} is not being watched", who=who),
        gettext("X answered that the developer account has no credits left."),
        _unwatched(who, locale),
        (
            gettext("Buy credits in the X developer console."),
            gettext("Turn on automatic recharge there, so that credits do not run out at night."),
            _told_when_mended(locale),
        ),
    )


def _usage_cap(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("The monthly read limit is used up: @{who} is not being watched", who=who),
        gettext("X answered that the plan's monthly cap or the spending limit has been reached."),
        _unwatched(who, locale),
        (
            gettext("Raise the cap or the spending limit in the X developer console."),
            _told_when_mended(locale),
        ),
    )


def _request(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("X rejected our request for @{who}", who=who),
        gettext("X did not accept a request from Pulse. X may have changed its rules."),
        _unwatched(who, locale),
        (
            gettext("Check whether there is a newer version of Pulse. If there is, deploy it."),
            gettext("If there is none, report the problem and include the original message below."),
        ),
    )


def _address(address: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("Email to {address} is refused", address=address),
        gettext("Amazon SES refused to send email to {address}.", address=address),
        gettext("Email meant for this address was sent to you instead."),
        (
            gettext("Check that the address is spelled correctly in pulse.yaml and still exists."),
            gettext("While SES is in the sandbox, verify the address in the SES console."),
            gettext("If the address is on the SES suppression list, remove it there."),
        ),
        "pulse doctor",
    )


def _bounce(address: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("Email to {address} bounces", address=address),
        gettext("The mail server of {address} permanently rejected our email.", address=address),
        _not_written_to(locale),
        (
            gettext("Check that the address is spelled correctly in pulse.yaml and still exists."),
            gettext(
                "If the person has another address, put it in pulse.yaml and run pulse push. "
                "Email is then sent there."
            ),
            _given_back(locale),
        ),
        f"pulse addresses --lift {address}",
    )


def _complaint(address: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("{address} marked our email as spam", address=address),
        gettext(
            "The recipient at {address}, or their email program, marked our email as spam.",
            address=address,
        ),
        _not_written_to(locale),
        (
            gettext("Ask whether this person wants these emails. If not, change pulse.yaml."),
            _given_back(locale),
        ),
        f"pulse addresses --lift {address}",
    )


def _not_written_to(locale: Locale) -> str:
    return locale.gettext(
        "Pulse no longer sends anything to this address. Its alerts go to the next person "
        "in line; its digests are not sent to anyone."
    )


def _given_back(locale: Locale) -> str:
    return locale.gettext(
        "When the address can receive email again, allow it with the command below. The "
        "command also shows how to remove the address from the SES suppression list."
    )


def _compliance(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("Pulse cannot check for posts deleted on X"),
        gettext("X did not allow the app of @{who} to check which posts still exist.", who=who),
        _stays(locale),
        (
            gettext(
                "In the X developer console, check that the app is allowed to use compliance jobs."
            ),
            gettext("If the app has a new bearer token, store it with the command below."),
            gettext("You do not need to do anything else: Pulse tries again by itself."),
        ),
        f"pulse connect @{who}",
    )


def _unchecked(who: str, locale: Locale) -> Advice:
    gettext = locale.gettext
    return Advice(
        gettext("Pulse has been unable to check for posts deleted on X for a day"),
        gettext(
            "For a day, the app of @{who} has been unable to check which posts still exist. "
            "The original message below shows why.",
            who=who,
        ),
        _stays(locale),
        (
            gettext(
                "If X is down, you do not need to do anything: Pulse tries again by itself. "
                "Meanwhile, Pulse looks up the posts of waiting customers once a day, which uses "
                "reads."
            ),
            gettext("If the problem does not go away, run the command below to see what fails."),
        ),
        "pulse doctor",
    )


def _stays(locale: Locale) -> str:
    return locale.gettext(
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
