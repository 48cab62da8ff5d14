"""What an item holds, plain and in DynamoDB's own form; the key it lies under."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

if TYPE_CHECKING:
    from collections.abc import Mapping

Item = dict[str, Any]

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ItemKey(NamedTuple):
    """The key of an item."""

    pk: str
    sk: str


def sortable_time(moment: datetime) -> str:
    """A time as text that sorts by time (UTC, milliseconds)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def parse_time(text: str | None) -> datetime | None:
    """The time of a stamp, where there is one."""
    return datetime.fromisoformat(text) if text else None


def to_dynamodb(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values in DynamoDB's own form; what is None is left out."""
    return {name: _serialize(value) for name, value in values.items() if value is not None}


def from_dynamodb(raw: Mapping[str, Any]) -> Item:
    """An item of DynamoDB as plain values; numbers are whole."""
    return {name: _plain(_deserialize(value)) for name, value in raw.items()}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


def key_to_dynamodb(at: ItemKey) -> Any:
    """A key in DynamoDB's own form."""
    return {"pk": {"S": at.pk}, "sk": {"S": at.sk}}
