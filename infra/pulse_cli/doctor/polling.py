"""Checks settings, tokens and polls: whether the accounts are really read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulse.x.client import XClient
from pulse.x.faults import FOR_A_PERSON, XError
from pulse_cli.doctor.findings import DoctorFinding, fail, ok, unknown, warn
from pulse_cli.stack.deployment import Deployment
from pulse_cli.stack.status_view import format_age
from pulse_cli.x_access.connection import describe_x_error, explain_x_error, x_adapter

if TYPE_CHECKING:
    from pulse.kernel.company import Account, Settings
    from pulse.listening.cursor import Cursor

__all__ = ["check_polls", "check_settings", "check_tokens"]

_FRESH = timedelta(minutes=3)
"""Accounts are polled every minute: a success within this time is recent."""


def check_settings(settings: Settings | None, now: datetime) -> Iterator[DoctorFinding]:
    """Report which settings are in force, and which companies are in shadow mode."""
    if settings is None:
        yield fail("settings", "no settings were pushed, so nothing runs", "pulse push pulse.yaml")
        return
    names = ", ".join(company.name for company in settings.companies)
    pushed = f", pushed {settings.pushed_at:%Y-%m-%d %H:%M} UTC" if settings.pushed_at else ""
    yield ok("settings", f"version {settings.version}{pushed}: {names}")
    for company in settings.companies:
        shadow = company.shadow
        if shadow is not None and now < shadow.until:
            message = f"all email goes to {shadow.to} until {shadow.until:%Y-%m-%d %H:%M}"
            fix = "when you are ready, remove shadow from pulse.yaml and push the settings"
            yield warn(f"shadow mode of {company.name}", message, fix)


def check_tokens(deployment: Deployment, settings: Settings | None) -> Iterator[DoctorFinding]:
    """Check whether each token is stored and works, and whether X knows the accounts by it.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    by_token: dict[str, list[Account]] = {}
    for company in settings.companies if settings else ():
        for account in company.accounts:
            by_token.setdefault(account.token, []).append(account)
    for name, accounts in by_token.items():
        yield from _check_token(deployment, name, accounts)


def check_polls(
    deployment: Deployment, settings: Settings | None, now: datetime
) -> Iterator[DoctorFinding]:
    """Check when each account was last read, and report its open faults.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    accounts = [a for company in settings.companies for a in company.accounts] if settings else []
    cursors = deployment.db.cursors.load(account.id for account in accounts)
    # After this time without a success, the stack's own alarm goes off.
    blind = timedelta(minutes=int(deployment.parameters.get("BlindMinutes") or 10))
    for account in accounts:
        yield from _check_poll(account, cursors.get(account.id), blind, now)


def _check_token(
    deployment: Deployment, name: str, accounts: list[Account]
) -> Iterator[DoctorFinding]:
    what, username = f"token {name}", accounts[0].username
    connect = f"pulse connect @{username}" + (f" --token {name}" if name != username else "")
    try:
        token = deployment.tokens.token(name)
    except XError as error:
        if error.kind == "token":
            yield fail(what, error.detail, connect)
        else:
            yield unknown(what, error.detail)
        return
    try:
        found = XClient(lambda: token, x_adapter(deployment.x_url)).users([a.id for a in accounts])
    except XError as error:
        if error.kind in FOR_A_PERSON:
            message, fix = explain_x_error(error, username)
            yield fail(what, message, f"{fix} Then run {connect}" if error.kind == "token" else fix)
        else:
            yield unknown(what, describe_x_error(error, username))
        return
    handles = {author.id: author.username or "" for author in found}
    for account in accounts:
        yield from _check_account(what, account, handles.get(account.id))


def _check_account(what: str, account: Account, handle: str | None) -> Iterator[DoctorFinding]:
    if handle is None:
        message = f"X has no account with the id {account.id} (@{account.username})"
        yield fail(what, message, f"run pulse connect @{account.username} to see its id")
    elif handle.lower() != account.username.lower():
        message = (
            f"the id {account.id} belongs to @{handle}, but the settings have @{account.username}"
        )
        yield fail(what, message, "correct the id or username in pulse.yaml, then run pulse push")
    else:
        yield ok(what, f"works for @{handle}")


def _check_poll(
    account: Account, cursor: Cursor | None, blind: timedelta, now: datetime
) -> Iterator[DoctorFinding]:
    what = f"polls of @{account.username}"
    for error in cursor.faults.values() if cursor else ():
        message, fix = explain_x_error(XError(error.kind, error.detail), account.username)
        finding = fail if error.kind in FOR_A_PERSON else warn
        yield finding(what, f"{message}, since {error.since:%Y-%m-%d %H:%M} UTC", fix)
    if cursor is None or cursor.last_ok is None:
        message = "the account has never been read"
        yield fail(
            what,
            message,
            (
                "check again in two minutes; if nothing has changed, check schedules and tokens "
                "above"
            ),
        )
        return
    age = now - cursor.last_ok
    message = f"last success {format_age(age.total_seconds())} ago"
    if age <= _FRESH:
        yield ok(what, message)
    elif age <= blind:
        yield warn(what, message, "check again in a few minutes")
    else:
        yield fail(what, message, "check schedules and tokens here, and run pulse status")
