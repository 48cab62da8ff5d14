"""Each minute: put a task for every account that is due on the queue of polls."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.listening.dispatch import dispatch


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, Any]:
    pulse = app.wired()
    plan = dispatch(pulse.settings(), pulse.db.cursors, pulse.now(), pulse.blind_after)
    # Counted before the queue is asked: a queue that fails must not silence the alarm.
    app.count("AccountsBlind", len(plan.blind))
    app.count("BudgetUsed", plan.budget_used, MetricUnit.Percent)
    pulse.queue.put(plan.tasks)
    return {"tasks": len(plan.tasks), "blind": plan.blind, "budget_used": plan.budget_used}
