"""`pulse doctor`: everything that must be in order for a deployed stack to reach people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import botocore.exceptions

from pulse_cli.doctor import bounces, infrastructure, polling, probe_mail, retention, ses
from pulse_cli.doctor.findings import Finding, unknown
from pulse_cli.stack import aws
from pulse_cli.stack.deployment import Deployment

__all__ = ["Finding", "examine"]


def examine(
    deployment: Deployment, now: datetime, to: str | None, *, mail: bool
) -> Iterator[Finding]:
    """Look at one thing after the other. The test mail goes `to` an address, or to the owner."""
    settings = deployment.settings()
    whole = _checked if _is_whole(deployment) else _unasked
    real = _unasked if aws.endpoint() else _checked  # no stand-in knows of it
    yield from polling.in_force(settings, now)
    yield from _checked("tokens", lambda: polling.tokens(deployment, settings))
    yield from _checked("polls", lambda: polling.polls(deployment, settings, now))
    yield from _checked("deleted posts", lambda: retention.checks(deployment, settings, now))
    yield from _checked("companies of before", lambda: retention.of_parted(deployment))
    yield from whole("schedules", lambda: infrastructure.schedules(deployment))
    yield from _checked("dead letters", lambda: infrastructure.queues(deployment))
    yield from whole("alarms", lambda: infrastructure.alarms(deployment))
    yield from whole("critical topic", lambda: infrastructure.topic(deployment))
    yield from _checked("addresses", lambda: ses.stopped(deployment, settings, now))
    yield from real("mail that comes back", lambda: bounces.told(deployment))
    yield from whole("SES account", lambda: ses.account(deployment))
    yield from whole("senders", lambda: ses.senders(deployment, settings))
    yield from whole("recipients", lambda: ses.recipients(deployment, settings, now))
    if mail:
        yield from _checked("test mail", lambda: probe_mail.probe(deployment, settings, to, now))


def _checked(what: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What cannot be looked at is told, and the rest looked at all the same."""
    try:
        yield from check()
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as problem:
        yield unknown(what, aws.said(problem))


def _is_whole(deployment: Deployment) -> bool:
    """Whether it was really deployed: `pulse local` makes only what is kept and queued."""
    return not aws.endpoint() or "ScheduleGroupName" in deployment.outputs


def _unasked(what: str, _check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    yield unknown(what, f"AWS is a stand-in here, at {aws.endpoint()}")
