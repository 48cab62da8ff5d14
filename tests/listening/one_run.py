"""A single poll that has time for a limited number of pages."""

from typing import Any

from pulse.kernel.company import Company
from pulse.listening.poll import poll
from pulse.listening.tasks import PollTask, TaskKind
from tests.small_company import HELP, SmallCompany, at


def run_poll(
    here: SmallCompany,
    minute: float,
    pages: int,
    kind: TaskKind = "poll",
    of: float | None = None,
    known: Company | None = None,
) -> dict[str, Any]:
    """Run one poll that has time for `pages` pages, and return its result.

    `of` is the minute of its task if that is not `minute`; the task then counts as retried.
    `known` are the settings that the poll uses if they are not those in force.
    """
    app, company = here.world.app, known or here.world.company
    here.world.move_clock_to(at(minute))
    out_of_time = iter([False] * pages + [True] * 99)
    task = PollTask("acme", HELP, kind, at(minute if of is None else of), retried=of is not None)
    run = app.poll_run(company, company.accounts[0], task, lambda: next(out_of_time))
    return poll(run).result()
