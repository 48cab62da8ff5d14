"""Each minute: a task for every account that is due, on the queue of polls."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pulse import app
from pulse.jobs.dispatch import dispatch


@app.reported
def handler(_event: Any, _context: Any) -> dict[str, Any]:
    wired = app.wired()
    done = dispatch(wired.settings(), wired.accounts, wired.queue, wired.now(), wired.patience)
    app.count("AccountsBlind", len(done["blind"]))
    app.count("BudgetUsed", done["budget_used"], MetricUnit.Percent)
    return done
