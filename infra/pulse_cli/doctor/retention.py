"""Whether what is deleted or protected on X is found out, for each company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pulse.privacy.compliance import ComplianceState, app_of
from pulse_cli.data.former_companies import former_companies
from pulse_cli.doctor.findings import DoctorFinding, ok, warn
from pulse_cli.settings.formats import format_duration
from pulse_cli.stack.deployment import Deployment
from pulse_cli.stack.status_view import format_age

if TYPE_CHECKING:
    from pulse.kernel.company import Company, Settings

__all__ = ["check_deletions"]

_LATE = timedelta(hours=24)


def check_deletions(
    deployment: Deployment, settings: Settings | None, now: datetime
) -> Iterator[DoctorFinding]:
    """When all kept posts were last checked; what is done where X does not let us."""
    for company in settings.companies if settings else ():
        bearer = deployment.tokens.bearer(company)
        checking = deployment.db.compliance_states.load(app_of(bearer)) if bearer else None
        yield _judge(f"deleted posts of {company.name}", company, checking, now)


def check_former_companies(deployment: Deployment) -> Iterator[DoctorFinding]:
    """Whether something is kept of companies that are not in the settings any more."""
    for name in former_companies(deployment.db):
        if any(deployment.db.table.query(f"company#{name}", limit=1)):
            mend = f"pulse export {name}, if its data is wanted; then pulse drop {name}"
            said = "it is not in the settings, and what is kept of it is checked no more"
            yield warn(f"posts of {name}", said, mend)


def _judge(
    what: str, company: Company, checking: ComplianceState | None, now: datetime
) -> DoctorFinding:
    kept = (
        f"for {format_duration(company.retention)}" if company.retention is not None else "for good"
    )
    instead = (
        "posts of those who wait are looked up once a day (0.005 USD each); "
        f"what was answered stays, deleted on X or not, as long as it is kept: {kept}"
    )
    if checking is None:
        mend = f"pulse connect @{company.accounts[0].username} with PULSE_X_BEARER as well"
        return warn(what, f"no token has a bearer, so {instead}", mend)
    if checking.is_refused and checking.fault is not None:
        mend = "see in the X developer console that the app may use compliance jobs"
        return warn(what, f"X refuses the check ({checking.fault.detail}), so {instead}", mend)
    if checking.fault is not None:
        since = f"since {checking.fault.since:%Y-%m-%d %H:%M} UTC"
        said = f"the check meets trouble {since}: {checking.fault.detail}"
        said += f", so {instead}" if checking.is_lasting(now) else ""
        mend = "ask again in an hour; if it is the bearer, make a new one and pulse connect it"
        return warn(what, said, mend)
    if checking.done_at is None:
        return warn(what, "they were never checked for yet", "ask again in an hour")
    age = now - checking.done_at
    said = f"last checked for {format_age(age.total_seconds())} ago"
    return warn(what, said, "see the log of the function comply") if age > _LATE else ok(what, said)
