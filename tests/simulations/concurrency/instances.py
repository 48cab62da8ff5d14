"""Lambda instances: each a process of its own that runs the deployed handlers, one at a time."""

import multiprocessing
import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import boto3

from pulse.app import App
from pulse_cli.replay.lambda_service import InvocationError, LambdaService
from pulse_cli.simulated_aws.local_stack import LocalStack
from tests.simulations.concurrency.call_log import CallLog
from tests.simulations.concurrency.event_source import EventSource

Step = tuple[str, Any]
"""A function's name and event, or `queue` for its event source, or `act` and what to do."""


@dataclass
class Report:
    """The calls and failures of an instance."""

    call_log: CallLog
    failures: list[str]


class Instance:
    """A forked process that runs steps on request and returns their results."""

    def __init__(self, stack: LocalStack) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, inner = context.Pipe()
        self._process = context.Process(target=_run_instance, args=(inner, stack), daemon=True)
        self._process.start()
        inner.close()

    def configure(self, env: Mapping[str, str]) -> None:
        """Set its environment variables."""
        self._pipe.send(dict(env))

    def begin_steps(self, moment: datetime, steps: Sequence[Step]) -> None:
        """Start these steps; `results` waits for their end."""
        self._pipe.send((moment, list(steps)))

    def results(self) -> list[Any]:
        """What the steps returned."""
        done, error = self._pipe.recv()
        if error is not None:
            raise RuntimeError(error)
        return list(done)

    def stop(self) -> Report:
        """End the process; returns its report."""
        self._pipe.send(None)
        report: Report = self._pipe.recv()
        self._process.join(10)
        return report

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.join()


def _run_instance(pipe: Connection, stack: LocalStack) -> None:
    inside = _InstanceProcess(stack, pipe.recv())
    while (message := pipe.recv()) is not None:
        inside.moment, steps = message
        try:
            pipe.send(([inside.step(*step) for step in steps], None))
        except Exception:  # noqa: BLE001 - raised at the other end
            pipe.send((None, traceback.format_exc()))
    failures = [f"{f.function} at {f.at:%H:%M}: {f.error}" for f in inside.lambdas.failures]
    pipe.send(Report(inside.call_log, failures))


class _InstanceProcess:
    def __init__(self, stack: LocalStack, env: Mapping[str, str]) -> None:
        self.moment = datetime.min.replace(tzinfo=UTC)
        self.call_log = CallLog()
        if boto3.DEFAULT_SESSION is not None:
            self.call_log.attach(boto3.DEFAULT_SESSION)
        os.environ.update(env)
        stack_env = {name: value for one in stack.env.values() for name, value in one.items()}
        self.lambdas = LambdaService(
            stack.functions,
            lambda: App({**stack_env, **env}, lambda: self.moment),
            lambda: self.moment,
        )
        self._source = EventSource(
            boto3.client("sqs"), stack.functions["poll"], self.lambdas.invoke
        )

    def step(self, name: str, event: Any) -> Any:
        if name == "queue":
            return self._source.drain()
        if name == "act":
            return event(self.lambdas.app)
        try:
            return self.lambdas.invoke(name, event)
        except InvocationError:
            return None
