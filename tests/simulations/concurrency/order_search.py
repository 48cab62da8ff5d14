"""Searches all orders of the writers' calls that can make a difference.

Two calls that have no key in common, or only read, can be swapped without any effect: of orders
that differ only by such swaps, one is tried (sleep sets with stored states; Godefroid 1996).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.interleaving import SteppedWriter


@dataclass(frozen=True)
class Access:
    """What a call reads and writes: keys, whole partitions (a prefix of keys), the index."""

    name: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def conflicts_with(self, other: "Access") -> bool:
        """Whether the order of the two makes a difference."""
        return (
            _overlap(self.writes, other.writes | other.reads)
            or _overlap(other.writes, self.reads)
        )  # fmt: skip


def _overlap(ones: frozenset[str], others: frozenset[str]) -> bool:
    return any(a.startswith(b) or b.startswith(a) for a in ones for b in others)


@dataclass
class _Node:
    """A state on the path that is being tried."""

    left: list[int]
    """Writers whose call is still to be tried here; the last one's is on the path."""
    asleep: set[int]
    """Writers whose call need not be tried here: it has been, or commutes with one that has."""
    end: bool
    """All writers are done, in a state not seen before."""


class OrderSearch:
    """The search through all orders.

    `start` restarts the scenario and runs each writer up to its first call. `state` returns all
    that is stored and all answers each writer has received; runs in equal states continue in the
    same way. `random` chooses which branch is tried first, for searches that are not finished.
    """

    def __init__(
        self,
        start: Callable[[], Sequence[SteppedWriter]],
        state: Callable[[], object],
        random: Random | None = None,
    ) -> None:
        self.states: dict[object, set[int]] = {}
        """States seen, with the writers whose calls were skipped there."""
        self._start = start
        self._state = state
        self._random = random
        self._path: list[_Node] = []

    def outcomes(self) -> Iterator[int]:
        """Reach every outcome once; yields the number of calls that led to it."""
        while True:
            self._follow(self._start())
            if self._path[-1].end:
                yield len(self._path) - 1
            while self._path and not _next(self._path[-1]):
                self._path.pop()
            if not self._path:
                return

    def _follow(self, writers: Sequence[SteppedWriter]) -> None:
        """Follow the path, then continue from its end until a known state."""
        asleep: set[int] = set()
        depth = 0
        while True:
            if depth == len(self._path):
                self._path.append(self._new_node(writers, asleep))
            node = self._path[depth]
            if not node.left:
                for writer in writers:
                    writer.abandon()
                return
            step: Access = writers[node.left[-1]].next
            asleep = {n for n in node.asleep if not step.conflicts_with(writers[n].next)}
            writers[node.left[-1]].step()
            depth += 1

    def _new_node(self, writers: Sequence[SteppedWriter], asleep: set[int]) -> _Node:
        """A node for the current state; in a known state, only calls skipped before are tried."""
        ready = {n for n, writer in enumerate(writers) if not writer.done}
        state = self._state()
        known = self.states.get(state)
        self.states[state] = asleep if known is None else known & asleep
        left = sorted((ready if known is None else known) - asleep, reverse=True)
        if self._random is not None:
            self._random.shuffle(left)
        return _Node(left, set(self.states[state]), not ready and known is None)


def _next(node: _Node) -> bool:
    """Go to the next choice; returns False if there is none."""
    if node.left:
        node.asleep.add(node.left.pop())
    return bool(node.left)


def drawn_orders(
    start: Callable[[], Sequence[SteppedWriter]], number: int, seed: int = 7
) -> Iterator[int]:
    """Run `number` random orders, the same for the same seed; yields the calls of each."""
    random = Random(seed)
    for _ in range(number):
        yield finish(start(), random)


def finish(writers: Sequence[SteppedWriter], random: Random | None = None) -> int:
    """Run all writers to their ends, at random or one after the other; returns the calls made."""
    calls = 0
    while ready := [writer for writer in writers if not writer.done]:
        (random.choice(ready) if random else ready[0]).step()
        calls += 1
    return calls
