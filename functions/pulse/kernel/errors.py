"""All errors that Pulse raises on purpose: try again later, or tell a person."""

from collections.abc import Iterator
from contextlib import contextmanager


class PulseError(Exception):
    """The base of all errors of Pulse."""


class RetryLaterError(PulseError):
    """Nothing is wrong permanently: the next run, a minute later, tries the same again."""


class NeedsPersonError(PulseError):
    """Waiting does not help; the message says what a person has to do."""


class StaleWriteError(RetryLaterError):
    """Another run saved a newer version of the same item since this one read it."""


class ContentionError(RetryLaterError):
    """Others kept writing the same items for as long as this run tried."""


class Failures:
    """Collects what fails among many, so that one failure holds up no other.

    >>> failures = Failures("accounts failed")
    >>> for number in (1, 0, 2):
    ...     with failures.collecting(f"account {number}"):
    ...         _ = 1 / number
    >>> len(failures)
    1
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._problems: list[Exception] = []

    def __len__(self) -> int:
        return len(self._problems)

    @contextmanager
    def collecting(self, note: str | None = None) -> Iterator[None]:
        """Keep an exception raised inside the block for `raise_collected`, with this note."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - raised by raise_collected, after all others
            if note is not None:
                problem.add_note(note)
            self._problems.append(problem)

    def raise_collected(self) -> None:
        """Do nothing if nothing failed.

        Raises:
            ExceptionGroup: everything that failed; "3 accounts failed".
        """
        if self._problems:
            raise ExceptionGroup(f"{len(self._problems)} {self._what}", self._problems)
