"""What was written and sent, as it went over the wire."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import boto3

from pulse.dynamodb.codec import ItemKey, from_dynamodb

Kind = Literal["put", "update", "delete"]
_KINDS: dict[str, Kind] = {"Put": "put", "Update": "update", "Delete": "delete"}
_LOST = {"TransactionCanceledException", "ConditionalCheckFailedException"}


class Write(NamedTuple):
    """One action on one item; of a put and an update, with all that was set."""

    kind: Kind
    at: ItemKey
    item: dict[str, Any]


@dataclass
class CallLog:
    """The record of the calls of a process."""

    writes: list[tuple[Write, ...]] = field(default_factory=list)
    """What was taken: the deeds of each call, all or nothing."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """What was refused because somebody else was faster, by what it was about."""
    calls: Counter[str] = field(default_factory=Counter)
    message_ids: list[str] = field(default_factory=list)

    def attach(self, session: boto3.Session) -> None:
        """Write down the calls of this session's clients from now on."""
        session.events.register("provide-client-params.*.*", self._asked)
        session.events.register("after-call.*.*", self._answered)

    def clear(self) -> None:
        """Begin anew."""
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


def writes_of(call: str, asked: dict[str, Any]) -> tuple[Write, ...]:
    """What a call of the table writes."""
    match call:
        case "TransactWriteItems":
            actions = [next(iter(action.items())) for action in asked["TransactItems"]]
            return tuple(_deed(_KINDS[kind], action) for kind, action in actions)
        case "PutItem":
            return (_deed("put", asked),)
        case "UpdateItem":
            return (_deed("update", asked),)
        case "BatchWriteItem":
            [rows] = asked["RequestItems"].values()
            return tuple(_deed("put", row["PutRequest"]) for row in rows)
    return ()


def _deed(kind: Kind, action: dict[str, Any]) -> Write:
    item = from_dynamodb(action.get("Item") or action["Key"])
    values = from_dynamodb(action.get("ExpressionAttributeValues", {}))
    names = action.get("ExpressionAttributeNames", {}).values()
    put = {name: values[f":{name}"] for name in names if f":{name}" in values}
    return Write(kind, ItemKey(item["pk"], item["sk"]), {**item, **put})
