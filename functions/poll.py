"""From the queue: read one account of X, store what is new, move its cursor."""

from typing import Any

from pulse import app
from pulse.listening.poll import poll
from pulse.listening.queue import task_of

_SPARE_MS = 20_000
"""Time for storing and saving: with less than that left, no further page is read."""


@app.reported
def handler(event: Any, context: Any) -> dict[str, Any]:
    pulse = app.wired()
    task, settings = task_of(event["Records"][0]), pulse.settings()
    account = settings.find(task.company, task.account_id)
    if account is None:
        return {"account": task.account_id, "gone": "no longer in the settings"}
    company = settings.company(task.company)
    app.logger().append_keys(company=company.name, account=account.username)
    report = poll(pulse.poll_run(company, account, task, app.out_of_time(context, _SPARE_MS)))
    app.count("PollSucceeded", int(report.watched))
    app.count("PostsRead", report.billed)
    if report.checked:
        app.count("PostsChecked", report.checked)
        app.count("PostsRemoved", report.removed)
    return report.result()
