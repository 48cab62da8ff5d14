"""Each minute: digests that are due by their recipients' own clocks go into the outbox.

An event `{"now": {"company", "to": [people], "start": ISO}}` asks for one at once.
"""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.reporting.digest import request_digest, schedule_digests


@app.reported
def handler(event: Any, _context: Any) -> dict[str, int]:
    this, now = app.wired(), app.wired().now()
    if "now" in event:
        request = event["now"]
        company = this.settings().company(request["company"])
        start = datetime.fromisoformat(request["start"])
        return {company.name: request_digest(company, this.db.outbox, request["to"], start, now)}
    done = app.for_each(lambda company: schedule_digests(company, this.db.digest_ledger, now))
    overdue = max((one.overdue_seconds for one in done.values()), default=0)
    app.count("DigestAge", overdue, MetricUnit.Seconds)
    return {company: one.written for company, one in done.items()}
