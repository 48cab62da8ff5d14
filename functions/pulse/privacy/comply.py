"""Every ten minutes: the next step in finding out which stored posts are no longer on X."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from pulse.kernel.batching import batched
from pulse.kernel.company import SETTINGS_LAG, Company
from pulse.kernel.errors import Failures, StaleWriteError
from pulse.privacy.compliance import app_of
from pulse.privacy.compliance_run import ComplianceRun
from pulse.privacy.lookups import look_up
from pulse.privacy.run import ComplyRun, StepReport

_BATCH = 100
"""Conversations that are written between two checks of the remaining time."""
Reports = dict[str, StepReport]


def comply(run: ComplyRun) -> Reports:
    """Take the next step for each app of X, then apply new retentions to what is stored.

    Return what was done, by app or company.

    Raises:
        ExceptionGroup: what failed, after all other steps were taken.
    """
    steps = [
        *(partial(_check_app, run, *app) for app in _companies_by_bearer(run).items()),
        *(partial(apply_retention, run, company) for company in run.companies),
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
        job = ComplianceRun(run, companies, run.compliance(bearer), state)
        report = job.step()
        hours = job.state.unchecked_for(run.now) / timedelta(hours=1)
        reports[state.app] = replace(report, unchecked_hours=round(hours, 1))
        if not (job.state.is_refused or job.state.is_lasting(run.now)):
            return reports
    return reports | {company.name: look_up(run, company) for company in companies}


def apply_retention(run: ComplyRun, company: Company) -> Reports:
    """Give all that is stored the time to live of the company's retention.

    Nothing is reported when there is nothing to do, or not yet. When time runs out, the next run
    continues with the same conversations.

    Raises:
        ContentionError: others kept writing a conversation.
    """
    stores, retention, states = run.stores, company.retention, run.stores.compliance_states
    wanted = "forever" if retention is None else f"{int(retention.total_seconds())} s"
    applied, start = states.retention_applied(company.name, wanted)
    # A poll that began before the push stores with the old time to live. Were all done before it
    # ends, nobody would look at what it stores.
    pushed = stores.settings.current()
    if applied or (pushed is not None and run.now - pushed.pushed_at <= SETTINGS_LAG):
        return {}
    written = 0
    # The oldest first: they are about to expire, or should have. Whatever is spoken in meanwhile
    # moves towards the end of the list, and is reached there.
    for some in batched(stores.conversations.spoken_in_since(company, start), _BATCH):
        if run.out_of_time():
            states.mark_retention_applied(company.name, wanted, some[0].last_at)
            break
        written += stores.conversations.refold([one.key for one in some], company, run.now)
    else:
        written += stores.audit_log.apply_retention(company.name, retention)
        states.mark_retention_applied(company.name, wanted, None)
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
