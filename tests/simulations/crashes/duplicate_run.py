"""A second invocation of the same event: at once, in turns with the first, or afterwards."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pulse import app
from pulse_cli.replay.lambda_service import FailedInvocation, LambdaContext, load_handler

if TYPE_CHECKING:
    from tests.simulations.crashes.faulty_world import FaultyWorld, Invocation, Moment


class DuplicateRun:
    """A second run of an invocation, in a process (here: a thread) of its own."""

    def __init__(self, world: FaultyWorld, first: Invocation, stop: int | None) -> None:
        self.stopped = False
        self._world = world
        self._stop = stop
        self._calls = 0
        _unlock_cached_properties()
        self._app = world.lambdas.make_app()
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(first,), daemon=True)
        self._thread.start()

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller is this run."""
        return threading.current_thread() is self._thread

    def resume(self) -> None:
        """Run until it stops or ends."""
        first, before = self._world.lambdas.app, self._world.duplicate
        self._world.duplicate = self
        app.use(self._app)
        self.stopped = False
        self._mine.release()
        self._theirs.acquire()
        self._world.duplicate = before
        app.use(first)

    def on_call(self, moment: Moment) -> None:
        """Count a call of this run; stop before call number `stop`."""
        if moment == "before":
            self._calls += 1
            if self._calls == self._stop:
                self.stopped = True
                self._theirs.release()
                self._mine.acquire()

    def _run(self, first: Invocation) -> None:
        self._mine.acquire()
        lambdas = self._world.lambdas
        try:
            function = lambdas.functions[first.function]
            handler: Callable[[Any, Any], Any] = load_handler(function.handler)
            _unlock_cached_properties()
            handler(first.event, LambdaContext(function.name, function.timeout * 1000))
        except BaseException as problem:  # noqa: BLE001 - recorded as Lambda would
            error = f"{type(problem).__name__}: {problem}"
            lambdas.failures.append(FailedInvocation(first.function, self._world.now(), error))
        self._theirs.release()


def _unlock_cached_properties() -> None:
    """Let two runs compute the same cached property at the same time, as two processes do."""
    # Before Python 3.12, all instances of a class share one lock for each cached property. A run
    # that is stopped at a call inside such a property would keep the lock, and the other run would
    # wait for it forever. It is done for each run, since functions import some modules late.
    modules = [module for name, module in sys.modules.items() if name.startswith("pulse.")]
    kinds = [kind for one in modules for kind in vars(one).values() if isinstance(kind, type)]
    for one in (value for kind in kinds for value in vars(kind).values()):
        if isinstance(one, cached_property) and hasattr(one, "lock"):
            one.lock = nullcontext()
