"""Each minute: flag who has waited too long, and note who must hear of it."""

from typing import Any

from pulse import app
from pulse.jobs.flag import flag


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, int]:
    wired, now = app.wired(), app.wired().now()
    return app.for_each(lambda c: flag(c, wired.conversations, wired.outbox, wired.shelf, now))
