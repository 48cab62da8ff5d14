"""Every order of the writers' calls that can make a difference, one play each.

Two calls that touch nothing in common, or only read, may change places without anybody
noticing: of the orders that differ in that alone one is played (sleep sets, Godefroid 1996).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.adapters.turns import Player


@dataclass(frozen=True)
class Touch:
    """What a call reads and writes: keys, whole partitions (a key's beginning), the index."""

    name: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()

    def minds(self, other: "Touch") -> bool:
        """Whether it makes a difference which of the two comes first."""
        return (
            _meet(self.writes, other.writes | other.reads)
            or _meet(other.writes, self.reads)
        )  # fmt: skip


def _meet(ones: frozenset[str], others: frozenset[str]) -> bool:
    return any(a.startswith(b) or b.startswith(a) for a in ones for b in others)


@dataclass
class _Node:
    ready: list[int]
    asleep: frozenset[int]
    choice: int
    tried: set[int] = field(default_factory=set)

    def next(self) -> bool:
        """Go to the next choice; False when there is none."""
        self.tried.add(self.choice)
        left = [n for n in self.ready if n not in self.tried | self.asleep]
        self.choice = left[0] if left else -1
        return bool(left)


def every_order(
    start: Callable[[], Sequence[Player]], minds: Callable[[Touch, Touch], bool] = Touch.minds
) -> Iterator[int]:
    """Play all orders; yields after each how many calls it had, for the end to be judged.

    `start` sets the scene anew and lets each writer go as far as its first call.
    """
    path: list[_Node] = []
    while True:
        depth = _play(start(), path, minds)
        if depth:
            yield depth
        while path and not path[-1].next():
            path.pop()
        if not path:
            return


def _play(
    players: Sequence[Player], path: list[_Node], minds: Callable[[Touch, Touch], bool]
) -> int:
    """Play by the path, and on from its end; 0 when what follows has been played before."""
    asleep: frozenset[int] = frozenset()
    depth = 0
    while ready := [n for n, player in enumerate(players) if not player.done]:
        if depth == len(path):
            awake = [n for n in ready if n not in asleep]
            if not awake:
                finish(players)
                return 0
            path.append(_Node(ready, asleep, awake[0]))
        node = path[depth]
        depth += 1
        step: Touch = players[node.choice].next
        others = node.asleep | node.tried
        asleep = frozenset(n for n in others if not minds(step, players[n].next))
        players[node.choice].step()
    return depth


def drawn_orders(
    start: Callable[[], Sequence[Player]], number: int, seed: int = 7
) -> Iterator[int]:
    """Play so many orders drawn by lot, the same each time."""
    random = Random(seed)
    for _ in range(number):
        yield finish(start(), random)


def finish(players: Sequence[Player], random: Random | None = None) -> int:
    """Let them go on to their ends, drawn by lot or one after the other; how many calls."""
    calls = 0
    while ready := [player for player in players if not player.done]:
        (random.choice(ready) if random else ready[0]).step()
        calls += 1
    return calls
