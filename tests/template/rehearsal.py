"""Runs the handlers on moto as the template wires them, and notes what each asks of AWS."""

import importlib.util
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import boto3

from pulse import app
from pulse.adapters.secrets import Secrets
from pulse.adapters.table import Shelf, Table
from pulse.domain.access import Token
from pulse_cli.laptop.sam import ROOT
from pulse_cli.settings.made import document_for
from pulse_cli.simulated_x import Archive, SimulatedX, WsgiTransport
from pulse_cli.stand_in.stack import Stack

_TRANSACTED = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}
_NAMED_OTHERWISE = {"SendMessageBatch": "SendMessage"}


class Context:
    """What Lambda tells a handler beside the event."""

    def get_remaining_time_in_millis(self) -> int:
        return 45_000


class Rehearsal:
    """A stack whose functions run here, each in its own environment, on a clock of its own.

    `asked` is what each function asked of AWS, as IAM names it, with the index if it used one.
    """

    def __init__(self, stack: Stack, archive: Archive, now: datetime) -> None:
        self.stack = stack
        self.now = now
        self.asked: dict[str, set[tuple[str, bool]]] = defaultdict(set)
        self._x = WsgiTransport(SimulatedX(archive, clock=lambda: self.now, user_counts=True))
        self._running = ""
        session = boto3.DEFAULT_SESSION
        assert session
        session.events.register("before-parameter-build", self._note)

    def push(self, companies: list[dict[str, Any]], **more: Any) -> None:
        document = document_for(companies)
        document = {"companies": [one | more for one in document["companies"]]}
        env = self.stack.env["poll"]
        table = Table(boto3.client("dynamodb"), env["PULSE_TABLE"], env["PULSE_INDEX"])
        Shelf(table).push(document, self.now)
        secrets = Secrets(boto3.client("ssm"), env["PULSE_TOKENS"])
        for account in (one for company in companies for one in company["accounts"]):
            token = Token(None, "key", "secret", f"sim-{account['id']}", "secret")
            secrets.keep(account["username"], token)

    def minute(self, then: timedelta) -> None:
        """Do what happens in a minute of a deployed stack; then let time go by."""
        for name in ("dispatch", "poll", "flag", "send", "digest"):
            if name == "poll":
                self._poll()
            else:
                self.run(name, {})
        self.now += then

    def run(self, name: str, event: Any) -> Any:
        module = importlib.util.spec_from_file_location(name, ROOT / "functions" / f"{name}.py")
        assert module
        assert module.loader
        handlers = importlib.util.module_from_spec(module)
        module.loader.exec_module(handlers)
        app.use(app.App(self.stack.env[name], lambda: self.now, self._x))
        with self._as(name):
            return handlers.handler(event, Context())

    def _poll(self) -> None:
        queue = self.stack.functions["poll"].queue
        assert queue
        sqs = boto3.client("sqs")
        while messages := sqs.receive_message(QueueUrl=queue.url).get("Messages"):
            self.run("poll", {"Records": [{"body": messages[0]["Body"]}]})
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=messages[0]["ReceiptHandle"])

    @contextmanager
    def _as(self, name: str) -> Iterator[None]:
        self._running = name
        try:
            yield
        finally:
            self._running = ""
            app.use(None)

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if not self._running:
            return
        asked = self.asked[self._running]
        service, operation = model.service_model.signing_name, model.name
        if operation == "TransactWriteItems":
            asked |= {(_TRANSACTED[kind], False) for one in params["TransactItems"] for kind in one}
            return
        asked.add(
            (f"{service}:{_NAMED_OTHERWISE.get(operation, operation)}", "IndexName" in params)
        )
        if operation == "SendEmail" and "Raw" in params["Content"]:
            asked.add(("ses:SendRawEmail", False))
