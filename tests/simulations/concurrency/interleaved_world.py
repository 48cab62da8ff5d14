"""The deployed functions on moto, each stopping before a call until it is its turn."""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from os.path import commonprefix
from pathlib import Path
from typing import Any, Literal, Self

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from pulse import app as wiring
from pulse.app import App
from pulse.conversations.facts import ConversationKey, Fact
from pulse.dynamodb.codec import from_dynamodb
from pulse.repositories import Repositories
from pulse_cli.replay.lambda_service import LambdaContext, load_handler
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.simulated_x import SimulatedX, WsgiTransport
from tests.interleaving import SteppedWriter
from tests.simulations.concurrency.call_log import CallLog, writes_of
from tests.simulations.concurrency.invariants import Evidence
from tests.simulations.concurrency.order_search import Access
from tests.simulations.concurrency.posts import ExpectedPosts
from tests.simulations.concurrency.table_cache import TableCache
from tests.small_company import HELP, at

_SHARED = ("tokens", "mailer", "topic")
"""Parts of an app that hold no state; each app has its own stores, X and settings."""
_LEFT_MS = 50_000
_PAGE = 2
"""Items in one answer to a query: so few that a read takes several calls."""


@dataclass(frozen=True)
class Writer:
    """A function or person that acts in this minute, under the current or the previous settings."""

    act: Callable[[App], Any]
    minute: float
    settings: Literal["new", "old"] = "new"


def function(name: str, minute: float, event: Any = None, **how: Any) -> Writer:
    """A function as deployed."""
    handler = load_handler(f"{name}.handler")
    return Writer(lambda _: handler(event or {}, LambdaContext(name, _LEFT_MS)), minute, **how)


def poll(minute: float, account: str = HELP, kind: str = "poll", **how: Any) -> Writer:
    """The poll of an account, with the event that its queue sends."""
    body = {"company": "acme", "account_id": account, "kind": kind, "minute": str(at(minute))}
    return function("poll", minute, {"Records": [{"body": json.dumps(body)}]}, **how)


_APP: ContextVar[App] = ContextVar("app")
_WAIT: ContextVar[Callable[[Access], None] | None] = ContextVar("wait", default=None)
_RECEIVED: ContextVar["_ReceivedAnswers"] = ContextVar("received")
"""These are the running writer's: each has an app of its own, as each process does."""


class _AppOfCaller:
    """The app of the writer that calls."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_APP.get(), name)


@dataclass(eq=False)
class _ReceivedAnswers:
    """The answers that a writer has received."""

    name: str
    answers: list[str] = field(default_factory=list)


class InterleavedWorld(ReplayWorld):
    """A world in which writers take turns, call by call; each run begins at the same state."""

    def __init__(self, folder: Path, expected: ExpectedPosts, document: Mapping[str, Any]) -> None:
        self._archive = expected.posts.archive(folder / "archive")
        super().__init__(document, SimulatedX(self._archive), at(0))
        self._expected = expected
        self._call_log = CallLog()
        self._failures: list[str] = []
        self._clicks: list[tuple[ConversationKey, Fact]] = []

    def __enter__(self) -> Self:
        super().__enter__()
        if boto3.DEFAULT_SESSION is not None:
            boto3.DEFAULT_SESSION.events.register("provide-client-params.*.*", self._wait_for_turn)
            boto3.DEFAULT_SESSION.events.register("after-call.*.*", self._record_answer)
            self._call_log.attach(boto3.DEFAULT_SESSION)
            backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][boto3.DEFAULT_SESSION.region_name]
            self._cache = TableCache(backend.tables[self.app.db.table.name].items)
            self._cache.attach(boto3.DEFAULT_SESSION)
        self._shared = self._make_app()  # its clients wait for their turns
        wiring.use(_AppOfCaller())  # type: ignore[arg-type]
        return self

    def prepare(self, *writers: Writer) -> None:
        """Run what comes before, and save the state that each run begins with."""
        self.run_in_sequence(*writers)
        self._start_version = self._cache.version
        self._before = list(self._shared.db.table.scan())
        self._earlier = list(self._clicks)

    def run_in_sequence(self, *writers: Writer) -> None:
        """Run the writers one after the other, each to its end."""
        for writer in writers:
            self.move_clock_to(at(writer.minute))
            self._act(writer, self._app(writer))

    def restart(
        self, *writers: Writer, push: Mapping[str, Any] | None = None
    ) -> list[SteppedWriter]:
        """Restore the state; returns the writers at their first calls, with settings read."""
        self._call_log.clear()
        self._cache.version = self._start_version
        self._failures, self._clicks = [], list(self._earlier)
        self.move_clock_to(at(max(writer.minute for writer in writers)))
        apps = {w: self._app(w) for w in writers if w.settings == "old"}
        if push is not None:
            self._shared.db.settings_store.push(push, at(min(writer.minute for writer in writers)))
        self._received = [_ReceivedAnswers(str(number)) for number in range(len(writers))]
        return [
            self._stepped(writer, apps.get(writer) or self._app(writer), received)
            for writer, received in zip(writers, self._received, strict=True)
        ]

    def state(self) -> object:
        """All that is stored, and all answers each writer has received."""
        return self._cache.digest(), *(hash(tuple(received.answers)) for received in self._received)

    def evidence(self) -> Evidence:
        """Evidence for the check of invariants."""
        expected_facts = {key: list(facts) for key, facts in self._expected.facts.items()}
        for key, fact in self._clicks:
            expected_facts[key].append(fact)
        return Evidence(
            expected_facts=expected_facts,
            company=self._app(Writer(print, 0)).settings().company("acme"),
            call_logs=[self._call_log],
            failures=self._failures,
            before=self._before,
            items=list(self._shared.db.table.scan()),
            mails=[],  # the call log has all of them
        )

    def _app(self, writer: Writer) -> App:
        x = SimulatedX(self._archive)  # a new one: it has counted no requests
        app = App(self._all_env(), lambda: at(writer.minute), WsgiTransport(x))
        for name in _SHARED:
            setattr(app, name, getattr(self._shared, name))
        app.db = Repositories(self._shared.db.table)
        app.settings()
        return app

    def _stepped(self, writer: Writer, app: App, received: _ReceivedAnswers) -> SteppedWriter:
        def write(wait: Callable[[Access], None]) -> None:
            _WAIT.set(wait)
            _RECEIVED.set(received)
            self._act(writer, app)

        return SteppedWriter(write)

    def _act(self, writer: Writer, app: App) -> None:
        _APP.set(app)
        try:
            result = writer.act(app)
        except Exception as error:  # noqa: BLE001 - checked at the end
            self._failures.append(f"{error!r}")
        else:
            if isinstance(result, tuple):
                self._clicks.append(result)

    def _wait_for_turn(
        self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any
    ) -> None:
        if (wait := _WAIT.get()) is None:
            return
        if model.name == "Query":
            params.setdefault("Limit", _PAGE)
        if (access := access_of(model.name, params)) is not None:
            context["received"] = _RECEIVED.get()
            wait(access)

    def _record_answer(
        self, model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any
    ) -> None:
        if (received := context.get("received")) is None:
            return
        if "MessageId" in parsed:
            parsed["MessageId"] = f"{model.name} {received.name} {len(received.answers)}"
        answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        received.answers.append(f"{model.name} {answer}")


def access_of(call: str, params: Mapping[str, Any]) -> Access | None:  # noqa: PLR0911 - a table
    """What a call reads and writes; None for calls that cannot affect another writer."""
    match call:
        case "GetItem":
            return Access(call, reads=frozenset({_name(params["Key"])}))
        case "BatchGetItem":
            [tables] = params["RequestItems"].values()
            return Access(call, reads=frozenset(map(_name, tables["Keys"])))
        case "Query":
            given = from_dynamodb(params["ExpressionAttributeValues"])
            company = given.get(":g", "").rpartition("#")[0]
            if ":pk" not in given:
                return Access(call, reads=frozenset({f"c#{company}#"}))
            begins = commonprefix([given.get(":low", ""), given.get(":high", "")])  # noqa: RUF071 - of keys
            return Access(call, reads=frozenset({f"{given[':pk']}|{begins}"}))
        case "SendEmail":
            return Access(call, writes=frozenset({f"mail to {params['Destination']}"}))
        case "Publish":
            return Access(call, writes=frozenset({"topic"}))
    written = frozenset(f"{action.at.pk}|{action.at.sk}|" for action in writes_of(call, params))
    return Access(call, writes=written) if written else None


def _name(key: Mapping[str, Any]) -> str:
    plain = from_dynamodb(key)
    return f"{plain['pk']}|{plain['sk']}|"
