"""Every order of the writers' calls that can make a difference.

Two calls that touch nothing in common, or only read, may change places without anybody
noticing: of the orders that differ in that alone one is played (sleep sets, and states that
were met before with them; Godefroid 1996).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.interleaving import SteppedWriter


@dataclass(frozen=True)
class Access:
    """What a call reads and writes: keys, whole partitions (a key's beginning), the index."""

    name: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def conflicts_with(self, other: "Access") -> bool:
        """Whether it makes a difference which of the two comes first."""
        return (
            _overlap(self.writes, other.writes | other.reads)
            or _overlap(other.writes, self.reads)
        )  # fmt: skip


def _overlap(ones: frozenset[str], others: frozenset[str]) -> bool:
    return any(a.startswith(b) or b.startswith(a) for a in ones for b in others)


@dataclass
class _Node:
    """A state on the path that is being played."""

    left: list[int]
    """Whose call is still to be tried from here; that of the last is on the path."""
    asleep: set[int]
    """Whose call need not be: it has been, or makes no difference to one that has."""
    end: bool
    """All are done, as was not seen before."""


class OrderSearch:
    """The search through all orders.

    `start` sets the scene anew and lets each writer go as far as its first call. `state` says
    how things stand: all that is stored, and all that each writer was told so far; where two
    are equal, all goes on alike. `random` chooses which branch is taken first, for searches
    that are broken off.
    """

    def __init__(
        self,
        start: Callable[[], Sequence[SteppedWriter]],
        state: Callable[[], object],
        random: Random | None = None,
    ) -> None:
        self.states: dict[object, set[int]] = {}
        """What was met, and whose calls were left out there."""
        self._start = start
        self._state = state
        self._random = random
        self._path: list[_Node] = []

    def outcomes(self) -> Iterator[int]:
        """Come to every end that there is, once; yields at each how many calls led there."""
        while True:
            self._play(self._start())
            if self._path[-1].end:
                yield len(self._path) - 1
            while self._path and not _next(self._path[-1]):
                self._path.pop()
            if not self._path:
                return

    def _play(self, players: Sequence[SteppedWriter]) -> None:
        """Play by the path, and on from its end until what follows is known."""
        asleep: set[int] = set()
        depth = 0
        while True:
            if depth == len(self._path):
                self._path.append(self._arrive(players, asleep))
            node = self._path[depth]
            if not node.left:
                for player in players:
                    player.abandon()
                return
            step: Access = players[node.left[-1]].next
            asleep = {n for n in node.asleep if not step.conflicts_with(players[n].next)}
            players[node.left[-1]].step()
            depth += 1

    def _arrive(self, players: Sequence[SteppedWriter], asleep: set[int]) -> _Node:
        """Where this is known, what was left out before is tried, unless it is asleep still."""
        ready = {n for n, player in enumerate(players) if not player.done}
        state = self._state()
        known = self.states.get(state)
        self.states[state] = asleep if known is None else known & asleep
        left = sorted((ready if known is None else known) - asleep, reverse=True)
        if self._random is not None:
            self._random.shuffle(left)
        return _Node(left, set(self.states[state]), not ready and known is None)


def _next(node: _Node) -> bool:
    """Go to the next choice; False when there is none."""
    if node.left:
        node.asleep.add(node.left.pop())
    return bool(node.left)


def drawn_orders(
    start: Callable[[], Sequence[SteppedWriter]], number: int, seed: int = 7
) -> Iterator[int]:
    """Play so many orders drawn by lot, the same each time."""
    random = Random(seed)
    for _ in range(number):
        yield finish(start(), random)


def finish(players: Sequence[SteppedWriter], random: Random | None = None) -> int:
    """Let them go on to their ends, drawn by lot or one after the other; how many calls."""
    calls = 0
    while ready := [player for player in players if not player.done]:
        (random.choice(ready) if random else ready[0]).step()
        calls += 1
    return calls
