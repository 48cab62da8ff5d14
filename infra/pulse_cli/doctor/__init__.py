"""The checks of `pulse doctor`: what must be in order for a deployed stack to alert people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import botocore.exceptions

from pulse_cli.doctor import bounces, infrastructure, polling, probe_mail, retention, ses
from pulse_cli.doctor.findings import DoctorFinding, unknown
from pulse_cli.stack import aws
from pulse_cli.stack.deployment import Deployment

__all__ = ["DoctorFinding", "run_checks"]


def run_checks(
    deployment: Deployment, now: datetime, to: str | None, *, mail: bool
) -> Iterator[DoctorFinding]:
    """Run the checks one after the other and yield their findings.

    With `mail`, a test mail is sent at the end, to the address `to` or else to the first company's
    owner.

    Raises:
        CommandError: there is no such stack, it lacks an output, or a URL from the environment is
            not one.
        SettingsError: the settings in force cannot be read.
    """
    settings = deployment.settings()
    # `pulse local` has no schedules, alarms, subscriptions or SES account, and no stand-in for AWS
    # answers about SES events: these checks are reported as impossible there, not as failed.
    if_deployed = _guarded if _is_fully_deployed(deployment) else _skipped
    if_real_aws = _skipped if aws.endpoint_url() else _guarded
    yield from polling.check_settings(settings, now)
    yield from _guarded("tokens", lambda: polling.check_tokens(deployment, settings))
    yield from _guarded("polls", lambda: polling.check_polls(deployment, settings, now))
    yield from _guarded(
        "deleted posts", lambda: retention.check_deletions(deployment, settings, now)
    )
    yield from _guarded("former companies", lambda: retention.check_former_companies(deployment))
    yield from if_deployed("schedules", lambda: infrastructure.check_schedules(deployment))
    yield from _guarded("dead letters", lambda: infrastructure.check_queues(deployment))
    yield from if_deployed("alarms", lambda: infrastructure.check_alarms(deployment))
    yield from if_deployed("critical topic", lambda: infrastructure.check_topic(deployment))
    yield from _guarded("addresses", lambda: ses.check_suppressed(deployment, settings, now))
    yield from if_real_aws(
        "bounces and complaints", lambda: bounces.check_bounce_events(deployment)
    )
    yield from if_deployed("SES account", lambda: ses.check_account(deployment))
    yield from if_deployed("senders", lambda: ses.check_senders(deployment, settings))
    yield from if_deployed("recipients", lambda: ses.check_recipients(deployment, settings, now))
    if mail:
        yield from _guarded(
            "test email", lambda: probe_mail.send_probe(deployment, settings, to, now)
        )


def _guarded(what: str, check: Callable[[], Iterator[DoctorFinding]]) -> Iterator[DoctorFinding]:
    """Run a check; an error of AWS becomes its finding, so that the other checks still run."""
    try:
        yield from check()
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as problem:
        yield unknown(what, aws.describe_error(problem))


def _is_fully_deployed(deployment: Deployment) -> bool:
    """Return whether the whole template was deployed; `pulse local` creates only a part of it."""
    return not aws.endpoint_url() or "ScheduleGroupName" in deployment.outputs


def _skipped(what: str, _check: Callable[[], Iterator[DoctorFinding]]) -> Iterator[DoctorFinding]:
    yield unknown(what, f"AWS is a stand-in here (at {aws.endpoint_url()})")
