"""One run of the handlers over the last hours, and the digest that comes of it."""

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
from pulse.screens.digest import worst_cards
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
    """What came of it: the report, the digest's mails, and what X would not give."""

    company: str
    """The company's title in the reader's language."""
    report: Report
    worst: tuple[Card, ...]
    """Those who have waited longest, at most five."""
    policy: Policy
    mails: tuple[bytes, ...]
    posts_read: int
    """Posts that X served."""
    faults: tuple[str, ...]


def run_trial(
    document: dict[str, Any],
    token: Token,
    way: requests.adapters.BaseAdapter | None,
    hours: int,
    step: Callable[[str], None],
) -> TrialOutcome:
    """Run the handlers on moto; CommandError when nothing could be read, or one failed."""
    with LocalDeployment(document, way, lambda _: token) as house:
        step("Reading")
        read = _poll(house)
        troubles = _describe_faults(house)
        step("Flagging and writing")
        now = house.now()
        start = now - timedelta(hours=hours)
        event = {"company": house.company.name, "to": [READER], "start": start.isoformat()}
        with house.counting_calls() as lambdas:
            for name, given in (("flag", None), ("send", None), ("digest", {"now": event})):
                lambdas.invoke_scheduled(name, given)
            lambdas.invoke_scheduled("send")
        if house.lambdas.failures:
            failure = house.lambdas.failures[0]
            raise CommandError(
                f"{failure.function} failed ({failure.error}); this is a bug in Pulse, please "
                "report it"
            )
        mails = tuple(mail.raw_data.encode() for mail in house.mails())
        company, db = house.company, house.app.db
        reader = company.people[READER]
        zone = ZoneInfo(reader.time_zone)
        found = report(company, start, now, now, zone, db.report_stores)
        # The names are those that `send` has just looked up for the digest.
        authors = AuthorDirectory(db.author_cache, None, now)
        return TrialOutcome(
            company.title_in(reader.language),
            found,
            worst_cards(found, company, db.conversations, authors),
            company.policy,
            mails,
            read,
            troubles,
        )


def _poll(house: LocalDeployment) -> int:
    """Read every account to the bottom; returns the posts served.

    The polls are queued as `dispatch` would, but for its sweeps, which read again what was
    read just now.
    """
    minute = house.now().replace(second=0, microsecond=0)
    behind = {account.id for account in house.company.accounts}
    by_name = {account.username: account.id for account in house.company.accounts}
    read = 0
    for number in range(_MAX_ROUNDS):
        # a minute that differs, or the queue would take it for the one before
        then = minute + timedelta(minutes=number)
        house.app.queue.put([PollTask(house.company.name, i, "poll", then) for i in sorted(behind)])
        polls = [poll for poll in house.drain_queue() if poll]
        read += sum(poll["read"] for poll in polls)
        behind = {
            by_name[poll["account"]] for poll in polls if poll["under_way"] and not poll["troubles"]
        }
        if not behind:
            break
    return read


def _describe_faults(house: LocalDeployment) -> tuple[str, ...]:
    """What X would not give, in words; CommandError when it gave nothing at all."""
    accounts = house.company.accounts
    cursors = house.app.db.cursors.load(account.id for account in accounts)
    said: dict[str, None] = {}
    for account in accounts:
        cursor = cursors.get(account.id)
        for trouble in cursor.faults.values() if cursor else ():
            error = XError(trouble.kind, trouble.detail)
            said[describe_x_error(error, account.username)] = None
    if said and not any(cursor.last_ok for cursor in cursors.values()):
        raise CommandError(next(iter(said)))
    return tuple(said)
