"""Once a day: the figures of the last days are counted, by account and hour; they never expire."""

from typing import Any

from pulse import app
from pulse.reporting.figures import count_figures


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, int]:
    db, now = app.wired().db, app.wired().now()
    done = app.for_each(lambda c: count_figures(c, db.conversations, db.figure_store, now))
    app.count("FiguresCounted", len(done))
    return done
