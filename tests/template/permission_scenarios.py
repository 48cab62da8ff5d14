"""Scenarios in which each function, in its own environment, makes every call its role allows.

If you add a function, add a scenario in which it makes all its calls to `SCENARIOS`.
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
from pulse_cli.simulated_x import WsgiTransport
from tests.iam.policy_evaluator import Call
from tests.ses import bounce, event
from tests.small_company import Posts, SmallCompany, at, one_account_settings, settings
from tests.x_interceptor import XInterceptor, fault, with_invalid_posts

PARAMETERS = {"ConfigurationSet": "pulse-mail"}
"""Parameters of the stack, in addition to the required ones."""
DAY, MIDNIGHT = 24 * 60, 15 * 60
"""Minutes from nine in the morning."""


@dataclass(slots=True, kw_only=True)
class SeparateEnvironments(LambdaService):
    """Runs each function with its own environment only, as the template has it."""

    make_own_app: Callable[[str], App]
    apps: dict[str, App] = field(default_factory=dict)

    def invoke(self, name: str, event: Any) -> Any:
        if name not in self.apps:
            self.apps[name] = self.make_own_app(name)
        shared, self.app = self.app, self.apps[name]
        try:
            return LambdaService.invoke(self, name, event)
        finally:
            self.app = shared


@dataclass
class PermissionRun:
    """Runs the scenarios; `calls` holds the calls that each function made in all of them."""

    folder: Path
    calls: dict[str, set[Call]] = field(default_factory=lambda: defaultdict(set))

    @contextmanager
    def company(
        self, posts: Posts, document: Mapping[str, Any] | None = None, **options: Any
    ) -> Iterator[SmallCompany]:
        """Run a small company whose functions have separate environments; none may fail."""
        built = SmallCompany(self.folder, posts, document, **options)
        built.world.parameters = dict(PARAMETERS)
        with built as small_company:
            world = small_company.world
            world.lambdas = SeparateEnvironments(
                world.stack.functions,
                world.lambdas.make_app,
                world.now,
                make_own_app=lambda name: App(
                    world.stack.env[name], transport=WsgiTransport(world.x)
                ),
            )
            yield small_company
            assert small_company.failures == []
            for name, calls in small_company.guard.calls.items():
                self.calls[name] |= calls


def two_days(run: PermissionRun) -> None:
    """Waits up to critical, bad addresses, faults, midnight, all digests, a changed policy."""
    posts = Posts()
    mention = posts.mention(0.2, "7")
    posts.reply(0.8, mention)
    posts.reply(8, posts.mention(5, "7", thread=mention))  # it was reopened
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
    with run.company(
        posts,
        settings(**rules),
        faults=faults,
        x=lambda sim: XInterceptor(sim, change=with_invalid_posts),
    ) as small_company:
        small_company.refuse_mail(lambda to: _ses(to, small_company))
        small_company.run_minutes(0, 1, 2, 6, 9, 15, 16, 17, 61, 62, 64, 70, 85, 86, 100, 116, 117)
        small_company.run_minutes(240, 241, 242, 12 * 60, MIDNIGHT - 10, MIDNIGHT, MIDNIGHT + 15)
        _run(small_company, MIDNIGHT + 40, "figures")
        small_company.world.app.db.settings_store.push(
            settings(**rules | {"keep": "60 days"}), small_company.world.now()
        )
        with _just_before_call(
            small_company, "flag", "dynamodb.BatchGetItem", lambda: _close(small_company)
        ):
            small_company.run_minutes(MIDNIGHT + 41)
        small_company.run_minutes(DAY - 30, DAY)
        small_company.digest(DAY + 1, 0)
    assert {m.who for m in small_company.mails} == {"boris", "vera"}
    assert len([m for m in small_company.mails if "OUR WATCH" in m.text]) == 6


def backlog(run: PermissionRun) -> None:
    """More mentions than X's timelines show: the remaining ones are read by search."""
    posts = Posts()
    mentions = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(820)}
    with run.company(posts, one_account_settings()) as small_company:
        small_company.run_minutes(0, 11)
        assert small_company.stored == mentions
        assert small_company.sim.requests["search", "200"]


def bounced_mail(run: PermissionRun) -> None:
    """A mail bounces, at first temporarily, then permanently."""
    posts = Posts()
    posts.mention(0.2, "7")
    with run.company(posts, one_account_settings()) as small_company:
        small_company.run_minutes(0, 1, 16)
        [mail] = small_company.world.mails()
        for kind in ("Transient", "Permanent"):
            notice = bounce(mail.id, mail.destinations[0], small_company.world.now(), kind)
            _run(small_company, 20, "feedback", event(notice))
        small_company.run_minutes(21)
        assert {m.who for m in small_company.mails} == {"anna", "vera"}


def deleted(run: PermissionRun) -> None:
    """A post is deleted on X after a mail has shown it, and the next sweep does not find it."""
    posts = Posts()
    posts.mention(1, "7", gone_at=at(20).isoformat(), gone_why="deleted")
    with run.company(posts, one_account_settings()) as small_company:
        small_company.run_minutes(0, 2, 16)
        assert small_company.stored
        assert small_company.mails
        small_company.run_minutes(30)
        assert not small_company.stored


def deleted_later(run: PermissionRun) -> None:
    """After two days, X removes mentions (one is also quarantined), a reply and an own post."""
    posts, late = Posts(), {"gone_at": at(2 * DAY).isoformat(), "gone_why": "deleted"}
    mention = posts.mention(1, "7", **late)
    posts.mention(1.5, "9", **{**late, "gone_why": "protected"})
    posts.reply(3, posts.mention(2, "8"), **late)
    posts.news(4)
    posts.lines[-1] |= late
    with run.company(posts) as small_company:
        small_company.run_minutes(0, 5)
        quarantined = {"account": "acme_help", "reason": "odd", "raw": {"id": mention}}
        small_company.world.app.db.audit_log.append("acme", [LogEntry("aside", at(5), quarantined)])
        for minute in (2 * DAY, 2 * DAY + 10):
            _run(small_company, minute, "comply")
        assert {s.status for s in small_company.states().values()} == {"open"}
        assert len(small_company.states()) == 1


SCENARIOS: tuple[Callable[[PermissionRun], None], ...] = (
    two_days,
    backlog,
    bounced_mail,
    deleted,
    deleted_later,
)


def _ses(to: str, small_company: SmallCompany) -> str | None:
    """Return SES's error, if any: Anna's address is refused, and Boris's is throttled at first."""
    if to.startswith("boris") and small_company.world.now() < at(62):
        return "TooManyRequestsException"
    return "MessageRejected" if to.startswith("anna") else None


def _run(small_company: SmallCompany, minute: float, function: str, event: Any = None) -> None:
    small_company.world.move_clock_to(at(minute))
    with small_company.world.counting_calls() as lambdas:
        lambdas.invoke_scheduled(function, event)


def _close(small_company: SmallCompany) -> None:
    """Close all open conversations: a person decides that no answer is needed."""
    world = small_company.world
    for key, state in world.app.db.conversations.open(world.company).items():
        position = Position("1", "no_answer_needed", frozenset(state.waiting), "vera", world.now())
        small_company.add_facts(key.conversation_id, position, customer=key.customer_id)


@contextmanager
def _just_before_call(
    small_company: SmallCompany, function: str, call: str, do: Callable[[], None]
) -> Iterator[None]:
    """Call `do` just before this function first makes this call to AWS."""
    pending = [do]

    def interfere(this: str) -> None:
        running, _ = small_company.world.lambdas.running[-1]
        if pending and (this, running) == (call, function):
            with small_company.guard.paused():
                pending.pop()()

    small_company.world.before_call = interfere
    yield
    small_company.world.before_call = None
    assert not pending
