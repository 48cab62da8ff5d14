"""From the queue: read one account of X, keep what is new, move its cursor."""

from typing import Any

from pulse import app
from pulse.listening.poll import poll
from pulse.listening.queue import task_of
from pulse.listening.run import PollRun

_SPARE_MS = 20_000
"""What is left for storing and saving when no further page is begun."""


@app.reported
def handler(event: Any, context: Any) -> dict[str, Any]:
    wired = app.wired()
    task = task_of(event["Records"][0])
    settings = wired.settings()
    account = settings.find(task.company, task.account_id)
    if account is None:
        return {"account": task.account_id, "gone": "no longer in the settings"}
    reading = PollRun(
        company=settings.company(task.company),
        account=account,
        x=wired.x(account),
        accounts=wired.db.cursors,
        conversations=wired.db.conversations,
        retraction=wired.db.deletions,
        own_posts=wired.db.own_posts,
        author_cache=wired.db.author_cache,
        erasures=wired.db.erasures,
        journal=wired.db.audit_log,
        outbox=wired.db.outbox,
        now=wired.now(),
        out_of_time=lambda: context.get_remaining_time_in_millis() < _SPARE_MS,
    )
    result = poll(reading, task)
    app.count("PollSucceeded", result.get("watched", 0))
    app.count("PostsRead", result.get("billed", 0))
    if result.get("checked"):
        app.count("PostsChecked", result["checked"])
        app.count("PostsRemoved", result["removed"])
    return result
