"""Decides what `make quick`, `make test` and `make test-all` run, and what CI must not skip."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NoReturn

import pytest

TEST_ALL = bool(os.environ.get("PULSE_TEST_ALL"))
"""Try everything, not a sample."""

SEED = int(os.environ.get("PULSE_SEED") or 0)
"""The seed of all samples: always the same in `make test`, a new one in each `make test-all`."""


class Done:
    """Records in a folder what has passed in a run that may be interrupted and continued.

    What passes goes into a separate file until the next call begins: all processes of a run must
    leave out the same tests.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._passed = folder / "passed"
        self._now = folder / "passed-now"

    def begin(self) -> None:
        """Add what passed in the last call to what passed in earlier ones."""
        if self._now.exists():
            with self._passed.open("a", encoding="utf-8") as file:
                file.write(self._now.read_text(encoding="utf-8"))
            self._now.unlink()

    def passed(self) -> frozenset[str]:
        """Return the ids of the tests that need not be run again."""
        if not self._passed.exists():
            return frozenset()
        return frozenset(map(json.loads, self._passed.read_text(encoding="utf-8").splitlines()))

    def note(self, report: pytest.TestReport) -> None:
        """Record a test that has passed; a skipped one will be run again."""
        if report.when == "call" and report.passed:
            with self._now.open("a", encoding="utf-8") as file:
                file.write(json.dumps(report.nodeid) + "\n")


DONE = Done(Path(os.environ["PULSE_DONE"])) if os.environ.get("PULSE_DONE") else None
"""The record of what has passed in `make test-all`."""

_PROCESSES = frozenset({"fork", "multiprocessing", "playwright", "subprocess"})
"""Code that leads to one of these needs separate processes, or a browser."""
_SLOW = _PROCESSES | {"importlib", "moto"}
"""Code that leads to one of these needs AWS as well, or may need it: `importlib` imports whatever
it is told, such as the command that a test names.
"""
_APART = ("built", "browser", "shared", "whole")
"""Markers of tests that need more than this checkout, or hours."""
_OURS = frozenset({"pulse", "pulse_cli", "tests"})
_WRAPS = ("__wrapped__", "__func__", "__self__", "func", "fget", "fset")
"""Attributes in which methods, properties, partial functions and the like store what they call."""
_known: dict[tuple[int, frozenset[str]], bool] = {}
_alive: list[Any] = []
"""Objects that are known by their id: they must stay alive, or another object may get the id."""


def skip_or_fail(what: str) -> NoReturn:
    """Skip the test, naming what to install; in CI, fail instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def tier(item: pytest.Item) -> str | None:
    """Return `quick`, `inside` (needs moto, but no separate process and no browser) or None.

    The tests are not listed: they are sorted by what they and their fixtures lead to, following
    the names that code uses from function to function. A name that is followed too far makes a
    test slow, never a slow test quick; only what `getattr` reaches with a computed name is missed.
    """
    if any(item.get_closest_marker(name) for name in _APART):
        return None
    fixtures = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]  # noqa: SLF001 - pytest's own
    parts = [one.func for fixed in fixtures for one in fixed]
    given = getattr(item, "callspec", None)
    parts += [item.obj, *(given.params.values() if given else ())]  # type: ignore[attr-defined]
    if not any(leads_to(part, _SLOW) for part in parts):
        return "quick"
    return None if any(leads_to(part, _PROCESSES) for part in parts) else "inside"


def leads_to(start: Any, names: frozenset[str]) -> bool:
    """Tell whether code can be reached that uses a module or calls a function of these names."""
    if (id(start), names) in _known:
        return _known[id(start), names]
    seen: dict[int, Any] = {}
    pending = [start]
    reached = False
    while pending and not reached:
        thing = pending.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        reached = _known.get((id(thing), names), False) or _is_of(thing, names)
        pending += _uses(thing)
    found = {id(start): start} if reached else seen
    _known.update(dict.fromkeys(((one, names) for one in found), reached))
    _alive.extend(found.values())
    return reached


def _is_of(thing: Any, names: frozenset[str]) -> bool:
    if isinstance(thing, str):
        return False
    if isinstance(thing, FunctionType) and _is_ours(thing):
        return not names.isdisjoint(_names(thing.__code__))
    name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] in names


def _uses(thing: Any) -> Iterator[Any]:
    """Yield what a function, a class, an object of ours or a collection leads to in one step."""
    match thing:
        case str() | bytes() | ModuleType():
            pass
        case FunctionType():
            yield from _named(thing)
        case type():
            if _is_ours(thing):
                yield from (*thing.__bases__, *vars(thing).values())
        case Mapping():
            yield from thing.values()
        case list() | tuple() | set() | frozenset():
            yield from thing
        case _:
            yield from (getattr(thing, name, None) for name in _WRAPS)
            if _is_ours(type(thing)) or callable(getattr(thing, "callback", None)):
                yield from (type(thing), *getattr(thing, "__dict__", {}).values())


def _named(function: FunctionType) -> Iterator[Any]:
    """Yield what the names in a function's code refer to, in its module and in modules it names."""
    if not _is_ours(function):
        return
    names = set(_names(function.__code__))
    space = function.__globals__
    for name in names:
        found = space.get(name, sys.modules.get(name))
        yield found
        if isinstance(found, ModuleType) and _is_ours(found):
            yield from (vars(found)[one] for one in names if one in vars(found))
    yield from (cell.cell_contents for cell in function.__closure__ or () if _is_set(cell))
    yield from (function.__defaults__ or ())
    if hasattr(function, "__wrapped__"):
        yield function.__wrapped__


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_set(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises if the cell is empty
    except ValueError:
        return False
    return True


def _is_ours(thing: Any) -> bool:
    """Tell whether the project defines it: Lambda's handlers are reached through replays only."""
    name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] in _OURS
