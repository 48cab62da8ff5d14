"""`pulse try`: the last hours of real accounts through the deployed handlers, on this machine."""

from __future__ import annotations

from pulse_cli.trial.accounts import TrialAccounts, find_accounts
from pulse_cli.trial.forecast import ReadForecast, forecast_reads
from pulse_cli.trial.run import TrialOutcome, run_trial

__all__ = [
    "ReadForecast",
    "TrialAccounts",
    "TrialOutcome",
    "find_accounts",
    "forecast_reads",
    "run_trial",
]
