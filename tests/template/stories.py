"""Stories in which the functions, each in its own environment, do all that they ever ask of AWS.

Whoever adds a function adds the story in which it does all that its role allows, to `STORIES`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulse.app import App
from pulse.audit.entries import LogEntry
from pulse.conversations.facts import Position
from pulse_cli.replay.lambda_service import LambdaService
from tests.iam.judge import Call
from tests.jobs.between import Between, fault, junk
from tests.jobs.town import Posts, Town, alone, at, settings
from tests.ses import bounce, event

PARAMETERS = {"ConfigurationSet": "pulse-mail"}
"""What the stack is deployed with, beside what must be said."""
DAY, MIDNIGHT = 24 * 60, 15 * 60
"""Minutes from nine in the morning."""


@dataclass(slots=True, kw_only=True)
class Apart(LambdaService):
    """Each function wired from its own environment alone, as the template gives it."""

    alone: Callable[[str], App]
    apps: dict[str, App] = field(default_factory=dict)

    def invoke(self, name: str, event: Any) -> Any:
        if name not in self.apps:
            self.apps[name] = self.alone(name)
        together, self.wired = self.wired, self.apps[name]
        try:
            return LambdaService.invoke(self, name, event)
        finally:
            self.wired = together


@dataclass
class Stage:
    """Where stories are played; `asked` is what each function asked for in all of them."""

    folder: Path
    asked: dict[str, set[Call]] = field(default_factory=lambda: defaultdict(set))

    @contextmanager
    def town(
        self, posts: Posts, document: Mapping[str, Any] | None = None, **how: Any
    ) -> Iterator[Town]:
        """A town as those of tests/jobs, its functions apart; nothing may fail in it."""
        built = Town(self.folder, posts, document, **how)
        built.world.parameters = dict(PARAMETERS)
        with built as town:
            world = town.world
            world.lambdas = Apart(
                world.stack.functions,
                world.lambdas.begin,
                world.now,
                alone=lambda name: App(world.stack.env[name], transport=world._transport),
            )
            yield town
            assert town.failures == []
            for name, asked in town.guard.asked.items():
                self.asked[name] |= asked


def two_days(stage: Stage) -> None:
    """Waits up to critical, bad addresses, trouble, midnight, all digests, another policy."""
    posts = Posts()
    asked = posts.mention(0.2, "7")
    posts.reply(0.8, asked)
    posts.reply(8, posts.mention(5, "7", thread=asked))  # it opened again
    posts.edit(4, posts.mention(1.5, "8"), "@acme_help nobody answers")
    posts.news(3)
    posts.mention(MIDNIGHT - 5.3, "9", seen=MIDNIGHT + 10)
    posts.mention(MIDNIGHT - 1, "9")
    digests = [
        {"period": "shift", "to": ["vera"], "at": ["09:00", "21:00"]},
        {"period": "daily", "to": ["vera"], "at": ["08:30"]},
        {"period": "weekly", "to": ["vera"], "at": ["09:00"], "days": "wed"},
        {"period": "monthly", "to": ["vera"], "at": ["09:00"], "on_day": 15},
    ]
    rules = {"digests": digests, "sender": "Acme <desk@acme.example>", "keep": "30 days"}
    faults = [fault(70, 80, status=401), fault(100, 105, status=429)]
    with stage.town(
        posts, settings(**rules), faults=faults, x=lambda sim: Between(sim, change=junk)
    ) as town:
        town.ses_says(lambda to: _ses(to, town))
        town.go(0, 1, 2, 6, 9, 15, 16, 17, 61, 62, 64, 70, 85, 86, 100, 116, 117)
        town.go(240, 241, 242, 12 * 60, MIDNIGHT - 10, MIDNIGHT, MIDNIGHT + 15)
        _run(town, MIDNIGHT + 40, "figures")
        town.world.app.db.settings_store.push(
            settings(**rules | {"keep": "60 days"}), town.world.now()
        )
        with _meanwhile(town, "flag", "dynamodb.BatchGetItem", lambda: _close(town)):
            town.go(MIDNIGHT + 41)
        town.go(DAY - 30, DAY)
        town.digest(DAY + 1, 0)
    assert {m.who for m in town.mails} == {"boris", "vera"}
    assert len([m for m in town.mails if "OUR WATCH" in m.text]) == 6


def backlog(stage: Stage) -> None:
    """More mentions than X's timelines show, beyond them in search; with no time to spare."""
    posts = Posts()
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(820)}
    with stage.town(posts, alone()) as town:
        town.go(0, 11)
        assert town.stored == asked
        assert town.sim.requests["search", "200"]


def mail_comes_back(stage: Stage) -> None:
    """An answer that somebody is away, then that there is no such address."""
    posts = Posts()
    posts.mention(0.2, "7")
    with stage.town(posts, alone()) as town:
        town.go(0, 1, 16)
        [mail] = town.world.mails()
        for kind in ("Transient", "Permanent"):
            word = bounce(mail.id, mail.destinations[0], town.world.now(), kind)
            _run(town, 20, "feedback", event(word))
        town.go(21)
        assert {m.who for m in town.mails} == {"anna", "vera"}


def deleted(stage: Stage) -> None:
    """A post is deleted on X, and the next sweep misses it."""
    posts = Posts()
    posts.mention(1, "7", gone_at=at(9).isoformat(), gone_why="deleted")
    with stage.town(posts, alone()) as town:
        town.go(0, 2)
        assert town.stored
        town.go(15)
        assert not town.stored


def deleted_later(stage: Stage) -> None:
    """Posts go on X two days on: one that waits, one of ours, one that lay aside, an account's."""
    posts, late = Posts(), {"gone_at": at(2 * DAY).isoformat(), "gone_why": "deleted"}
    asked = posts.mention(1, "7", **late)
    posts.mention(1.5, "9", **{**late, "gone_why": "protected"})
    posts.reply(3, posts.mention(2, "8"), **late)
    posts.news(4)
    posts.lines[-1] |= late
    with stage.town(posts) as town:
        town.go(0, 5)
        aside = {"account": "acme_help", "reason": "odd", "raw": {"id": asked}}
        town.world.app.db.audit_log.append("acme", [LogEntry("aside", at(5), aside)])
        for minute in (2 * DAY, 2 * DAY + 10):
            _run(town, minute, "comply")
        assert {s.status for s in town.states().values()} == {"open"}
        assert len(town.states()) == 1


STORIES: tuple[Callable[[Stage], None], ...] = (
    two_days,
    backlog,
    mail_comes_back,
    deleted,
    deleted_later,
)


def _ses(to: str, town: Town) -> str | None:
    """Anna's address is refused; of Boris SES wants to hear later."""
    if to.startswith("boris") and town.world.now() < at(62):
        return "TooManyRequestsException"
    return "MessageRejected" if to.startswith("anna") else None


def _run(town: Town, minute: float, function: str, given: Any = None) -> None:
    town.world.go_to(at(minute))
    with town.world.functions() as lambdas:
        lambdas.scheduled(function, given)


def _close(town: Town) -> None:
    """A person takes the position on all that wait that no answer is needed."""
    for key, state in town.world.app.db.conversations.open("acme").items():
        position = Position(
            "1", "no_answer_needed", frozenset(state.waiting), "vera", town.world.now()
        )
        town.add(key.conversation_id, position, customer=key.customer_id)


@contextmanager
def _meanwhile(town: Town, function: str, call: str, do: Callable[[], None]) -> Iterator[None]:
    """Just before this function first asks this of AWS, somebody does that."""
    left = [do]

    def passing(this: str, moment: str) -> None:
        running, _ = town.world.lambdas.running[-1]
        if left and (this, moment, running) == (call, "before", function):
            with town.guard.aside():
                left.pop()()

    town.world.passing = passing  # type: ignore[method-assign]
    yield
    del town.world.passing
    assert not left
