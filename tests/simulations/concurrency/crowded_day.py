"""A crowded day on ministack: nine Lambda instances work at once in each minute.

Returns what the check of invariants needs: expected facts, call logs, the table, the mails.
"""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import urlopen

import boto3

from pulse.app import App
from pulse.x.access import Token
from pulse_cli.simulated_aws import local_stack as stacks
from pulse_cli.simulated_x import SimulatedX, serve
from tests.ministack import KEYS, Ministack, ministack
from tests.simulations.concurrency.clicks import Click
from tests.simulations.concurrency.instances import Instance, Step
from tests.simulations.concurrency.invariants import Evidence
from tests.simulations.concurrency.posts import ExpectedPosts, crowded_posts, crowded_settings
from tests.small_company import HELP, NEWS, at

_ENV = KEYS | {
    "AWS_CONFIG_FILE": os.devnull,
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "POWERTOOLS_METRICS_DISABLED": "true",
}
_SERVICES = ("dynamodb", "sqs", "sesv2", "sns", "ssm")
_ROLES = ("poller", "poller", "double", "ticker", "ticker", "sender", "sender", "person", "person")
_QUARTER = 15
"""Minutes between sweeps, which find posts that X shows late."""


@dataclass
class DayResult:
    """The evidence at the end of the day, and how much was done."""

    evidence: Evidence
    rounds: int
    seconds: float
    clicks: int
    contended: int
    """Clicks that lost to another writer: the person is asked to click again."""


def run_day(seed: int, minutes: int) -> DayResult:
    """Run the day; halfway, other settings are pushed while all instances are working."""
    began = time.perf_counter()
    expected = crowded_posts(minutes, seed)
    with tempfile.TemporaryDirectory() as folder, _crowded_stack(expected, Path(folder)) as crowd:
        last = (int(expected.last_seen) // _QUARTER + 1) * _QUARTER + 1
        results: list[Any] = []
        for minute in range(last + 1):
            steps = [
                _steps(n, minute, Random(f"{seed} {minute} {n}"), expected) for n in _INSTANCES
            ]
            results += crowd.at_once(minute, steps, push=minute == minutes // 2)
        minute = last
        while minute < last + 60 and crowd.app.db.outbox.waiting("acme"):
            minute += 1
            crowd.at_once(minute, [[("send", {})] if r == "sender" else [] for r in _ROLES])
        reports = [instance.stop() for instance in crowd.instances]
        clicks = [result for result in results if isinstance(result, tuple)]
        expected_facts = {key: list(facts) for key, facts in expected.facts.items()}
        for key, fact in clicks:
            expected_facts[key].append(fact)
        evidence = Evidence(
            expected_facts=expected_facts,
            company=crowd.app.settings().company("acme"),
            call_logs=[report.call_log for report in reports],
            failures=[failure for report in reports for failure in report.failures],
            before=[],
            items=list(crowd.app.db.table.scan()),
            mails=_mails(crowd.ministack),
        )
    seconds = time.perf_counter() - began
    return DayResult(evidence, minute + 1, seconds, len(clicks), results.count("contended"))


_INSTANCES = range(len(_ROLES))


def _steps(number: int, minute: int, random: Random, expected: ExpectedPosts) -> list[Step]:
    """The steps of an instance in this minute."""
    match _ROLES[number]:
        case "poller":
            return [("dispatch", {}), ("queue", None)]
        case "double":
            kind = random.choice(["poll", "poll", "sweep"])
            tasks = [_task(account, kind, minute) for account in random.sample([HELP, NEWS], 2)]
            return [("poll", task) for task in tasks]
        case "ticker":
            return random.sample([("flag", {}), ("digest", {})], 2)
        case "sender":
            return [("send", {})]
    keys = random.sample(list(expected.facts), min(2, len(expected.facts)))
    kind: Any = random.choice(["refused", "mine"])
    who = f"person{number}"
    return [
        ("act", Click(key, kind, who, f"{who}-{minute}-{place}")) for place, key in enumerate(keys)
    ]


def _task(account: str, kind: str, minute: int) -> dict[str, Any]:
    """The event of a task whose message is received for the second time."""
    body = {"company": "acme", "account_id": account, "kind": kind, "minute": str(at(minute))}
    return {"Records": [{"body": json.dumps(body), "attributes": {"ApproximateReceiveCount": "2"}}]}


@dataclass
class _CrowdedStack:
    instances: list[Instance]
    app: App
    sim: SimulatedX
    ministack: Ministack

    def at_once(self, minute: int, steps: Sequence[list[Step]], *, push: bool = False) -> list[Any]:
        """Run one minute of all instances; returns what their steps returned."""
        self.sim.clock = self.app.now = lambda: at(minute)
        for instance, mine in zip(self.instances, steps, strict=True):
            instance.begin_steps(at(minute), mine)
        if push:
            self.app.db.settings_store.push(crowded_settings(quick=True), at(minute))
        return [result for instance in self.instances for result in instance.results()]


@contextmanager
def _crowded_stack(expected: ExpectedPosts, folder: Path) -> Iterator[_CrowdedStack]:
    """A stack on its own ministack, set up as a person does after deploying."""
    with ExitStack() as exit_:
        aws = exit_.enter_context(ministack(folder))
        os.environ.update(_ENV, AWS_ENDPOINT_URL=aws.url)
        boto3.setup_default_session()
        for service in _SERVICES:  # loaded before the fork, so that no child has to load it
            boto3.client(service)  # type: ignore[call-overload]
        stack = stacks.create_stack()
        instances = [Instance(stack) for _ in _ROLES]
        for instance in instances:
            exit_.callback(instance.kill)
        sim = SimulatedX(expected.posts.archive(folder / "archive"))
        server = exit_.enter_context(serve(sim))
        env = {**os.environ, "PULSE_X_URL": server.url}
        for instance in instances:
            instance.configure(env)
        stack_env = {name: value for one in stack.env.values() for name, value in one.items()}
        app = App({**stack_env, **env})
        boto3.client("sesv2").create_email_identity(EmailIdentity="pulse@example.com")
        app.db.settings_store.push(crowded_settings(), at(-1))
        for account in app.settings().company("acme").accounts:
            token = Token(*["rehearsal"] * 3, f"sim-{account.id}", "rehearsal")
            app.tokens.put(account.token, token)
        yield _CrowdedStack(instances, app, sim, aws)


def _mails(aws: Ministack) -> list[str]:
    """Ids of all mails that SES (here: ministack) has accepted."""
    with urlopen(f"{aws.url}/_ministack/ses/messages") as answer:  # noqa: S310 - on loopback
        found = json.load(answer)["messages"]
    return [mail["MessageId"] for mails in found.values() for mail in mails]
