"""Collects the status of the companies of a deployed stack, as JSON values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pulse.audit.entries import LogEntry
from pulse.conversations.fold import State
from pulse.kernel.company import Account, Company
from pulse.listening.budget import monthly_budget
from pulse.listening.cursor import Cursor
from pulse.outbox.suppressions import suppressions_for
from pulse.reporting.coverage import measure_coverage
from pulse.reporting.stats import ageing
from pulse_cli.stack.deployment import Deployment

__all__ = ["AGES", "company_status"]

AGES = ("under 15 min", "15-60 min", "1-4 h", "4-24 h", "over 24 h")
_DAY = timedelta(days=1)
_REASONS = 10

Json = dict[str, Any]


def company_status(deployment: Deployment, company: Company, now: datetime) -> Json:
    """Return everything that `pulse status` shows of one company, as JSON values.

    Times are in ISO format, durations in seconds; the keys are those of `pulse status --json`.

    Raises:
        CommandError: there is no such stack, or it lacks an output.
    """
    cursors = deployment.db.cursors.load(a.id for a in company.accounts)
    start = now - _DAY
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = deployment.db.audit_log.read(company.name, midnight, now)
    return {
        "company": company.name,
        "accounts": [_account(a, cursors.get(a.id), now) for a in company.accounts],
        "backlog": _backlog(deployment.db.conversations.open(company), company, now),
        "outbox": _outbox(deployment, company, now),
        "watch": _coverage(company, cursors, rows, start, now),
        "reads": _reads(company, cursors, now),
        "aside": _quarantined(rows, midnight),
        "undelivered": _undelivered(rows, start),
        "stopped": _suppressed(deployment, company, now),
    }


def _account(account: Account, cursor: Cursor | None, now: datetime) -> Json:
    found: Json = {
        "username": account.username,
        "role": account.role,
        "last_poll": None,
        "age_seconds": None,
        "behind": [],
        "troubles": [],
        "limits": {},
    }
    if cursor is None:
        return found
    if cursor.last_ok is not None:
        found["last_poll"] = _iso(cursor.last_ok)
        found["age_seconds"] = int((now - cursor.last_ok).total_seconds())
    return found | {
        "behind": sorted(cursor.scans),
        "troubles": [
            {
                "of": endpoint,
                "kind": fault.kind,
                "detail": fault.detail,
                "since": _iso(fault.since),
                "failures": fault.failures,
                "next_try": _iso(fault.next_try),
            }
            for endpoint, fault in cursor.faults.items()
        ],
        "limits": {
            endpoint: {"remaining": limit.remaining, "reset": _iso(limit.reset)}
            for endpoint, limit in cursor.limits.items()
            if limit.reset > now
        },
    }


def _backlog(states: Mapping[Any, State], company: Company, now: datetime) -> Json:
    since = [s.waiting_since for s in states.values() if s.waiting_since is not None]
    by_level = Counter(s.level for s in states.values() if s.waiting_since is not None)
    levels = [level.name for level in reversed(company.policy.levels)]
    former_levels = [level for level in by_level if level is not None and level not in levels]
    return {
        "open": len(since),
        "longest_seconds": int((now - min(since)).total_seconds()) if since else None,
        "ages": dict(zip(AGES, ageing(since, now), strict=True)),
        "levels": {level: by_level[level] for level in (*levels, *former_levels)},
        "untold": by_level[None],
    }


def _outbox(deployment: Deployment, company: Company, now: datetime) -> Json:
    waiting = deployment.db.outbox.waiting(company.name)
    entries_by_person = Counter(entry.person for entry in waiting)
    mailboxes = deployment.db.outbox.mailboxes(company.name, sorted(entries_by_person))
    put_off = [
        {
            "person": person,
            "until": _iso(mailbox.not_before),
            "failures": mailbox.failures,
            "waiting": entries_by_person[person],
        }
        for person, mailbox in mailboxes.items()
        if mailbox.not_before is not None and mailbox.not_before > now
    ]
    sent = deployment.db.outbox.sent(company.name, now - _DAY, now)
    return {
        "waiting": len(waiting),
        "by_kind": dict(Counter(entry.kind for entry in waiting)),
        "oldest_seconds": int((now - waiting[0].at).total_seconds()) if waiting else None,
        "put_off": put_off,
        "sent": len(sent),
        "last_sent": sent[-1].at.isoformat(timespec="milliseconds") if sent else None,
    }


def _coverage(
    company: Company,
    cursors: Mapping[str, Cursor],
    rows: Iterable[LogEntry],
    start: datetime,
    now: datetime,
) -> Json:
    # The time before the first poll is unknown, not unwatched.
    watched_from = min((c.watched_from for c in cursors.values()), default=now)
    start = max(start, min(watched_from, now))
    by_name = {a.username: cursors.get(a.id) for a in company.accounts}
    coverage = measure_coverage(by_name, (r for r in rows if r.at >= start), start, now, now)
    return {
        "since": _iso(start),
        "minutes": coverage.minutes,
        "watched": coverage.watched,
        "gaps": [_to_json(asdict(gap)) for gap in coverage.gaps],
        "troubles": [_to_json(asdict(fault)) for fault in coverage.faults],
    }


def _reads(company: Company, cursors: Mapping[str, Cursor], now: datetime) -> Json:
    """Return how many posts X bills for this UTC month and for the last."""
    found = monthly_budget([c.reads for c in cursors.values()], company.reads_per_month, now)
    percent = round(100 * found.share, 1) if found.share is not None else None
    return {
        "this_month": found.used,
        "last_month": found.before,
        "limit": found.limit,
        "percent": percent,
    }


def _suppressed(deployment: Deployment, company: Company, now: datetime) -> list[Json]:
    """Return the addresses of the company that are on the suppression list."""
    return [
        {"address": b.address, "kind": b.kind, "since": _iso(b.at), "said": b.reason}
        for b in suppressions_for(company, deployment.db.suppressions.all().values(), now)
    ]


def _quarantined(rows: Iterable[LogEntry], since: datetime) -> Json:
    reasons = Counter(str(row.what.get("reason")) for row in rows if row.kind == "aside")
    return {
        "since": _iso(since),
        "posts": reasons.total(),
        "reasons": dict(reasons.most_common(_REASONS)),
    }


def _undelivered(rows: Iterable[LogEntry], since: datetime) -> list[Json]:
    """Return the mails that were given up; those that are only postponed are in the outbox."""
    return [
        {"at": _iso(row.at), **{n: row.what.get(n) for n in ("person", "address", "detail")}}
        for row in rows
        if row.kind == "undelivered" and row.what.get("final") and row.at >= since
    ]


def _to_json(values: Json) -> Json:
    return {n: _iso(v) if isinstance(v, datetime) else v for n, v in values.items()}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
