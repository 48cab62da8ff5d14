"""Every ten minutes: the next step in finding out which stored posts are no longer on X."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from pulse.kernel.company import Company
from pulse.kernel.errors import Failures, StaleWriteError
from pulse.privacy.compliance import app_of
from pulse.privacy.compliance_run import ComplianceRun
from pulse.privacy.lookups import look_up
from pulse.privacy.report import StepReport
from pulse.privacy.retention import apply_retention
from pulse.privacy.stores import PrivacyStores

if TYPE_CHECKING:
    from pulse.x.client import XClient
    from pulse.x.compliance import ComplianceApi

Reports = dict[str, StepReport]


@dataclass(frozen=True, slots=True)
class ComplyRun:
    """One run of the job: the companies, the access to X, the stores and the time limit."""

    companies: Sequence[Company]
    bearer: Callable[[Company], str | None]
    """The bearer token of the app of X that reads a company; None if the company has none."""
    compliance: Callable[[str], ComplianceApi]
    """The compliance jobs of the app of X that has this bearer."""
    x: Callable[[Company], XClient]
    job_name: str
    """Tells our jobs from those of other stacks that use the same app of X."""
    stores: PrivacyStores
    now: datetime
    out_of_time: Callable[[], bool]


def comply(run: ComplyRun) -> Reports:
    """Take the next step for each app of X, then apply new retentions to what is stored.

    Return what was done, by app or company.

    Raises:
        ExceptionGroup: what failed, after all other steps were taken.
    """
    steps = [
        *(partial(_check_app, run, *app) for app in _companies_by_bearer(run).items()),
        *(partial(_apply_retention, run, company) for company in run.companies),
    ]
    return _take_steps(steps)


def _companies_by_bearer(run: ComplyRun) -> Mapping[str, list[Company]]:
    # A compliance job belongs to an app of X, and an app has one job at a time. Companies that are
    # read by the same app are checked by one job; those without a bearer can have none, and share
    # the empty one.
    apps: dict[str, list[Company]] = defaultdict(list)
    for company in run.companies:
        apps[run.bearer(company) or ""].append(company)
    return apps


def _check_app(run: ComplyRun, bearer: str, companies: Sequence[Company]) -> Reports:
    """Take the next step of the app's compliance job; look posts up where it cannot have one."""
    reports: Reports = {}
    if bearer:
        state = run.stores.compliance_states.load(app_of(bearer))
        job = ComplianceRun(
            companies,
            run.compliance(bearer),
            run.job_name,
            run.stores,
            run.now,
            run.out_of_time,
            state,
        )
        report = job.step()
        hours = job.state.unchecked_for(run.now) / timedelta(hours=1)
        reports[state.app] = replace(report, unchecked_hours=round(hours, 1))
        if not (job.state.is_refused or job.state.is_lasting(run.now)):
            return reports
    looked_up = {c.name: look_up(c, run.x(c), run.stores, run.now) for c in companies}
    return reports | looked_up


def _apply_retention(run: ComplyRun, company: Company) -> Reports:
    if run.out_of_time():
        return {}
    written = apply_retention(company, run.stores, run.now, run.out_of_time)
    return {f"keep of {company.name}": StepReport(written=written)} if written else {}


def _take_steps(steps: Iterable[Callable[[], Reports]]) -> Reports:
    reports: Reports = {}
    failures = Failures("steps failed")
    for step in steps:
        with failures.collecting():
            try:
                reports |= step()
            except StaleWriteError:
                # Two runs overlap when one takes longer than ten minutes. The other one has taken
                # this step, so there is nothing to do, and this is no failure.
                reports["overtaken"] = StepReport("another run was faster")
    failures.raise_collected()
    return reports
