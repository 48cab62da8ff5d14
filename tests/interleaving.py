"""Writers in greenlets that stop before each call to AWS, so that every order can be tried."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from greenlet import GreenletExit, greenlet

CALLS = frozenset(
    {
        "get_item",
        "batch_get_item",
        "query",
        "put_item",
        "update_item",
        "batch_write_item",
        "transact_write_items",
    }
)


class HookedClient:
    """A boto client that calls hooks with the name of each table operation, before and after it."""

    def __init__(
        self,
        client: Any,
        before: Callable[[str], None] = lambda _: None,
        after: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._before = before
        self._after = after

    def get_paginator(self, operation: str) -> Any:
        """Return a paginator whose calls, one for each page, call the hooks as well."""
        paginator = self._client.get_paginator(operation)
        paginator._method = getattr(self, operation)  # noqa: SLF001 - botocore's
        return paginator

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name not in CALLS:
            return real

        def call(**arguments: Any) -> Any:
            self._before(name)
            answer = real(**arguments)
            self._after(name)
            return answer

        return call


def cancelled(client: Any, code: str) -> Exception:
    response = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": code}],
    }
    error: Exception = client.exceptions.TransactionCanceledException(
        response, "TransactWriteItems"
    )
    return error


def failing(client: Any, code: str, times: int) -> HookedClient:
    """Return a client whose first transactions are cancelled for this reason."""
    calls = itertools.count(1)

    def fail(name: str) -> None:
        if name == "transact_write_items" and next(calls) <= times:
            raise cancelled(client, code)

    return HookedClient(client, fail)


class SteppedWriter:
    """A writer in its own greenlet that stops before each call until the next `step`.

    `write` gets a function to call before each of its calls; `next` is its last argument.
    """

    def __init__(self, write: Callable[[Callable[[Any], None]], object]) -> None:
        self.error: BaseException | None = None
        self.next: Any = None
        self.done = False
        self._greenlet = greenlet(self._run)
        self._greenlet.switch(write)

    def _run(self, write: Callable[[Callable[[Any], None]], object]) -> None:
        try:
            write(self._wait)
        except BaseException as error:  # noqa: BLE001 - `run_interleaved` raises it
            self.error = error
        self.done = True

    def _wait(self, what: Any) -> None:
        self.next = what
        self._greenlet.parent.switch()

    def step(self) -> None:
        """Run up to the next call."""
        self._greenlet.switch()

    def abandon(self) -> None:
        """End the writer where it is."""
        self._greenlet.throw(GreenletExit)


def run_interleaved(
    writers: Sequence[Callable[[Any], None]], client: Any, choices: Sequence[int]
) -> list[int]:
    """Run the writers by these choices (then always 0); return the number of options of each."""
    stepped = [SteppedWriter(lambda wait, w=w: w(HookedClient(client, wait))) for w in writers]
    options: list[int] = []
    while ready := [p for p in stepped if not p.done]:
        number = len(options)
        choice = choices[number] if number < len(choices) else 0
        options.append(len(ready))
        ready[choice % len(ready)].step()
    for writer in stepped:
        if writer.error is not None:
            raise writer.error
    return options


def all_orders(
    run: Callable[[Sequence[int]], list[int]], most: int | None = None
) -> Iterator[tuple[int, ...]]:
    """Yield every order, or the first `most`; `run` tries one and returns its options."""
    choices: list[int] = []
    count = 0
    while most is None or count < most:
        options = run(choices)
        count += 1
        yield tuple(choices)
        choices += [0] * (len(options) - len(choices))
        while choices and choices[-1] + 1 >= options[len(choices) - 1]:
            choices.pop()
        if not choices:
            return
        choices[-1] += 1
