"""Replays every company of an archive, one per processor, and writes the results."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pulse_cli.errors import CommandError
from pulse_cli.replay.one_company import ReplayPlan
from pulse_cli.replay.one_company import replay_company as replay_one
from pulse_cli.replay.outcome import ReplayOutcome, percentiles
from pulse_cli.settings import check_file
from pulse_cli.settings.defaults import default_settings
from pulse_cli.simulated_x import Archive, VocabularyName


@dataclass(frozen=True, slots=True)
class _CompanyPlan:
    """One company's replay, small enough to hand to another process."""

    folder: Path
    company: str
    document: Mapping[str, Any]
    since: datetime | None
    until: datetime | None
    vocabulary: VocabularyName
    mails: Path
    checkpoints: tuple[datetime, ...] = ()


def replay_all(
    folder: Path,
    companies: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    settings: Path | None,
    vocabulary: VocabularyName,
    out: Path,
) -> dict[str, Any]:
    """Replay companies of the archive in `folder`, and return what `run.json` holds.

    Without `companies`, all are replayed; without `since` and `until`, from the minute of the
    first post until an hour after the last. `state.json`, `run.json` and the mails of `mail/` are
    written to `out`; mails of an earlier replay are deleted.

    Raises:
        CommandError: the archive cannot be used, the settings have errors, or there is no such
            company.
        ArchiveError: the settings name a company that is not in the archive.
        SettingsError: without `settings`: a company of the archive cannot be put into settings.
    """
    started = time.perf_counter()
    archive = Archive.load(folder)
    for line, reason in archive.quarantined:
        click.echo(f"posts.ndjson:{line}: quarantined: {reason}", err=True)
    names = list(companies) or [c.name for c in archive.companies]
    documents = _documents(archive, settings)
    for name in names:
        if name not in documents:
            raise CommandError(f"there is no company {name!r}; available: {', '.join(documents)}")
    mails = out / "mail"
    shutil.rmtree(mails, ignore_errors=True)
    mails.mkdir(parents=True)
    posts = [p for name in names for p in archive.for_company(name, since).posts]
    if posts:
        since = since or min(p.created_at for p in posts)
        until = until or max(p.created_at for p in posts) + timedelta(hours=1)
    plans = [
        _CompanyPlan(folder, name, documents[name], since, until, vocabulary, mails)
        for name in names
    ]
    outcomes = {o.company: o for o in run_plans(plans, archive)}
    state = {name: outcomes[name].conversations for name in names}
    _write_json(out / "state.json", state)
    run = _summary(
        [outcomes[n] for n in names], len(archive.quarantined), time.perf_counter() - started
    )
    _write_json(out / "run.json", run)
    return run


def run_plans(plans: Sequence[_CompanyPlan], archive: Archive) -> Iterator[ReplayOutcome]:
    """Run the plans on all processors, largest first, and yield their outcomes.

    A progress bar is shown on standard error.
    """
    size = {p.company: len(archive.for_company(p.company, p.since).posts) for p in plans}
    ordered = sorted(plans, key=lambda p: -size[p.company])
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("posts", total=sum(size.values()))
        if len(plans) == 1:
            yield _run_plan(ordered[0])
            return
        workers = min(os.cpu_count() or 1, len(plans))
        # Not "fork": this process has threads (the progress bar), and a fork may copy a lock that
        # one of them holds.
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(workers, mp_context=context) as pool:
            for outcome in pool.map(_run_plan, ordered):
                bar.advance(task, size[outcome.company])
                yield outcome


def _run_plan(plan: _CompanyPlan) -> ReplayOutcome:
    archive = _load_cached(plan.folder)
    return replay_one(
        ReplayPlan(
            archive,
            plan.company,
            plan.document,
            plan.since,
            plan.until,
            plan.vocabulary,
            plan.mails,
            plan.checkpoints,
        )
    )


_archives: dict[Path, Archive] = {}


def _load_cached(folder: Path) -> Archive:
    if folder not in _archives:
        _archives[folder] = Archive.load(folder)
    return _archives[folder]


def _documents(archive: Archive, settings: Path | None) -> dict[str, dict[str, Any]]:
    """Return a settings document for each company, which has that company alone."""
    if settings is None:
        made = default_settings(
            {
                "name": c.name,
                "accounts": [
                    {"id": a.id, "username": a.username, "role": a.role} for a in c.accounts
                ],
            }
            for c in archive.companies
        )
    else:
        checked = check_file(settings)
        errors = [f for f in checked.findings if f.severity == "error"]
        if errors or checked.document is None:
            raise CommandError("; ".join(f.to_line(str(settings)) for f in errors))
        made = dict(checked.document)
    return {c["name"]: {**made, "companies": [c]} for c in made["companies"]}


def _summary(outcomes: Sequence[ReplayOutcome], quarantined: int, wall: float) -> dict[str, Any]:
    dynamodb: Counter[str] = Counter()
    x: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for outcome in outcomes:
        dynamodb.update(outcome.dynamodb)
        x.update({n: v for n, v in outcome.x.items() if isinstance(v, int)})
        requests.update(outcome.x.get("requests", {}).get("by_endpoint", {}))
    rows = [row for o in outcomes for row in o.conversations]
    return {
        "companies": len(outcomes),
        "conversations": len(rows),
        "open": sum(row["status"] == "open" for row in rows),
        "ticks": sum(o.ticks for o in outcomes),
        "polls": sum(o.polls for o in outcomes),
        "failed_invocations": sum(len(o.failures) for o in outcomes),
        "failures": [list(f) for o in outcomes for f in o.failures][:100],
        "x_requests": sum(requests.values()),
        "x_requests_by_endpoint": dict(sorted(requests.items())),
        **dict(sorted(x.items())),
        "dynamodb_calls": dict(sorted(dynamodb.items())),
        "messages_sent": sum(o.mails for o in outcomes),
        "put_aside": quarantined,
        "capture_latency_seconds": {
            "from_publishing": percentiles(_flatten(o.seconds_from_published for o in outcomes)),
            "from_visible_at": percentiles(_flatten(o.seconds_from_visible for o in outcomes)),
        },
        "flag_lateness_max_seconds": max(_flatten(o.flag_lateness for o in outcomes), default=None),
        "wall_seconds": round(wall, 1),
    }


def _flatten(lists: Iterable[list[float]]) -> list[float]:
    return [value for values in lists for value in values]


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
