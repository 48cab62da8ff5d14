"""Records what was written to the table and which messages were sent, call by call."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import boto3

from pulse.dynamodb.codec import ItemKey, from_dynamodb

Kind = Literal["put", "update", "delete"]
_KINDS: dict[str, Kind] = {"Put": "put", "Update": "update", "Delete": "delete"}
_LOST = {"TransactionCanceledException", "ConditionalCheckFailedException"}


class Write(NamedTuple):
    """One action on one item; puts and updates include all attributes that were set."""

    kind: Kind
    at: ItemKey
    item: dict[str, Any]


@dataclass
class CallLog:
    """The calls of a process: what they changed, and which were refused."""

    writes: list[tuple[Write, ...]] = field(default_factory=list)
    """The writes of each successful call."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """Calls refused because another writer was faster, by kind of item."""
    calls: Counter[str] = field(default_factory=Counter)
    message_ids: list[str] = field(default_factory=list)

    def attach(self, session: boto3.Session) -> None:
        """Record the calls of this session's clients from now on."""
        session.events.register("provide-client-params.*.*", self._asked)
        session.events.register("after-call.*.*", self._answered)

    def clear(self) -> None:
        """Delete everything recorded so far."""
        self.writes, self.message_ids = [], []
        self.conflicts, self.calls = Counter(), Counter()

    def _asked(self, params: Any, context: Any, **_: Any) -> None:
        context["asked"] = params

    def _answered(self, model: Any, parsed: Any, context: Any, **_: Any) -> None:
        self.calls[model.name] += 1
        done = writes_of(model.name, context["asked"])
        if "Error" in parsed:
            if parsed["Error"]["Code"] in _LOST:
                self.conflicts[done[0].at.pk.partition("#")[0]] += 1
        elif model.name in {"SendEmail", "Publish"}:
            self.message_ids.append(parsed["MessageId"])
        elif done:
            self.writes.append(done)


def writes_of(call: str, params: dict[str, Any]) -> tuple[Write, ...]:
    """The writes of a call to the table; empty for reads and other services."""
    match call:
        case "TransactWriteItems":
            actions = [next(iter(action.items())) for action in params["TransactItems"]]
            return tuple(_write(_KINDS[kind], action) for kind, action in actions)
        case "PutItem":
            return (_write("put", params),)
        case "UpdateItem":
            return (_write("update", params),)
        case "BatchWriteItem":
            [rows] = params["RequestItems"].values()
            return tuple(_write("put", row["PutRequest"]) for row in rows)
    return ()


def _write(kind: Kind, action: dict[str, Any]) -> Write:
    item = from_dynamodb(action.get("Item") or action["Key"])
    values = from_dynamodb(action.get("ExpressionAttributeValues", {}))
    names = action.get("ExpressionAttributeNames", {}).values()
    put = {name: values[f":{name}"] for name in names if f":{name}" in values}
    return Write(kind, ItemKey(item["pk"], item["sk"]), {**item, **put})
