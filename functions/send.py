"""Each minute: write to the people for whom something waits in the outbox."""

import functools
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.domain.settings import Company
from pulse.jobs.cards import Authors
from pulse.jobs.send import Sending
from pulse.jobs.summary import summary


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, Any]:
    results = app.for_each(lambda c: _send(c, app.wired()))
    oldest = max((r["oldest_seconds"] for r in results.values()), default=0)
    app.count("OutboxAge", oldest, MetricUnit.Seconds)
    return results


def _send(company: Company, wired: app.App) -> dict[str, float]:
    now, board_url = wired.now(), wired.settings().board_url
    authors = Authors(wired.shelf, wired.company_x(company), now)
    digest = functools.partial(
        summary,
        conversations=wired.conversations,
        accounts=wired.accounts,
        journal=wired.journal,
        authors=authors,
        now=now,
        board_url=board_url,
    )
    return Sending(
        company=company,
        outbox=wired.outbox,
        conversations=wired.conversations,
        accounts=wired.accounts,
        journal=wired.journal,
        authors=authors,
        pages=wired.pages,
        post=wired.post,
        topic=wired.topic,
        summary=digest,
        now=now,
        board_url=board_url,
    ).send()
