"""Each minute: a task for every account that is due, on the queue of polls."""

from typing import Any

from pulse import app
from pulse.jobs.dispatch import dispatch


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, Any]:
    wired = app.wired()
    return {"tasks": dispatch(wired.settings(), wired.accounts, wired.queue, wired.now())}
