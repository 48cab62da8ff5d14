"""The scenarios that are swept: a busy hour of real posts, the demo's day, three small ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pulse_cli.demo import make_day
from pulse_cli.demo.archive import write_archive
from pulse_cli.demo.run import SETTINGS
from pulse_cli.replay.one_company import ReplayPlan
from pulse_cli.settings import check_file
from pulse_cli.settings.defaults import default_settings
from pulse_cli.simulated_x import Archive
from tests.simulations.crashes import small_scenarios
from tests.small_company import at

_HOUR = timedelta(hours=1)
_DAY = (datetime(2017, 10, 31, tzinfo=UTC), datetime(2017, 11, 1, tzinfo=UTC))
_LINGER = timedelta(minutes=40)
"""Time after the last point for a killed poll's message to return and delayed mail to be sent."""
_LOOK_BACK = "1 h"
"""So that posts from before the first poll are read even if that poll is killed."""


class Scenario(NamedTuple):
    """A plan, until when its points are tried, and the addresses that SES refuses."""

    plan: ReplayPlan
    until: datetime
    refused: frozenset[str] = frozenset()


def hour(shared: Path, _: Path) -> Scenario:
    """The hour and company in which the archive has most posts on its busiest day."""
    archive = Archive.load(shared / "support-2017")
    counts: Counter[tuple[str, datetime]] = Counter()
    for company in archive.companies:
        for post in archive.for_company(company.name).posts:
            if _DAY[0] <= post.created_at < _DAY[1]:
                counts[company.name, post.created_at.replace(minute=0, second=0)] += 1
    (name, start), _ = counts.most_common(1)[0]
    [ours] = [c for c in archive.companies if c.name == name]
    accounts = [{"id": a.id, "username": a.username, "role": a.role} for a in ours.accounts]
    document = _looking_back(default_settings([{"name": name, "accounts": accounts}]))
    end = start + _HOUR
    return Scenario(
        ReplayPlan(archive, name, document, since=start, until=end + _LINGER, final_digest=False),
        end,
    )


def demo(_: Path, folder: Path) -> Scenario:
    """The demo's day, with its shifts, digests and outage."""
    day = make_day()
    write_archive(day, folder / "archive")
    document = check_file(SETTINGS).document
    if document is None:
        raise ValueError(f"{SETTINGS} has errors")
    start, end = day.period
    archive = Archive.load(folder / "archive")
    return Scenario(
        ReplayPlan(
            archive,
            "svyaz",
            _looking_back(document),
            since=start,
            until=end + _LINGER,
            final_digest=False,
        ),
        end,
    )


def _looking_back(document: Mapping[str, Any]) -> dict[str, Any]:
    [company] = document["companies"]
    return {**document, "companies": [{**company, "look_back": _LOOK_BACK}]}


def evening(_: Path, folder: Path) -> Scenario:
    """A small evening, also used for two faults in one run."""
    return Scenario(small_scenarios.evening(folder), at(942), frozenset({small_scenarios.REFUSED}))


def many(_: Path, folder: Path) -> Scenario:
    """Two batches of tasks a minute."""
    return Scenario(small_scenarios.many(folder), at(16))


def deleted(_: Path, folder: Path) -> Scenario:
    """Posts that are deleted on X."""
    return Scenario(small_scenarios.deleted(folder), at(375))


SCENARIOS: dict[str, Callable[[Path, Path], Scenario]] = {
    "hour": hour,
    "demo": demo,
    "evening": evening,
    "many": many,
    "deleted": deleted,
}
