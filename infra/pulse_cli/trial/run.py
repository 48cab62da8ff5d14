"""Runs the handlers over the last hours, up to a digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from pulse.authors.directory import AuthorDirectory
from pulse.kernel.policy import Policy
from pulse.listening.tasks import PollTask
from pulse.reporting.report import Report, report
from pulse.screens.cards import CardMaker
from pulse.screens.models import Card
from pulse.x.access import Token
from pulse.x.faults import XError
from pulse_cli.errors import CommandError
from pulse_cli.replay.local_deployment import LocalDeployment
from pulse_cli.trial.accounts import READER
from pulse_cli.x_access.connection import describe_x_error

__all__ = ["TrialOutcome", "run_trial"]

_MAX_ROUNDS = 30
"""Runs of the poll function for one account: each reads at most 3,000 posts."""


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """The outcome of a trial: the report, the mails, and what X did not provide."""

    company: str
    """The company's title in the reader's language."""
    report: Report
    worst: tuple[Card, ...]
    """The customers who are waiting, worst first, at most five."""
    policy: Policy
    mails: tuple[bytes, ...]
    posts_read: int
    """How many posts X served."""
    faults: tuple[str, ...]
    """What X did not provide, a line each, with the fix."""


def run_trial(
    document: dict[str, Any],
    token: Token,
    adapter: requests.adapters.BaseAdapter | None,
    hours: int,
    on_step: Callable[[str], None],
) -> TrialOutcome:
    """Run the handlers on moto, with X behind `adapter`, and return the outcome.

    `document` are the settings, and `hours` is how far the digest looks back. `adapter` is None
    for the real X. `on_step` is called with the name of each step.

    Raises:
        CommandError: nothing could be read from X, or a handler failed.
    """
    with LocalDeployment(document, adapter, lambda _: token) as deployment:
        on_step("Reading")
        read = _poll(deployment)
        faults = _describe_faults(deployment)
        on_step("Flagging and writing")
        now = deployment.now()
        start = now - timedelta(hours=hours)
        event = {"company": deployment.company.name, "to": [READER], "start": start.isoformat()}
        with deployment.counting_calls() as lambdas:
            for name, given in (("flag", None), ("send", None), ("digest", {"now": event})):
                lambdas.invoke_scheduled(name, given)
            lambdas.invoke_scheduled("send")
        if deployment.lambdas.failures:
            failure = deployment.lambdas.failures[0]
            raise CommandError(
                f"{failure.function} failed ({failure.error}); this is a bug in Pulse, please "
                "report it"
            )
        mails = tuple(mail.raw_data.encode() for mail in deployment.mails())
        company, db = deployment.company, deployment.app.db
        reader = company.people[READER]
        zone = ZoneInfo(reader.time_zone)
        found = report(company, start, now, now, zone, db.report_stores)
        # The names are those that `send` has just looked up for the digest.
        authors = AuthorDirectory(db.author_cache, None, now)
        return TrialOutcome(
            company.title_in(reader.language),
            found,
            CardMaker(company, db.conversations, authors, now).worst(found),
            company.policy,
            mails,
            read,
            faults,
        )


def _poll(deployment: LocalDeployment) -> int:
    """Poll every account until its look-back is read; return how many posts X served.

    The polls are queued as `dispatch` would queue them, but without sweeps, which would read again
    what was read just now.
    """
    minute = deployment.now().replace(second=0, microsecond=0)
    behind = {account.id for account in deployment.company.accounts}
    by_name = {account.username: account.id for account in deployment.company.accounts}
    read = 0
    for number in range(_MAX_ROUNDS):
        # Each round has a minute of its own: the minute is a part of the deduplication id, and the
        # queue would drop a second task with the same one.
        task_minute = minute + timedelta(minutes=number)
        deployment.app.queue.put(
            [PollTask(deployment.company.name, i, "poll", task_minute) for i in sorted(behind)]
        )
        polls = [poll for poll in deployment.drain_queue() if poll]
        read += sum(poll["read"] for poll in polls)
        behind = {
            by_name[poll["account"]] for poll in polls if poll["under_way"] and not poll["troubles"]
        }
        if not behind:
            break
    return read


def _describe_faults(deployment: LocalDeployment) -> tuple[str, ...]:
    """Return what X did not provide, a line each; raise CommandError if it provided nothing."""
    accounts = deployment.company.accounts
    cursors = deployment.app.db.cursors.load(account.id for account in accounts)
    messages: dict[str, None] = {}
    for account in accounts:
        cursor = cursors.get(account.id)
        for fault in cursor.faults.values() if cursor else ():
            error = XError(fault.kind, fault.detail)
            messages[describe_x_error(error, account.username)] = None
    if messages and not any(cursor.last_ok for cursor in cursors.values()):
        raise CommandError(next(iter(messages)))
    return tuple(messages)
