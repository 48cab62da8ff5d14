"""Items as plain values and in DynamoDB's own form, and records of the domain as JSON.

`to_json` and `from_json` turn dataclasses and NamedTuples into JSON values and back, by the types
of their fields: a new field with a default needs no line here, and older JSON stays readable.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Item = dict[str, Any]
_Record = TypeVar("_Record")
_LEFT_OUT: tuple[Any, ...] = (None, (), frozenset())

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ItemKey(NamedTuple):
    """The key of an item."""

    pk: str
    sk: str


def sortable_time(moment: datetime) -> str:
    """Return a time as ISO text in UTC, to the millisecond: such texts sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def parse_time(text: str | None) -> datetime | None:
    """Return the time that `sortable_time` has written; None for None or an empty text."""
    return datetime.fromisoformat(text) if text else None


def to_dynamodb(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values in DynamoDB's own form, without those that are None."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def from_dynamodb(raw: Mapping[str, Any]) -> Item:
    """Return an item of DynamoDB as plain values; all numbers are whole."""
    return {name: _plain(_deserialize(value)) for name, value in raw.items()}


def _plain(value: Any) -> Any:
    value = getattr(value, "value", value)  # boto3 wraps bytes
    return int(value) if isinstance(value, Decimal) else value


def key_to_dynamodb(at: ItemKey) -> Any:
    """Return a key in DynamoDB's own form."""
    return {"pk": {"S": at.pk}, "sk": {"S": at.sk}}


def to_json(value: Any) -> Any:
    """Return a record as JSON values: times as `sortable_time`, sets sorted, tuples as lists.

    Of a dataclass, fields that are None, or that have a default and are an empty tuple or set, are
    left out; so a field that is added later, with a default, makes no record longer that does not
    use it. A NamedTuple is a list.
    """
    if isinstance(value, datetime):
        return sortable_time(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [to_json(v) for v in value]
    if isinstance(value, Mapping):
        return {name: to_json(v) for name, v in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        kind: Any = type(value)
        named = ((name, getattr(value, name), left_out) for name, left_out in _fields(kind))
        return {n: to_json(v) for n, v, left_out in named if v not in left_out}
    return value


def from_json(kind: type[_Record], raw: Any) -> _Record:
    """Return the record of this type that `to_json` has turned into these JSON values.

    What was left out has the default of its field.

    >>> from_json(ItemKey, ["outbox#acme", "anna#1"])
    ItemKey(pk='outbox#acme', sk='anna#1')

    Raises:
        TypeError: a field without a default is missing, or the type knows no such field.
    """
    hashable: Any = kind
    record: _Record = _decoder(hashable)(raw)
    return record


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Return the names of the fields of a dataclass, each with the values that are left out."""
    return tuple(
        (field.name, (None,) if field.default is MISSING else _LEFT_OUT) for field in fields(kind)
    )


@functools.cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """Return what turns a JSON value into a value of this type.

    Reading the types of a class takes far longer than decoding one value of it, and `flag` decodes
    thousands in a minute: so a class is looked at once in a process, and its decoder kept.
    """
    origin, of = get_origin(kind), [arg for arg in get_args(kind) if arg is not NoneType]
    if kind is datetime:
        return datetime.fromisoformat
    if NoneType in get_args(kind):
        some = _decoder(of[0])
        return some if some is _as_it_is else lambda raw: None if raw is None else some(raw)
    if origin is Mapping:
        value = _decoder(of[1])
        return lambda raw: {name: value(one) for name, one in raw.items()}
    if origin is frozenset or (origin is tuple and of[-1] is ...):
        element = _decoder(of[0])
        return origin if element is _as_it_is else lambda raw: origin(map(element, raw))
    return _tuple_decoder(tuple, of) if origin is tuple else _class_decoder(kind)


def _class_decoder(kind: Any) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        by_name = {name: _decoder(hint) for name, hint in get_type_hints(kind).items()}
        to_decode = [(name, one) for name, one in by_name.items() if one is not _as_it_is]
        make: Any = kind

        def decode(raw: Mapping[str, Any]) -> Any:
            return make(
                **{**raw, **{name: one(raw[name]) for name, one in to_decode if name in raw}}
            )

        return decode
    if hasattr(kind, "_make"):
        return _tuple_decoder(kind._make, get_type_hints(kind).values())
    return _as_it_is


def _as_it_is(raw: Any) -> Any:
    """Return text, a number, a Literal or Any: they are JSON values."""
    return raw


def _tuple_decoder(
    make: Callable[[Iterable[Any]], Any], kinds: Iterable[Any]
) -> Callable[[Any], Any]:
    elements = [_decoder(one) for one in kinds]
    return lambda raw: make(decode(one) for decode, one in zip(elements, raw, strict=True))
