"""The optimistic retry: read, decide, write on a condition; if it fails, all of it again."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from pulse.dynamodb.table import TransactionCancelledError
from pulse.kernel.errors import PulseError


class Attempt(AbstractContextManager["Attempt", bool]):
    """One try: the block that it guards reads and writes."""

    cancelled: TransactionCancelledError | None = None

    def __exit__(self, _kind: object, problem: object, _traceback: object, /) -> bool:
        if isinstance(problem, TransactionCancelledError):
            self.cancelled = problem
        return self.cancelled is not None


def attempts(
    limit: int, exhausted: PulseError, back_off: Callable[[int], None]
) -> Iterator[Attempt]:
    """Yield attempts until the block of one goes through without a cancelled transaction.

    A failed condition means that somebody else was faster: what they wrote can be read at once.
    A conflict means that they are still at it, so the next attempt waits a little, longer each
    time, by `back_off` (see `Table.back_off`).

        for attempt in attempts(12, ContentionError("conversation 7"), table.back_off):
            with attempt:
                loaded = load(key)
                table.transact(changes(loaded))

    Raises:
        PulseError: the error `exhausted`, when the last of `limit` attempts was cancelled too.
    """
    for number in range(limit):
        attempt = Attempt()
        yield attempt
        if attempt.cancelled is None:
            return
        if attempt.cancelled.conflict and number + 1 < limit:
            back_off(number + 1)
    raise exhausted from attempt.cancelled
