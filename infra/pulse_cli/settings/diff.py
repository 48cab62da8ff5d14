"""Compares two versions of the settings, and describes the changes in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["Change", "compare"]

_NAMES = ("name", "id", "person")
_LONG = 60
_UNNAMED = ("companies",)


class Change(NamedTuple):
    """One difference: its place in the settings, its value before and now (None: absent)."""

    where: str
    was: str | None
    now: str | None

    def to_line(self) -> str:
        """Return the change as one line, which begins with `+`, `-` or `~`."""
        if self.was is None:
            return f"+ {self.where}: {self.now}"
        if self.now is None:
            return f"- {self.where}: {self.was}"
        return f"~ {self.where}: {self.was} → {self.now}"


def compare(was: Any, now: Any) -> list[Change]:
    """Return the differences between two documents.

    Entries of a list that have names are compared by name, wherever they are in the list.
    """
    return list(_compare("", was, now))


def _compare(where: str, was: Any, now: Any) -> Iterator[Change]:
    if was == now:
        return
    before, after = _parts(was), _parts(now)
    if (
        (before is None or after is None)
        and _is_list_of_mappings(was)
        and _is_list_of_mappings(now)
    ):
        yield from (Change(where, _shorten(part), None) for part in was if part not in now)
        yield from (Change(where, None, _shorten(part)) for part in now if part not in was)
        return
    if before is None or after is None:
        yield Change(where or "settings", _shorten(was), _shorten(now))
        return
    for name in dict.fromkeys((*before, *after)):
        place = ".".join(filter(None, (where, name if name not in _UNNAMED else "")))
        if name not in before:
            yield Change(place, None, _shorten(after[name]))
        elif name not in after:
            yield Change(place, _shorten(before[name]), None)
        else:
            yield from _compare(place, before[name], after[name])


def _parts(value: Any) -> dict[str, Any] | None:
    """Return the parts of a value by name; None if it has no parts, or parts without names."""
    if isinstance(value, Mapping):
        return {str(name): part for name, part in value.items()}
    if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
        return None
    by_name = {name: part for part in value if (name := _name_of(part)) is not None}
    return by_name if len(by_name) == len(value) else None


def _is_list_of_mappings(value: Any) -> bool:
    """Return whether this is a list in which an entry is a mapping."""
    return isinstance(value, list) and any(isinstance(part, Mapping) for part in value)


def _name_of(part: Mapping[str, Any]) -> str | None:
    named = next((part[name] for name in _NAMES if name in part), None)
    username = part.get("username")
    return str(username) if username else None if named is None else str(named)


def _shorten(value: Any) -> str:
    text = _format(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def _format(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_format_nested(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_format_nested, value)) or "none"
    return "none" if value is None else str(value)


def _format_nested(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_format(value)})"
    return f"[{_format(value)}]" if isinstance(value, list) else str(value)
