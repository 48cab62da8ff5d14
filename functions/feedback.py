"""From SES, by way of SNS: returned mail; its address is not written to again."""

from dataclasses import asdict
from typing import Any

from pulse import app
from pulse.outbox.ses_events import parse_event


@app.reported
def handler(event: Any, _context: Any) -> dict[str, Any]:
    bounces = app.wired().bounce_handler()
    found = [parse_event(record["Sns"]["Message"]) for record in event["Records"]]
    reports = [bounces.handle(feedback) for feedback in found if feedback is not None]
    app.count("AddressesBlocked", sum(report.blocked for report in reports))
    return {"taken": [asdict(report) for report in reports]}
