"""Each minute: flag the waits that are too long, and write alerts about them to the outbox."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.alerting.flag import FlagRun


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, int]:
    db, now = app.wired().db, app.wired().now()
    done = app.for_each(lambda c: FlagRun(c, db.conversations, db.policy_progress, now).flag())
    late = max((report.seconds_late for report in done.values()), default=0)
    app.count("FlagAge", late, MetricUnit.Seconds)
    return {name: report.flagged for name, report in done.items()}
