"""Invokes handlers as Lambda does: a process that is reused, events, retries, failures."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pulse import app
from pulse.app import App
from pulse_cli.simulated_aws.local_stack import Function
from pulse_cli.template import TEMPLATE

# Lambda retries an asynchronous invocation that failed after one minute, then after two more.
_ASYNC_RETRIES = (timedelta(minutes=1), timedelta(minutes=2))


@dataclass(frozen=True, slots=True)
class FailedInvocation:
    """An invocation that ended with an exception; `error` describes it in one line."""

    function: str
    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context that Lambda passes to a handler, as far as Pulse uses it."""

    function_name: str
    remaining_ms: int
    aws_request_id: str = "replay"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:replay"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation."""
        return self.remaining_ms


@dataclass(slots=True)
class LambdaService:
    """Runs the functions of a stack. They share one process; on Lambda each has its own."""

    functions: dict[str, Function]
    make_app: Callable[[], App]
    """Makes the parts of Pulse anew, as a process does when it starts."""
    clock: Callable[[], datetime]
    app: App = field(init=False)
    running: list[tuple[str, Any]] = field(default_factory=list)
    """Names and events of the invocations that run now, the innermost last."""
    failures: list[FailedInvocation] = field(default_factory=list)
    invocations: dict[str, int] = field(default_factory=dict)
    _retries: list[tuple[datetime, str, Any, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = self.make_app()

    def invoke(self, name: str, event: Any) -> Any:
        """Run a handler and return its result.

        Raises:
            InvocationError: the handler raised; the failure is recorded in `failures`. After an
                exit the next invocation gets a new process.
        """
        self.invocations[name] = self.invocations.get(name, 0) + 1
        app.use(self.app)
        self.running.append((name, event))
        try:
            function = self.functions[name]
            return load_handler(function.handler)(
                event, LambdaContext(name, function.timeout * 1000)
            )
        except KeyboardInterrupt:
            raise  # a person stops the replay; the function did not fail
        except BaseException as problem:
            # Whatever ends an invocation is a failure for Lambda, not only an Exception: a handler
            # may call sys.exit, and tests kill the process with a BaseException of their own, so
            # that no `except Exception` in the handler catches it.
            self.failures.append(FailedInvocation(name, self.clock(), _describe_error(problem)))
            # SystemExit and a kill also end the process. Lambda starts a new one, in which nothing
            # is left of what was cached before.
            if not isinstance(problem, Exception):
                self.app = self.make_app()
            raise InvocationError(name) from problem
        finally:
            self.running.pop()
            app.use(self.app if self.running else None)

    def invoke_scheduled(self, name: str, event: Any = None, attempt: int = 0) -> Any:
        """Run a handler as a schedule does; return its result, None if it failed.

        A failed invocation is repeated by `run_due_retries` after one minute, then after two more,
        as often as the template allows. `attempt` counts the repetitions so far.
        """
        try:
            return self.invoke(name, event or {})
        except InvocationError:
            retries = min(len(_ASYNC_RETRIES), self.functions[name].retries)
            if attempt < retries:
                at = self.clock() + _ASYNC_RETRIES[attempt]
                self._retries.append((at, name, event, attempt + 1))
            return None

    def run_due_retries(self) -> None:
        """Run the failed invocations whose time for the next attempt has come."""
        due = [x for x in self._retries if x[0] <= self.clock()]
        self._retries = [x for x in self._retries if x[0] > self.clock()]
        for _, name, event, attempt in due:
            self.invoke_scheduled(name, event, attempt)

    @property
    def next_retry(self) -> datetime | None:
        """When the next failed invocation is repeated; None if none is."""
        return min((at for at, *_ in self._retries), default=None)


class InvocationError(Exception):
    """An invocation failed; what happened is in `LambdaService.failures`."""


def _describe_error(problem: BaseException) -> str:
    within = problem.exceptions if isinstance(problem, BaseExceptionGroup) else ()
    return ", for ".join([f"{type(problem).__name__}: {problem}", *map(_describe_error, within)])


@cache
def load_handler(path: str) -> Callable[[Any, Any], Any]:
    """Return a handler by its path in the template, such as `poll.handler`; imported once.

    Raises:
        FileNotFoundError: there is no such file in `functions/`.
    """
    module_name, name = path.rsplit(".", 1)
    file = TEMPLATE.parent / "functions" / f"{module_name}.py"
    spec = importlib.util.spec_from_file_location(f"pulse_function_{module_name}", file)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], Any] = getattr(module, name)
    return handler
