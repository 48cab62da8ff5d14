"""Once a day: count the days gone by, by account and hour; the counts are kept for good."""

from typing import Any

from pulse import app
from pulse.reporting.figures import count_figures


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, int]:
    wired, now = app.wired(), app.wired().now()
    done = app.for_each(
        lambda c: count_figures(c, wired.db.conversations, wired.db.figure_store, now)
    )
    app.count("FiguresCounted", len(done))
    return done
