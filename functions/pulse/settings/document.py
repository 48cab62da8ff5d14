"""Reading fields of a plain document, with errors that name the dotted path of the field."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pulse.kernel.errors import NeedsPersonError

_Read = TypeVar("_Read")
_Standard = TypeVar("_Standard")
Document = Mapping[str, Any]


class SettingsError(NeedsPersonError, ValueError):
    """A setting that cannot be read. `field` is its dotted path, from the top."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def required(raw: Document, key: str, where: str) -> Any:
    """Return a field that must be there.

    Raises:
        SettingsError: it is missing, or empty in the document.
    """
    if raw.get(key) is None:
        raise SettingsError(f"{where}.{key}".lstrip("."), "is missing")
    return raw[key]


def mapping(value: Any, where: str) -> Document:
    """Return a value that must have fields of its own.

    Raises:
        SettingsError: it has none.
    """
    if not isinstance(value, Mapping):
        raise SettingsError(where, "must have fields below it")
    return value


def listed(value: Any, where: str) -> list[Any]:
    """Return a list; one value alone stands for a list of one, None for an empty list.

    Raises:
        SettingsError: there are fields where a list must be.
    """
    if isinstance(value, Mapping):
        raise SettingsError(where, "must be a list")
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def optional(
    raw: Document, key: str, where: str, reader: Callable[[Any], _Read], standard: _Standard
) -> _Read | _Standard:
    """Return a field as `reader` reads it; `standard` if it is left out."""
    value = raw.get(key)
    return standard if value is None else parsed(reader, value, f"{where}.{key}")


def parsed(reader: Callable[[Any], _Read], value: Any, where: str) -> _Read:
    """Return a value as `reader` reads it.

    Raises:
        SettingsError: the reader raised ValueError; the message holds the value as it was typed.
    """
    try:
        return reader(value if isinstance(value, list) else str(value))
    except ValueError as error:
        raise SettingsError(where, f"{value!r} {error}") from error
