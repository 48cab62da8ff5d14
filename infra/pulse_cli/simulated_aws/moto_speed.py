"""Speeds up moto where it is right, but too slow for a replay of thousands of posts (D-002).

- Its transactions copy the whole table for every action, to undo it if a later condition fails.
  Here all conditions are checked first, so that nothing has to be undone; then moto itself carries
  out the actions.
- Its queries sort the whole table before they look for the requested key. Here they get only the
  items that may have that key.
- Its answers look at every attribute for each of ten possible types, under several names each. Here
  a value is returned as it is in the table.
- It works out the names of its own methods for every call. Here it does so once.
- It reads CloudFormation's JSON as YAML, in Python, and makes an RSA key for every table. Here JSON
  is read as JSON, and a process makes one key, which Pulse never uses.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

import moto.core.responses
import moto.core.utils
import moto.kms.models
import moto.kms.utils
import moto.sqs.models
from moto.cloudformation.models import Stack
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    MultipleTransactionsException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from pulse_cli.simulated_aws import moto_fifo

_MOST = 100
_INDEX_NAME = 6
"""The position of the index's name in the arguments of moto's `Table.query`, after the hash key."""
# As Any, since moto's own types do not allow the assignments below.
_Backend: Any = DynamoDBBackend
_Table: Any = Table
_Serializer: Any = BaseJSONSerializer
_CloudFormation: Any = Stack

_whole = _Backend.transact_write_items
_query_whole = _Table.query
_all_items_whole = _Table.all_items
_method_names = cache(moto.core.utils.method_names_from_class)
_underscored = cache(moto.core.utils.camelcase_to_underscores)
_structure = _Serializer._serialize_type_structure  # noqa: SLF001
_private_key = cache(moto.kms.utils.generate_private_key)
_template = _CloudFormation.parse_template


def install() -> None:
    """Patch moto for this process, with the corrections of `moto_fifo`, too."""
    moto_fifo.install()
    _Backend.transact_write_items = _transact
    _Serializer._serialize_type_structure = _serialize  # noqa: SLF001
    _Table.query = _query
    _Table.all_items = _all_items
    _CloudFormation.parse_template = staticmethod(_parse_template)
    setattr(moto.kms.models, "generate_private_key", _private_key)  # noqa: B010
    setattr(moto.core.responses, "method_names_from_class", _method_names)  # noqa: B010
    for module in (moto.core.responses, moto.sqs.models):
        setattr(module, "camelcase_to_underscores", _underscored)  # noqa: B010


def _parse_template(text: str) -> Any:
    return json.loads(text) if text.startswith("{") else _template(text)


def _query(self: Any, hash_key: Any, *args: Any, hash_key_conditions: Any, **kwargs: Any) -> Any:
    index = args[_INDEX_NAME]
    if index is None:
        self.narrowed = list((self.items.get(hash_key) or {}).values())
    else:
        name, value = hash_key_conditions[0]
        self.narrowed = [
            item
            for held in self.items.values()
            for item in held.values()
            if name in item.attrs and item.attrs[name].value == value.value
        ]
    try:
        return _query_whole(
            self, hash_key, *args, hash_key_conditions=hash_key_conditions, **kwargs
        )
    finally:
        self.narrowed = None


def _all_items(self: Any) -> Any:
    narrowed = getattr(self, "narrowed", None)
    return _all_items_whole(self) if narrowed is None else narrowed


def _serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or value is None:
        _structure(self, serialized, value, shape, key)
        return
    plain = value.to_json() if isinstance(value, DynamoType) else value
    if isinstance(plain, dict) and isinstance(plain.get("B"), bytes):
        plain = {"B": b64encode(plain["B"]).decode()}
    self._default_serialize(serialized, plain, shape, key)


def _transact(self: Any, transact_items: Sequence[dict[str, Any]]) -> None:
    # Beyond the limit of DynamoDB, moto itself raises the error that AWS would raise.
    if len(transact_items) > _MOST:
        _whole(self, transact_items)
        return
    actions = [next(iter(item.items())) for item in transact_items]
    keys = [_key(self, kind, action) for kind, action in actions]
    names = [
        (action["TableName"], str(sorted(key.items())))
        for (_, action), key in zip(actions, keys, strict=True)
    ]
    if len(set(names)) < len(names):
        raise MultipleTransactionsException
    errors = [_error(self, action, key) for (_, action), key in zip(actions, keys, strict=True)]
    if any(code is not None for code, _, _ in errors):
        raise TransactionCanceledException(errors)
    for (kind, action), key in zip(actions, keys, strict=True):
        _carry_out(self, kind, action, key)


def _key(backend: Any, kind: str, action: dict[str, Any]) -> dict[str, Any]:
    if kind != "Put":
        return dict(action["Key"])
    table = backend.get_table(action["TableName"])
    item = action["Item"]
    return {name: item[name] for name in (table.hash_key_attr, table.range_key_attr) if name}


def _error(backend: Any, action: dict[str, Any], key: dict[str, Any]) -> tuple[Any, Any, Any]:
    condition = action.get("ConditionExpression")
    if condition is None:
        return None, None, None
    judge = get_filter_expression(
        condition, action.get("ExpressionAttributeNames"), action.get("ExpressionAttributeValues")
    )
    if judge.expr(backend.get_item(action["TableName"], key)):
        return None, None, None
    return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), None


def _carry_out(backend: Any, kind: str, action: dict[str, Any], key: dict[str, Any]) -> None:
    more = {
        "expression_attribute_names": action.get("ExpressionAttributeNames"),
        "expression_attribute_values": action.get("ExpressionAttributeValues"),
    }
    if kind == "Put":
        backend.put_item(action["TableName"], action["Item"], **more)
    elif kind == "Delete":
        backend.delete_item(action["TableName"], key, **more)
    elif kind == "Update":
        backend.update_item(
            action["TableName"], key, update_expression=action["UpdateExpression"], **more
        )
