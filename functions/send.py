"""Each minute: write to the people for whom something waits in the outbox."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app

_SPARE_MS = 15_000
"""Time for composing, sending and recording one mail: with less than that left, none is begun."""


@app.reported
def handler(_event: Any, context: Any) -> dict[str, Any]:
    out_of_time = app.out_of_time(context, _SPARE_MS)
    reports = app.for_each(lambda company: app.wired().send_run(company, out_of_time).send())
    oldest = max((report.oldest_seconds for report in reports.values()), default=0)
    app.count("OutboxAge", oldest, MetricUnit.Seconds)
    return {name: asdict(report) for name, report in reports.items()}
