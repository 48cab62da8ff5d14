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
    wired, now = app.wired(), app.wired().now()
    if "now" in event:
        asked = event["now"]
        start = datetime.fromisoformat(asked["start"])
        company = wired.settings().company(asked["company"])
        return {company.name: request_digest(company, wired.db.outbox, asked["to"], start, now)}
    done = app.for_each(lambda c: schedule_digests(c, wired.db.digest_ledger, now))
    app.count("DigestAge", max((late for _, late in done.values()), default=0), MetricUnit.Seconds)
    return {name: written for name, (written, _) in done.items()}
