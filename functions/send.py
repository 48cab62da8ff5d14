"""Each minute: write to the people for whom something waits in the outbox."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.authors.directory import AuthorDirectory
from pulse.kernel.company import Company
from pulse.outbox.send import SendRun
from pulse.screens.compose import Letters
from pulse.screens.writing import Writing

_SPARE_MS = 15_000
"""What is left for writing, sending and marking one mail when no further one is begun."""


@app.reported
def handler(_event: Any, context: Any) -> dict[str, Any]:
    results = app.for_each(lambda c: _send(c, app.wired(), context))
    oldest = max((r["oldest_seconds"] for r in results.values()), default=0)
    app.count("OutboxAge", oldest, MetricUnit.Seconds)
    return results


def _send(company: Company, wired: app.App, context: Any) -> dict[str, float]:
    now = wired.now()
    letters = Letters(
        company=company,
        stores=wired.db,
        authors=AuthorDirectory(wired.db.author_cache, wired.company_x(company), now),
        now=now,
        board_url=wired.settings().board_url,
    )
    writing = Writing(
        company, letters, wired.renderer, wired.mailer, wired.topic, wired.db.suppressions, now
    )
    return SendRun(
        company=company,
        outbox=wired.db.outbox,
        journal=wired.db.audit_log,
        writing=writing,
        now=now,
        out_of_time=lambda: context.get_remaining_time_in_millis() < _SPARE_MS,
    ).send()
