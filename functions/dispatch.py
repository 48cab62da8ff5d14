"""Each minute: a task for every account that is due, on the queue of polls."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.listening.dispatch import dispatch


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, Any]:
    wired = app.wired()
    due = dispatch(wired.settings(), wired.db.cursors, wired.now(), wired.blind_after)
    app.count("AccountsBlind", len(due.blind))
    app.count("BudgetUsed", due.budget_used, MetricUnit.Percent)
    wired.queue.put(due.tasks)
    return {"tasks": len(due.tasks), "blind": due.blind, "budget_used": due.budget_used}
