"""What a function logs and counts, by Powertools: made at first use, never at import."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class _Provider(AmazonCloudWatchEMFProvider):
    """Sends nothing when nothing was counted, where Powertools would warn."""

    def flush_metrics(self, raise_on_empty_metrics: bool = False) -> None:
        if self.metric_set:
            super().flush_metrics(raise_on_empty_metrics)
        # Where metrics are switched off, Powertools keeps them, for ever.
        self.clear_metrics()


@functools.cache
def logger() -> Logger:
    """Return the logger of this process: its lines carry function name and request id."""
    return Logger()


@functools.cache
def metrics() -> Metrics:
    """Return the metrics of this process; namespace and service come from the environment."""
    return Metrics(provider=_Provider())


def count(name: str, value: float, unit: MetricUnit = MetricUnit.Count) -> None:
    """Set a metric of this invocation; call it once a name (docs/deploy.md lists them)."""
    metrics().add_metric(name, unit, value)


def reported(handler: _Handler) -> _Handler:
    """Log what a handler returns, and send its metrics, also when it fails.

    Each log line carries the function's name and the request id, and the company and account that
    the handler appends.
    """

    @functools.wraps(handler)
    def logged(event: Any, context: Any) -> Any:
        result = handler(event, context)
        logger().info(result)
        return result

    # The decorators of Powertools belong to a logger, which reads the environment when it is made:
    # so they are applied at the call and not, as usual, at import.
    @functools.wraps(handler)
    def call(event: Any, context: Any) -> Any:
        counted = metrics().log_metrics(logged)
        # Events hold addresses and what SES says of mails: they are never logged, whatever the
        # environment asks Powertools for.
        with_context = logger().inject_lambda_context(counted, log_event=False, clear_state=True)
        return with_context(event, context)

    return call  # type: ignore[return-value]
