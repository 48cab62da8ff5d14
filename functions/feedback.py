"""From SES, by way of SNS: mail that came back; its address is not written to again."""

from typing import Any

from pulse import app
from pulse.outbox.bounces import BounceHandler
from pulse.outbox.ses_events import parse_event


@app.reported
def handler(event: Any, _context: Any) -> dict[str, Any]:
    wired = app.wired()
    came_back = BounceHandler(
        settings=wired.settings(),
        outbox=wired.db.outbox,
        addresses=wired.db.suppressions,
        journal=wired.db.audit_log,
        now=wired.now(),
    )
    words = [parse_event(record["Sns"]["Message"]) for record in event["Records"]]
    taken = [came_back.handle(word) for word in words if word is not None]
    app.count("AddressesBlocked", sum(one["blocked"] for one in taken))
    return {"taken": taken}
