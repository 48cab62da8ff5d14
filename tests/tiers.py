"""What each of `make quick`, `make test` and `make test-all` runs, and what must be there in CI."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

import pytest

WHOLE = bool(os.environ.get("PULSE_TEST_ALL"))
"""Try everything, not a sample."""

_SLOW = frozenset({"fork", "importlib", "moto", "multiprocessing", "playwright", "subprocess"})
"""Who leads to one of these needs AWS, a process or a browser; or, for all that can be seen, may.

`importlib` brings whatever it is told, such as the command that a test names.
"""
_SLOW_MARKERS = ("built", "browser", "shared", "whole")
_OURS = frozenset({"pulse", "pulse_cli", "tests"})
_known: dict[int, bool] = {}
_alive: list[Any] = []
"""What is known by its id must not go, or another may come to have it."""


def missing(what: str) -> NoReturn:
    """Skip, saying what to get; where CI runs it must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def is_quick(item: pytest.Item) -> bool:
    """Whether neither a test nor a fixture that it asks for leads to AWS, a process or a browser.

    Nobody lists the quick tests: they are found by following the names that code uses, from
    functions to functions. A name that is followed too far makes a test slow, never a slow
    test quick; only what is reached by `getattr` with a name made up is not seen.
    """
    if any(item.get_closest_marker(name) for name in _SLOW_MARKERS):
        return False
    fixtures = item._fixtureinfo.name2fixturedefs.values()  # type: ignore[attr-defined]
    parts = [one.func for fixed in fixtures for one in fixed]
    given = getattr(item, "callspec", None)
    parts += [item.obj, *(given.params.values() if given else ())]  # type: ignore[attr-defined]
    return not any(map(leads_to_slow, parts))


def leads_to_slow(start: Any) -> bool:
    """Whether code that uses moto, processes or a browser can be reached from here."""
    if id(start) in _known:
        return _known[id(start)]
    seen: dict[int, Any] = {}
    left = [start]
    slow = False
    while left and not slow:
        thing = left.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        slow = _known.get(id(thing), False) or _is_slow(thing)
        left += _uses(thing)
    found = {id(start): start} if slow else seen
    _known.update(dict.fromkeys(found, slow))
    _alive.extend(found.values())
    return slow


def _is_slow(thing: Any) -> bool:
    name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    return isinstance(name, str) and not _SLOW.isdisjoint(name.split(".")[:1])


def _uses(thing: Any) -> Iterator[Any]:
    """What a function, a class, an object of ours or a collection leads to in one step."""
    match thing:
        case str() | bytes() | ModuleType():
            return
        case FunctionType():
            yield from _named(thing)
        case MethodType():
            yield from (thing.__func__, thing.__self__)
        case property():
            yield from filter(None, (thing.fget, thing.fset))
        case cached_property() | partial():
            yield thing.func
        case classmethod() | staticmethod():
            yield thing.__func__
        case Mapping():
            yield from thing.values()
        case list() | tuple() | set() | frozenset():
            yield from thing
        case type():
            if _is_ours(thing):
                yield from (*thing.__bases__, *vars(thing).values())
        case _:
            if hasattr(thing, "__wrapped__"):
                yield thing.__wrapped__
            if _is_ours(type(thing)) or isinstance(getattr(thing, "callback", None), Callable):
                yield from (type(thing), *getattr(thing, "__dict__", {}).values())


def _named(function: FunctionType) -> Iterator[Any]:
    """What the names in a function's code stand for, in its module and in modules it names."""
    if not _is_ours(function):
        return
    names = set(_names(function.__code__))
    if names & _SLOW:
        yield sys.modules["subprocess"]
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
        cell.cell_contents  # noqa: B018 - raises where nothing was put in yet
    except ValueError:
        return False
    return True


def _is_ours(thing: Any) -> bool:
    """Whether it is defined in the project: Lambda's handlers are reached through replays only."""
    name = thing.__name__ if isinstance(thing, ModuleType) else getattr(thing, "__module__", None)
    return isinstance(name, str) and name.partition(".")[0] in _OURS
