"""The table remembered: what was written and asked before is not worked out again."""

import copy
from typing import Any

import boto3
from moto.dynamodb.models.dynamo_type import DynamoType

from tests.simulations.concurrency.call_log import writes_of

_READS = {"GetItem", "BatchGetItem", "Query", "Scan"}
_Rows = dict[Any, dict[Any, Any]]


class TableCache:
    """Spares moto the calls that it has answered before, after the same writes.

    `rows` are moto's own. `version` names all that was written since: set it, and the table is
    what it was then.
    """

    def __init__(self, rows: _Rows) -> None:
        self.version = self._moto = 0
        self._rows = rows
        self._kept: dict[int, _Rows] = {0: _shallow(rows)}
        self._answers: dict[tuple[int, str, str], tuple[Any, int]] = {}
        self._digests: dict[int, int] = {}

    def attach(self, session: boto3.Session) -> None:
        """Stand before the table of this session's clients from now on."""
        session.events.register("provide-client-params.dynamodb.*", self._asked)
        session.events.register("before-call.dynamodb.*", self._before)
        session.events.register("after-call.dynamodb.*", self._after)

    def digest(self) -> int:
        """What is stored now, as a number."""
        if self.version not in self._digests:
            items = [i for held in self._kept[self.version].values() for i in held.values()]
            texts = sorted(repr(sorted(i.to_json()["Attributes"].items())) for i in items)
            self._digests[self.version] = hash(tuple(texts))
        return self._digests[self.version]

    def _asked(self, params: Any, model: Any, context: Any, **_: Any) -> None:
        context["question"] = model.name, repr(params)

    def _before(self, context: Any, **_: Any) -> Any:
        told = self._answers.get((self.version, *context["question"]))
        if told is not None:
            context["known"] = True
            answer, self.version = told
            return answer
        if self._moto != self.version:
            self._rows.clear()
            self._rows.update(_shallow(self._kept[self.version]))
            self._moto = self.version
        for deed in writes_of(
            context["question"][0], context["asked"]
        ):  # moto changes items in place
            pk, sk = (DynamoType({"S": name}) for name in deed.at)
            held = self._rows.get(pk) or {}
            if sk in held:
                held[sk] = copy.deepcopy(held[sk])
        return None

    def _after(self, http_response: Any, parsed: Any, context: Any, **_: Any) -> None:
        if context.get("known"):
            return
        key = (self.version, *context["question"])
        if context["question"][0] not in _READS:
            self.version = self._moto = hash(key)
            self._kept[self.version] = _shallow(self._rows)
        self._answers[key] = (http_response, parsed), self.version


def _shallow(rows: _Rows) -> _Rows:
    return {pk: dict(held) for pk, held in rows.items()}
