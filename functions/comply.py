"""Every ten minutes: the next step in asking X which of the kept posts are gone."""

from typing import Any

from pulse import app
from pulse.privacy.comply import comply

_SPARE_MS = 60_000
"""What is left for one more day's removals when no further one is begun."""


@app.reported
def handler(_event: Any, context: Any) -> dict[str, Any]:
    wired = app.wired()
    results = comply(
        wired.settings().companies,
        wired.tokens.bearer,
        wired.compliance,
        wired.company_x,
        wired.db,
        wired.now(),
        lambda: context.get_remaining_time_in_millis() < _SPARE_MS,
    )
    app.count("PostsChecked", sum(r.get("checked", 0) for r in results.values()))
    app.count("PostsRemoved", sum(r.get("removed", 0) for r in results.values()))
    app.count("PostsRead", sum(r.get("read", 0) for r in results.values()))
    hours = max((r.get("unchecked_hours", 0) for r in results.values()), default=0)
    app.count("HoursUnchecked", hours)
    return results
