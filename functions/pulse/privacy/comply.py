"""Every ten minutes: the next step in finding out which of all kept posts are gone on X."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pulse.kernel.company import Company
from pulse.kernel.errors import StaleWriteError
from pulse.privacy.compliance import app_of
from pulse.privacy.compliance_run import ComplianceRun
from pulse.privacy.lookups import look_up
from pulse.privacy.retention import apply_retention

if TYPE_CHECKING:
    from pulse.repositories import Repositories
    from pulse.x.client import XClient
    from pulse.x.compliance import ComplianceApi

Results = dict[str, dict[str, Any]]


def comply(
    companies: Sequence[Company],
    bearer: Callable[[Company], str | None],
    compliance: Callable[[str], ComplianceApi],
    x: Callable[[Company], XClient],
    stores: Repositories,
    now: datetime,
    out_of_time: Callable[[], bool],
) -> Results:
    """Take the next step for each app, with all companies that it reads for.

    Where X lets nobody have such jobs, or trouble with them lasts, what mails will show again is
    looked up. Then a new `keep` is carried to what is stored. One that fails holds up no other; it
    is raised at the end.
    """
    apps: dict[str, list[Company]] = defaultdict(list)
    for company in companies:
        apps[bearer(company) or ""].append(company)

    def checked(token: str, some: Sequence[Company]) -> Results:
        results: Results = {}
        if token:
            checking = stores.compliance_states.load(app_of(token))
            job = ComplianceRun(some, compliance(token), stores, now, out_of_time, checking)
            step = job.step()
            hours = job.checking.unchecked_for(now) / timedelta(hours=1)
            results[checking.app] = step | {"unchecked_hours": round(hours, 1)}
            if not (job.checking.is_refused or job.checking.is_lasting(now)):
                return results
        return results | {c.name: look_up(c, x(c), stores, now) for c in some}

    def retimed(company: Company) -> Results:
        written = 0 if out_of_time() else apply_retention(company, stores, now, out_of_time)
        return {f"keep of {company.name}": {"written": written}} if written else {}

    return _each(
        [
            *(partial(checked, token, some) for token, some in apps.items()),
            *(partial(retimed, company) for company in companies),
        ]
    )


def _each(steps: Sequence[Callable[[], Results]]) -> Results:
    results: Results = {}
    problems: list[Exception] = []
    for step in steps:
        try:
            results |= step()
        except StaleWriteError:
            results["overtaken"] = {"step": "another run was faster"}
        except Exception as problem:  # noqa: BLE001 - raised below, after all others had theirs
            problems.append(problem)
    if problems:
        raise ExceptionGroup(f"{len(problems)} steps failed", problems)
    return results
