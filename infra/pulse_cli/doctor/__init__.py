"""`pulse doctor`: everything that must be in order for a deployed stack to reach people."""

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
    """Look at one thing after the other. The test mail goes `to` an address, or to the owner."""
    settings = deployment.settings()
    whole = _guarded if _is_fully_deployed(deployment) else _skipped
    real = _skipped if aws.endpoint_url() else _guarded  # no stand-in knows of it
    yield from polling.check_settings(settings, now)
    yield from _guarded("tokens", lambda: polling.check_tokens(deployment, settings))
    yield from _guarded("polls", lambda: polling.check_polls(deployment, settings, now))
    yield from _guarded(
        "deleted posts", lambda: retention.check_deletions(deployment, settings, now)
    )
    yield from _guarded("former companies", lambda: retention.check_former_companies(deployment))
    yield from whole("schedules", lambda: infrastructure.check_schedules(deployment))
    yield from _guarded("dead letters", lambda: infrastructure.check_queues(deployment))
    yield from whole("alarms", lambda: infrastructure.check_alarms(deployment))
    yield from whole("critical topic", lambda: infrastructure.check_topic(deployment))
    yield from _guarded("addresses", lambda: ses.check_suppressed(deployment, settings, now))
    yield from real("bounces and complaints", lambda: bounces.check_bounce_events(deployment))
    yield from whole("SES account", lambda: ses.check_account(deployment))
    yield from whole("senders", lambda: ses.check_senders(deployment, settings))
    yield from whole("recipients", lambda: ses.check_recipients(deployment, settings, now))
    if mail:
        yield from _guarded(
            "test email", lambda: probe_mail.send_probe(deployment, settings, to, now)
        )


def _guarded(what: str, check: Callable[[], Iterator[DoctorFinding]]) -> Iterator[DoctorFinding]:
    """Run a check; if AWS refuses it, yield that as its finding, so that the rest still runs."""
    try:
        yield from check()
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as problem:
        yield unknown(what, aws.describe_error(problem))


def _is_fully_deployed(deployment: Deployment) -> bool:
    """Return whether it was really deployed: `pulse local` makes only what is kept and queued."""
    return not aws.endpoint_url() or "ScheduleGroupName" in deployment.outputs


def _skipped(what: str, _check: Callable[[], Iterator[DoctorFinding]]) -> Iterator[DoctorFinding]:
    yield unknown(what, f"AWS is a stand-in here (at {aws.endpoint_url()})")
