"""Each minute: write to the people for whom something waits in the outbox."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app


@app.reported
def handler(_event: Any, context: Any) -> dict[str, Any]:
    reports = app.for_each(lambda company: app.wired().send_run(company, context).send())
    oldest = max((report.oldest_seconds for report in reports.values()), default=0)
    app.count("OutboxAge", oldest, MetricUnit.Seconds)
    return {name: asdict(report) for name, report in reports.items()}
