"""`pulse try`: the last hours of real accounts through the deployed handlers, on this machine."""

from pulse_cli.trial.accounts import Found, find
from pulse_cli.trial.forecast import Forecast, forecast
from pulse_cli.trial.run import Outcome, run

__all__ = ["Forecast", "Found", "Outcome", "find", "forecast", "run"]
