"""Runs one company's deployment in this process, on moto, with the real or a simulated X."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from functools import cache
from typing import Any, Literal, Self

import boto3
import botocore.session
import requests
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from moto import mock_aws
from moto.ses.models import RawMessage
from moto.sesv2.models import sesv2_backends

from pulse.app import App
from pulse.kernel.company import Account, Company
from pulse.settings import reader as settings_reader
from pulse.x.access import Token
from pulse.x.credentials import TokenStore
from pulse_cli.replay.lambda_service import InvocationError, LambdaService
from pulse_cli.simulated_aws import local_stack as stacks
from pulse_cli.simulated_aws import moto_speed
from pulse_cli.simulated_aws.local_stack import Queue

_REGION = "us-east-1"
_ACCOUNT = "123456789012"
_ENV: dict[str, str | None] = {
    "POWERTOOLS_LOG_LEVEL": "ERROR",
    "AWS_ACCESS_KEY_ID": "rehearsal",
    "AWS_SECRET_ACCESS_KEY": "rehearsal",
    "AWS_DEFAULT_REGION": _REGION,
    "AWS_PROFILE": None,
    "AWS_CONFIG_FILE": os.devnull,  # the settings of whoever runs this must not matter
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "pulse",
    "POWERTOOLS_METRICS_NAMESPACE": "Pulse",
}
_SENDER = "pulse@example.com"


class LocalDeployment:
    """A stack with its functions, as a context manager.

    `document` are the settings of one company. `transport` leads to X; None stands for the real
    one. `token` returns the token of an account. `calls` counts the AWS calls of the functions
    alone, by service and operation.

    Entering it raises SettingsError if the settings cannot be read.
    """

    lambda_service_class: Callable[..., LambdaService] = LambdaService

    def __init__(
        self,
        document: Mapping[str, Any],
        transport: requests.adapters.BaseAdapter | None,
        token: Callable[[Account], Token],
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.parameters: dict[str, str] = {}
        """Parameters of the template, as for `sam deploy`; set them before entering."""
        self._document = document
        self._transport = transport
        self._token = token
        self._counting = False
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        self._exit.enter_context(_environment(_ENV))
        self._exit.enter_context(mock_aws())
        moto_speed.install()
        core = botocore.session.Session()
        core.register_component("data_loader", _loader())
        core.set_default_client_config(Config(user_agent="pulse"))
        # moto checks no signatures, and each would cost time in every call.
        core.register("choose-signer", _unsigned)
        boto3.setup_default_session(botocore_session=core, region_name=_REGION)
        self._exit.callback(setattr, boto3, "DEFAULT_SESSION", None)
        events = boto3.DEFAULT_SESSION.events if boto3.DEFAULT_SESSION else None
        if events is not None:
            events.register("before-call.*.*", self._before_call)
            events.register("after-call.*.*", self._after_call)
        self._settings = settings_reader.read(dict(self._document))
        self.parameters = {"Senders": ",".join(self._senders()), **self.parameters}
        self.stack = stacks.create_stack(stacks.load_template(parameters=self.parameters))
        self.lambdas = self.lambda_service_class(self.stack.functions, self._make_app, self.now)
        self._sqs = boto3.client("sqs")
        self._prepare()
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    def now(self) -> datetime:
        """Return the time by this process's clock, in UTC."""
        return datetime.now(UTC)

    @property
    def app(self) -> App:
        """The parts of Pulse, as the functions of this stack share them."""
        return self.lambdas.app

    @property
    def company(self) -> Company:
        """The one company of this deployment."""
        return self._settings.companies[0]

    @contextmanager
    def counting_calls(self) -> Iterator[LambdaService]:
        """Give the functions to the block, and count their calls to AWS in it."""
        self._counting = True
        try:
            yield self.lambdas
        finally:
            self._counting = False

    def drain_queue(self) -> list[Any]:
        """Run the poll function on each message of the queue; return the results of the polls.

        A message whose poll failed stays in the queue, invisible until its time-out ends, and has
        no result.
        """
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
                with self.counting_calls() as lambdas:
                    results.append(lambdas.invoke(function.name, event))
            except InvocationError:
                continue
            self.delete_message(queue, message["ReceiptHandle"])
        return results

    def delete_message(self, queue: Queue, receipt: str) -> None:
        """Delete a message whose poll succeeded, as Lambda's event source does."""
        self._sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=receipt)

    def mails(self) -> list[RawMessage]:
        """Return every mail that SES has accepted so far, oldest first."""
        backend = sesv2_backends[_ACCOUNT][_REGION].core_backend
        return [m for m in backend.sent_messages if isinstance(m, RawMessage)]

    def _prepare(self) -> None:
        """Do what a person does after deploying: verify the sender, store tokens, push settings."""
        ses = boto3.client("sesv2")
        for address in self._senders():
            ses.create_email_identity(EmailIdentity=address)
        secrets: TokenStore = self.app.tokens
        for account in self.company.accounts:
            secrets.put(account.token, self._token(account))
        self.app.db.settings_store.push(self._document, self.now() - timedelta(seconds=1))

    def _senders(self) -> list[str]:
        """Return the sender addresses: the default first, then those of companies."""
        own = [parseaddr(one.sender)[1] for one in self._settings.companies if one.sender]
        return list(dict.fromkeys([_SENDER, *own]))

    def _all_env(self) -> dict[str, str]:
        return {name: value for env in self.stack.env.values() for name, value in env.items()}

    def on_call(self, call: str, moment: Literal["before", "after"]) -> None:
        """Do nothing; called before and after each AWS call of a function, to inject faults."""

    def _make_app(self) -> App:
        return App(self._all_env(), transport=self._transport)

    def _before_call(self, event_name: str, **_: Any) -> None:
        if self._counting:
            call = event_name.partition(".")[2]
            self.calls[call] += 1
            self.on_call(call, "before")

    def _after_call(self, event_name: str, **_: Any) -> None:
        if self._counting:
            self.on_call(event_name.partition(".")[2], "after")


def _unsigned(**_: Any) -> Any:
    return botocore.UNSIGNED


@cache
def _loader() -> Loader:
    """Return the loader of AWS's service descriptions, which are read once per process."""
    return create_loader()


def _record(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "eventSource": "aws:sqs",
    }


@contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set these variables, or delete them (None), and restore them after the block."""
    before = {name: os.environ.get(name) for name in values}
    try:
        _set(values)
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
