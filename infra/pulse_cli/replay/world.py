"""One company's deployment in this process: moto, the simulated X, a clock that we move."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import boto3
import time_machine
from moto import mock_aws
from moto.ses.models import RawMessage
from moto.sesv2.models import sesv2_backends

from pulse.adapters import settings as settings_reader
from pulse.adapters.secrets import Secrets
from pulse.app import App
from pulse.domain.access import Token
from pulse.domain.settings import Company
from pulse_cli import stack as stacks
from pulse_cli.replay.lambdas import InvokedError, Lambdas
from pulse_cli.simulated_x import SimulatedX, WsgiTransport

_REGION = "us-east-1"
_ACCOUNT = "123456789012"
_ENV = {
    "POWERTOOLS_LOG_LEVEL": "ERROR",
    "AWS_ACCESS_KEY_ID": "rehearsal",
    "AWS_SECRET_ACCESS_KEY": "rehearsal",
    "AWS_DEFAULT_REGION": _REGION,
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "pulse",
    "POWERTOOLS_METRICS_NAMESPACE": "Pulse",
}
_SENDER = "pulse@example.com"


class World:
    """A stack with its functions. `calls` counts AWS calls made by the functions alone."""

    def __init__(self, document: Mapping[str, Any], x: SimulatedX, start: datetime) -> None:
        self.x = x
        self.calls: Counter[str] = Counter()
        self._document = document
        self._start = start
        self._counting = False

    def __enter__(self) -> Self:
        self._exit = ExitStack()
        self._exit.enter_context(_environment(_ENV))
        self._time = self._exit.enter_context(time_machine.travel(self._start, tick=False))
        self._exit.enter_context(mock_aws())
        boto3.setup_default_session(region_name=_REGION)
        events = boto3.DEFAULT_SESSION.events if boto3.DEFAULT_SESSION else None
        if events is not None:
            events.register("before-call.*.*", self._count)
        self.stack = stacks.create()
        self.app = App(self._all_env(), transport=WsgiTransport(self.x))
        self.lambdas = Lambdas(self.stack.functions, self.app, self.now)
        self._sqs = boto3.client("sqs")
        self._furnish()
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    def now(self) -> datetime:
        """The simulated time."""
        return datetime.now(UTC)

    def go_to(self, moment: datetime) -> None:
        """Move the clock of the whole process."""
        self._time.move_to(moment, tick=False)

    @property
    def company(self) -> Company:
        """The one company of this deployment."""
        return self._settings.companies[0]

    @contextmanager
    def functions(self) -> Iterator[Lambdas]:
        """The functions, with their calls to AWS counted."""
        self._counting = True
        try:
            yield self.lambdas
        finally:
            self._counting = False

    def drain(self) -> list[Any]:
        """Let the queue's event source run the poll function until the queue is empty."""
        function = next(f for f in self.stack.functions.values() if f.queue is not None)
        queue = function.queue
        results: list[Any] = []
        while queue is not None:
            answer = self._sqs.receive_message(
                QueueUrl=queue.url,
                MaxNumberOfMessages=1,
                AttributeNames=["All"],
                VisibilityTimeout=queue.visibility_timeout,
            )
            if not answer.get("Messages"):
                return results
            message = answer["Messages"][0]
            event = {"Records": [_record(message)]}
            try:
                with self.functions() as lambdas:
                    results.append(lambdas.invoke(function.name, event))
            except InvokedError:
                continue
            self._sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
        return results

    def mails(self) -> list[RawMessage]:
        """Every mail that SES has taken so far."""
        backend = sesv2_backends[_ACCOUNT][_REGION].core_backend
        return [m for m in backend.sent_messages if isinstance(m, RawMessage)]

    def _furnish(self) -> None:
        """What a person does after deploying: a verified sender, tokens, settings."""
        ses = boto3.client("sesv2")
        self._settings = settings_reader.read(dict(self._document))
        sender = self.company.sender
        for address in {_SENDER, *([sender] if sender else [])}:
            ses.create_email_identity(EmailIdentity=address.rsplit("<", 1)[-1].rstrip(">"))
        secrets: Secrets = self.app.secrets
        for account in self.company.accounts:
            secrets.keep(
                account.token,
                Token(
                    bearer="rehearsal",
                    consumer_key="rehearsal",
                    consumer_secret="rehearsal",  # noqa: S106
                    access_token=f"sim-{account.id}",
                    access_token_secret="rehearsal",  # noqa: S106
                ),
            )
        self.app.shelf.push(self._document, self.now() - timedelta(seconds=1))

    def _all_env(self) -> dict[str, str]:
        return {name: value for env in self.stack.env.values() for name, value in env.items()}

    def _count(self, event_name: str, **_: Any) -> None:
        if self._counting:
            self.calls[".".join(event_name.split(".")[1:])] += 1


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "eventSource": "aws:sqs",
    }


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
