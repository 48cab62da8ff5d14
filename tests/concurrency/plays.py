"""A scene, played in every order, and what was wrong at the ends.

`python -m tests.concurrency.plays [NAME ...]` plays scenes whole, however long that takes.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random

from tests.adapters.turns import Player

from .orders import Search, drawn_orders
from .reckoning import wrong
from .said import Said
from .scenes import SCENES, Scene
from .stage import Stage, function

_AFTER = (("flag", 1), ("flag", 2), ("send", 5), ("send", 40))
"""What goes on afterwards, past claims, old settings and the alert window."""


@dataclass
class Played:
    """How many different ends there were, what was met on the way, and what was wrong at which."""

    ends: int = 0
    states: int = 0
    calls: int = 0
    whole: bool = True
    """Whether all orders were played, or a part."""
    wrong: list[list[str]] = field(default_factory=list)


class Play:
    """A scene on its stage, to be begun any number of times."""

    def __init__(self, scene: Scene, stage: Stage, said: Said) -> None:
        self.stage = stage
        self._scene = scene
        self._writers = scene.writers(list(said.facts))

    def start(self) -> list[Player]:
        """All writers at their first calls."""
        return self.stage.begin(*self._writers, push=self._scene.push)

    def end(self) -> list[str]:
        """Let the minutes that follow go by; what is wrong then."""
        last = max(writer.minute for writer in self._writers)
        self.stage.perform(*(function(name, last + minute) for name, minute in _AFTER))
        return wrong(self.stage.evidence())


@contextmanager
def staged(scene: Scene) -> Iterator[Play]:
    """Set the stage."""
    said = Said()
    scene.said(said)
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder), said, scene.document) as it:
        it.arrange(*scene.before)
        yield Play(scene, it, said)


def play(scene: Scene, drawn: int | None = None, seed: int = 0, most: int | None = None) -> Played:
    """Play it in every order that can make a difference, or in so many drawn by lot.

    After the first `most` ends of the search, half as many orders more are drawn by lot: both
    begin elsewhere with another seed.
    """
    played = Played()
    with staged(scene) as at:
        search = Search(at.start, at.stage.state, None if most is None else Random(seed))
        orders = islice(search.ends(), most) if drawn is None else iter(())
        for calls in orders:
            _see(played, at, calls)
        if drawn is None and played.ends == most:
            played.whole, drawn = False, most // 2
        for calls in drawn_orders(at.start, drawn or 0, seed):
            _see(played, at, calls)
        played.states = len(search.states)
    return played


def _see(played: Played, at: Play, calls: int) -> None:
    played.ends += 1
    played.calls += calls
    if found := at.end():
        played.wrong.append(found)


def main() -> int:
    """Play scenes whole (all, or those named); returns 1 when something is wrong at an end."""
    failed = False
    for name in sys.argv[1:] or SCENES:
        played = play(SCENES[name])
        failed |= bool(played.wrong)
        sys.stdout.write(f"{name}: {played.ends} ends, wrong: {played.wrong}\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
