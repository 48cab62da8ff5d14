"""The replay world with hooks before and after each outward call of a function.

A watcher may kill or repeat the invocation there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

import boto3
import requests
from botocore.awsrequest import AWSResponse

from pulse_cli.replay.lambda_service import FailedInvocation, InvocationError, LambdaService
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.simulated_aws.local_stack import Queue
from pulse_cli.simulated_x import SimulatedX
from tests.simulations.crashes.duplicate_run import DuplicateRun

READS = frozenset(
    {"dynamodb.BatchGetItem", "dynamodb.GetItem", "dynamodb.Query", "ssm.GetParameter", "x.Get"}
)
"""Calls that change nothing; all others are taken to change something.

A GET of X does use up its rate limit, but a check shows that no limit is ever reached.
"""

Moment = Literal["before", "after"]


class Killed(BaseException):
    """Ends the process of a function."""


@dataclass
class Invocation:
    """A run of a function, with its outward calls so far and how many of them changed things."""

    number: int
    function: str
    event: Any
    calls: int = 0
    changes: int = 0
    changed_by: str = ""
    """The last call that changed something."""
    other: DuplicateRun | None = None
    """A second run of the same event that continues when this one ends."""


class Watcher:
    """Is called at each step of a world, and may interfere by `kill` and `run_again`."""

    world: FaultyWorld

    def tick(self, now: datetime) -> None:
        """The clock has reached a minute in which nothing has run yet."""

    def on_call(self, call: str, moment: Moment) -> None:
        """A function is about to make an outward call, or has made it."""

    def on_success(self) -> None:
        """An invocation has succeeded; the message that led to it is not deleted yet."""

    def end(self) -> None:
        """The run has ended."""


class FaultyWorld(ReplayWorld):
    """Calls a watcher at each outward call of the functions and of their event source."""

    def __init__(
        self,
        document: Mapping[str, Any],
        x: SimulatedX,
        start: datetime,
        refused: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(document, x, start)
        self.start = start
        self._refused = refused
        self.watcher = Watcher()
        self.now_running: Invocation | None = None
        self.killed: list[tuple[str, datetime]] = []
        self.published: list[datetime] = []
        """When each message went to the topic."""
        self.asked: set[tuple[str, datetime]] = set()
        """(account id, minute) of each request for mentions."""
        self.ticks: set[datetime] = set()
        """The minutes that were replayed, not skipped."""
        self.harness_errors: list[str] = []
        """Things that no real process could have done: errors of the harness itself."""
        self.passed = 0
        """Outward calls so far, without those of second runs."""
        self._begun = 0
        self._dying = False
        self.duplicate: DuplicateRun | None = None
        self.lambda_service_class = lambda *parts: _Lambdas(self, *parts)
        if self._transport is not None:
            self._transport = _WatchedTransport(self._transport, self)

    def __enter__(self) -> Self:
        super().__enter__()
        if self._refused and boto3.DEFAULT_SESSION is not None:
            boto3.DEFAULT_SESSION.events.register("before-call.sesv2.SendEmail", self._refuse)
        return self

    def _refuse(self, params: Mapping[str, Any], **_: Any) -> Any:
        """SES's answer for an address that it refuses."""
        [to] = json.loads(params["body"])["Destination"]["ToAddresses"]
        if to not in self._refused:
            return None
        error = {"Error": {"Code": "MessageRejected", "Message": f"{to} cannot be written to"}}
        return AWSResponse("https://ses", 400, {}, None), error

    def on_call(self, call: str, moment: Moment) -> None:
        """Count a call to AWS or X, and pass it on to the watcher."""
        if call == "sns.Publish" and moment == "after":
            self.published.append(self.now())
        if self.duplicate is not None and self.duplicate.is_current_thread:
            self.duplicate.on_call(moment)
            return
        if self.now_running is None or not self._counting:
            return
        if self._dying:
            self.harness_errors.append(
                f"{self.now_running.function} called {call} after it was killed"
            )
        elif moment == "before":
            self.passed += 1
            self.now_running.calls += 1
            self.watcher.on_call(call, moment)
        else:
            if call not in READS:
                self.now_running.changes += 1
                self.now_running.changed_by = call
            self.watcher.on_call(call, moment)

    def move_clock_to(self, moment: datetime) -> None:
        """Move the clock."""
        self.ticks.add(moment)
        super().move_clock_to(moment)

    def delete_message(self, queue: Queue, receipt: str) -> None:
        """Delete the message; the event source may be killed before or after."""
        try:
            with self.counting_calls():
                super().delete_message(queue, receipt)
        except Killed:
            error = f"{Killed.__name__}: beside the deletion of its message"
            self.lambdas.failures.append(FailedInvocation("poll", self.now(), error))
        self._dying = False

    def kill(self) -> None:
        """End the process of the running function now."""
        if self.now_running is not None:
            self.killed.append((self.now_running.function, self.now()))
        self._dying = True
        raise Killed

    def run_again(self, stop: int | None = None) -> None:
        """Run the same event a second time, in a process of its own.

        Without `stop` it runs to its end at once. With `stop` the two take turns: the second run
        stops before its call of that number, the first continues to its end, then the second.
        """
        first = self.now_running
        if first is None:
            raise ValueError("nothing is running")
        second = DuplicateRun(self, first, stop)
        second.resume()
        if second.stopped:
            first.other = second

    def begin(self, name: str, event: Any) -> Invocation:
        """Count an invocation."""
        self._begun += 1
        return Invocation(self._begun, name, event)

    def end(self, *, succeeded: bool) -> None:
        """An invocation has ended; a second run of it that was stopped continues."""
        self._dying = False
        running = self.now_running
        if running is not None and running.other is not None:
            running.other.resume()
            running.other = None
        if succeeded:
            self.watcher.on_success()


class _Lambdas(LambdaService):
    """Functions that report each invocation to the world."""

    def __init__(self, world: FaultyWorld, *parts: Any) -> None:
        super().__init__(*parts)
        self.world = world

    def invoke(self, name: str, event: Any) -> Any:
        """Run the handler, and report to the world how it ended."""
        self.world.now_running = self.world.begin(name, event)
        try:
            result = super().invoke(name, event)
        except InvocationError:
            self.world.end(succeeded=False)
            raise
        self.world.end(succeeded=True)
        return result


class _WatchedTransport(requests.adapters.BaseAdapter):
    """The transport to X, with each request reported to the world."""

    def __init__(self, transport: requests.adapters.BaseAdapter, world: FaultyWorld) -> None:
        super().__init__()
        self._transport = transport
        self._world = world

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Report and pass on the request."""
        call = f"x.{str(request.method).title()}"
        self._world.on_call(call, "before")
        answer = self._transport.send(request, *args, **kwargs)
        parts = str(request.url).partition("?")[0].split("/")
        if parts[-1] == "mentions":
            self._world.asked.add((parts[-2], self._world.now()))
        self._world.on_call(call, "after")
        return answer

    def close(self) -> None:
        """Close nothing: the transport belongs to the caller."""
