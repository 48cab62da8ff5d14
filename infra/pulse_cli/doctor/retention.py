"""Checks whether Pulse learns what was deleted or protected on X, for each company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulse.dynamodb import keys
from pulse.privacy.compliance import ComplianceState, app_of
from pulse_cli.data.former_companies import former_companies
from pulse_cli.doctor.findings import DoctorFinding, ok, warn
from pulse_cli.settings.formats import format_duration
from pulse_cli.stack.deployment import Deployment
from pulse_cli.stack.status_view import format_age

if TYPE_CHECKING:
    from pulse.kernel.company import Company, Settings

__all__ = ["check_deletions", "check_former_companies"]

_LATE = timedelta(hours=24)


def check_deletions(
    deployment: Deployment, settings: Settings | None, now: datetime
) -> Iterator[DoctorFinding]:
    """Check when all stored posts were last compared with X; if they are not, say what happens.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    for company in settings.companies if settings else ():
        bearer = deployment.tokens.bearer(company)
        state = deployment.db.compliance_states.load(app_of(bearer)) if bearer else None
        yield _judge(f"deleted posts of {company.name}", company, state, now)


def check_former_companies(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Check whether data is stored of companies that are no longer in the settings.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
        SettingsError: a version of the settings cannot be read.
    """
    for name in former_companies(deployment.db):
        if any(deployment.db.table.query(keys.company(name), limit=1)):
            fix = f"if you need the data, run pulse export {name}; then run pulse drop {name}"
            message = (
                "the company is no longer in the settings, so its stored posts are no longer "
                "checked"
            )
            yield warn(f"posts of {name}", message, fix)


def _judge(
    what: str, company: Company, state: ComplianceState | None, now: datetime
) -> DoctorFinding:
    retention = (
        f"for {format_duration(company.retention)}" if company.retention is not None else "forever"
    )
    instead = (
        "Pulse looks up the posts of waiting customers once a day (0.005 USD each); "
        "answered posts that were deleted on X stay until their retention period ends "
        f"({retention})"
    )
    if state is None:
        fix = f"run pulse connect @{company.accounts[0].username} with PULSE_X_BEARER set as well"
        return warn(what, f"no stored token includes a bearer token, so {instead}", fix)
    if state.is_refused and state.fault is not None:
        fix = "in the X developer console, check that the app is allowed to use compliance jobs"
        return warn(what, f"X rejects the check ({state.fault.detail}), so {instead}", fix)
    if state.fault is not None:
        since = f"since {state.fault.since:%Y-%m-%d %H:%M} UTC"
        message = f"the check has been failing {since}: {state.fault.detail}"
        message += f", so {instead}" if state.is_lasting(now) else ""
        fix = (
            "check again in an hour; if the bearer token is the cause, create a new one and "
            "store it with pulse connect"
        )
        return warn(what, message, fix)
    if state.done_at is None:
        return warn(what, "not checked yet", "check again in an hour")
    age = now - state.done_at
    message = f"last checked {format_age(age.total_seconds())} ago"
    return (
        warn(what, message, "see the log of the comply function")
        if age > _LATE
        else ok(what, message)
    )
