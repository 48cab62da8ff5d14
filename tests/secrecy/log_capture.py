"""Captures everything a process logs and prints, at the most verbose level."""

import http.client
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from itertools import count

import pytest

from pulse.observability import telemetry

_LOWEST_LEVEL = 1
_VERBOSE = {
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    "POWERTOOLS_DEV": "true",
}
_USUAL = logging.makeLogRecord({}).__dict__.keys()
_number = count()


@dataclass
class CapturedOutput:
    """The captured output, and the names of the loggers that wrote."""

    out: StringIO = field(default_factory=StringIO)
    names: set[str] = field(default_factory=set)

    def lines(self) -> set[str]:
        """Return the lines since the last call, each once."""
        lines = set(self.out.getvalue().splitlines())
        self.out.seek(0)
        self.out.truncate()
        return lines

    def metrics(self) -> dict[str, float]:
        """Return the metrics since the last call of `lines`, as CloudWatch reads them."""
        found: dict[str, float] = {}
        for line in (json.loads(line) for line in self.lines() if line.startswith('{"_aws"')):
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                [found[metric["Name"]]] = line[metric["Name"]]
        return found


class _VerboseHandler(logging.StreamHandler[StringIO]):
    """Writes records with all their attributes, tracebacks too."""

    def __init__(self, captured: CapturedOutput) -> None:
        super().__init__(captured.out)
        self._captured = captured

    def emit(self, record: logging.LogRecord) -> None:
        self._captured.names.add(record.name)
        super().emit(record)
        more = {name: value for name, value in record.__dict__.items() if name not in _USUAL}
        self.stream.write(f"{record.args} {more}\n")


@contextmanager
def captured_output() -> Iterator[CapturedOutput]:
    """Make the root logger, every other logger, Powertools and http.client print all they can."""
    captured = CapturedOutput()
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(captured.out),
        redirect_stderr(captured.out),
        warnings.catch_warnings(),
        _attached(_VerboseHandler(captured)),
    ):
        warnings.filterwarnings("ignore", "POWERTOOLS_DEV")
        patch.setattr(http.client.HTTPConnection, "debuglevel", 1)
        for name, value in _VERBOSE.items():
            patch.setenv(name, value)
        patch.setenv("POWERTOOLS_SERVICE_NAME", f"captured-{next(_number)}")  # a logger of its own
        patch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
        _reset_loggers()
        yield captured
    _reset_loggers()


@contextmanager
def _attached(handler: logging.Handler) -> Iterator[None]:
    known = logging.root.manager.loggerDict.values()
    loggers = [logging.root, *(one for one in known if isinstance(one, logging.Logger))]
    levels = [logger.level for logger in loggers]
    not_propagating = [
        logger for logger in loggers if logger is logging.root or not logger.propagate
    ]
    handlers = [logger.handlers for logger in not_propagating]
    for logger in loggers:
        logger.setLevel(_LOWEST_LEVEL)
    for logger in not_propagating:
        logger.handlers = [handler]
    try:
        yield
    finally:
        for logger, before in zip(not_propagating, handlers, strict=True):
            logger.handlers = before
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _reset_loggers() -> None:
    """Make the app create its logger and metrics again."""
    telemetry.logger.cache_clear()
    telemetry.metrics.cache_clear()
