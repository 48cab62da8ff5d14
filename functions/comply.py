"""Every ten minutes: the next step in finding out which stored posts are no longer on X."""

from typing import Any

from pulse import app
from pulse.privacy.comply import comply

_SPARE_MS = 60_000
"""Time for some more deletions: with less than that left, no further ones are begun."""


@app.reported
def handler(_event: Any, context: Any) -> dict[str, Any]:
    reports = comply(app.wired().comply_run(app.out_of_time(context, _SPARE_MS)))
    app.count("PostsChecked", sum(report.checked or 0 for report in reports.values()))
    app.count("PostsRemoved", sum(report.removed or 0 for report in reports.values()))
    app.count("PostsRead", sum(report.read or 0 for report in reports.values()))
    hours = max((report.unchecked_hours or 0 for report in reports.values()), default=0)
    app.count("HoursUnchecked", hours)
    return {name: report.as_json() for name, report in reports.items()}
