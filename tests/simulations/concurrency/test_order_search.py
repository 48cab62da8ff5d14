"""The search through orders misses no outcome: compared with trying all orders in turn."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from tests.interleaving import SteppedWriter
from tests.simulations.concurrency.order_search import Access, OrderSearch

Call = tuple[Literal["read", "write"], str]
CALLS = st.tuples(st.sampled_from(["read", "write"]), st.sampled_from(["a", "ab", "b"]))
PROGRAMS = st.lists(st.lists(CALLS, min_size=1, max_size=3), min_size=2, max_size=3)


class ToyStore:
    """A store, and writers whose writes depend on all that they have read."""

    def __init__(self, programs: Sequence[Sequence[Call]]) -> None:
        self.programs = programs
        self.begin()

    def begin(self) -> None:
        self.stored: dict[str, int] = {}
        self.results: list[list[int]] = [[] for _ in self.programs]

    def call(self, writer: int, call: Call) -> None:
        kind, key = call
        if kind == "read":
            found = (v for k, v in sorted(self.stored.items()) if k.startswith(key))
            self.results[writer].append(hash(tuple(found)))
        else:
            self.stored[key] = hash((key, *self.results[writer]))
            self.results[writer].append(0)

    def state(self) -> object:
        return tuple(sorted(self.stored.items())), tuple(map(tuple, self.results))

    def start(self) -> list[SteppedWriter]:
        self.begin()
        return [SteppedWriter(self._acts(writer)) for writer in range(len(self.programs))]

    def _acts(self, writer: int) -> Callable[[Callable[[Any], None]], object]:
        def act(wait: Callable[[Any], None]) -> None:
            for kind, key in self.programs[writer]:
                wait(Access(kind, **{f"{kind}s": frozenset({key})}))
                self.call(writer, (kind, key))

        return act


def in_all_orders(lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All orders of the writers' calls, each as the writers in turn."""
    if not any(lengths):
        yield ()
    for writer, remaining in enumerate(lengths):
        if remaining:
            rest = [n - (place == writer) for place, n in enumerate(lengths)]
            yield from ((writer, *order) for order in in_all_orders(rest))


@given(PROGRAMS)
def test_every_outcome_is_found_once(programs: list[list[Call]]) -> None:
    """The search finds each outcome once: the same outcomes as trying all orders in turn."""
    expected = set()
    for order in in_all_orders([len(program) for program in programs]):
        store, calls = ToyStore(programs), [iter(program) for program in programs]
        for writer in order:
            store.call(writer, next(calls[writer]))
        expected.add(store.state())
    store = ToyStore(programs)
    outcomes = [store.state() for _ in OrderSearch(store.start, store.state).outcomes()]
    assert sorted(map(str, outcomes)) == sorted(map(str, expected))
