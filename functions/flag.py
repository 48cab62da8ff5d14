"""Each minute: flag who has waited too long, and note who must hear of it."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.alerting.flag import flag


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, int]:
    wired, now = app.wired(), app.wired().now()
    done = app.for_each(lambda c: flag(c, wired.db.conversations, wired.db.policy_progress, now))
    app.count("FlagAge", max((late for _, late in done.values()), default=0), MetricUnit.Seconds)
    return {name: flagged for name, (flagged, _) in done.items()}
