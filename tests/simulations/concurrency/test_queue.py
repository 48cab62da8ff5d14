"""The queue of polls: what comes back, in which order, once; and one poison account."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import requests

from pulse.app import App
from pulse.listening.queue import PollQueue
from pulse.listening.tasks import PollTask
from pulse.x.access import Token
from pulse_cli.replay.lambda_service import LambdaService
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.simulated_x import SimulatedX, WsgiTransport
from tests.simulations.concurrency.conftest import VISIBILITY
from tests.simulations.concurrency.event_source import EventSource
from tests.small_company import HELP, NEWS, Posts, at, settings

_SOON = VISIBILITY / 2


class RawQueue:
    """The queue as its event source sees it, without a function behind it."""

    def __init__(self, stack: LocalStack) -> None:
        queue = stack.functions["poll"].queue
        assert queue is not None
        self._sqs = boto3.client("sqs")
        self._url, self._dead = queue.url, queue.dead_letters_url
        self.put = PollQueue(self._sqs, self._url).put

    def take(self, most: int = 1, *, dead: bool = False) -> list[Any]:
        """What may be taken now: account, minute, how often it was taken, and its handle."""
        answer = self._sqs.receive_message(
            QueueUrl=self._dead if dead else self._url,
            MaxNumberOfMessages=most,
            AttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def delete(self, message: Any) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


def task(minute: int, account: str = HELP) -> PollTask:
    return PollTask("acme", account, "poll", at(minute))


def described(messages: list[Any]) -> list[tuple[str, int, int]]:
    """Account, minute, and how often it was taken."""
    found = []
    for message in messages:
        body = json.loads(message["Body"])
        minute = (datetime.fromisoformat(body["minute"]) - at(0)) // timedelta(minutes=1)
        taken = int(message["Attributes"]["ApproximateReceiveCount"])
        found.append((body["account_id"], minute, taken))
    return found


def test_a_received_message_blocks_its_group_and_returns_first(stack: LocalStack) -> None:
    """Given three tasks of one account, when the first fails, then it comes back, then the rest."""
    queue = RawQueue(stack)
    queue.put([task(1), task(2), task(3), task(1, NEWS)])
    assert described(queue.take()) == [(HELP, 1, 1)]
    [other] = queue.take()
    assert described([other]) == [(NEWS, 1, 1)]
    queue.delete(other)
    assert queue.take() == []
    time.sleep(VISIBILITY + 0.1)
    order = []
    while messages := queue.take():
        order += described(messages)
        queue.delete(messages[0])
    assert order == [(HELP, 1, 2), (HELP, 2, 1), (HELP, 3, 1)]


def test_three_received_messages_return_in_order(stack: LocalStack) -> None:
    """Given three tasks of one account in one batch, when none is deleted, then all come back."""
    queue = RawQueue(stack)
    queue.put([task(1), task(2), task(3)])
    assert described(queue.take(10)) == [(HELP, n, 1) for n in (1, 2, 3)]
    assert queue.take(10) == []
    time.sleep(VISIBILITY + 0.1)
    assert described(queue.take(10)) == [(HELP, n, 2) for n in (1, 2, 3)]


def test_a_task_counts_once_also_after_it_was_done(stack: LocalStack) -> None:
    """Given a task that is sent again, before and after it is done, then it is done once."""
    queue = RawQueue(stack)
    queue.put([task(1)])
    queue.put([task(1)])
    [message] = queue.take(10)
    queue.delete(message)
    queue.put([task(1)])
    assert queue.take(10) == []
    queue.put([task(2)])
    assert described(queue.take(10)) == [(HELP, 2, 1)]


def test_a_minute_dispatched_many_times_at_once_is_polled_once(stack: LocalStack) -> None:
    """Given eight dispatches of one minute at once, then each account has one task."""
    queue = RawQueue(stack)
    tasks = [task(minute, account) for minute in (1, 2) for account in (HELP, NEWS)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(queue.put, [tasks] * 8))
    found = []
    while messages := queue.take(10):
        found += described(messages)
        for message in messages:
            queue.delete(message)
    assert sorted(found) == sorted((a, m, 1) for m in (1, 2) for a in (HELP, NEWS))


class PoisonedTransport(WsgiTransport):
    """The way to X, with a bug that one post brings out."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        answer = super().send(request, *args, **more)
        if b"poison" in answer.content:
            raise AssertionError("what a library is sure of, and is not so")
        return answer


class DeployedPolls:
    """Dispatch and poll as deployed, on the real queue; a poison account beside a sound one.

    X shows the poison account a post that a library fails at, so each of its polls ends in an
    error.
    """

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self.now = at(0)
        posts = Posts()
        posts.mention(0.5, to=(NEWS,))
        posts.mention(0.6, who="8", text="@acme_help poison")
        for minute in range(1, 40):
            posts.mention(minute + 0.5, who="9", to=(NEWS,))
        sim = SimulatedX(posts.archive(folder / "archive"), lambda: self.now)
        env = {name: value for one in stack.env.values() for name, value in one.items()}
        self.lambdas = LambdaService(
            stack.functions,
            lambda: App(env, lambda: self.now, PoisonedTransport(sim)),
            lambda: self.now,
        )
        self.app = self.lambdas.app
        self.source = EventSource(boto3.client("sqs"), stack.functions["poll"], self.lambdas.invoke)
        self.app.db.settings_store.push(settings(look_back="0"), at(-1))
        for account in self.app.settings().company("acme").accounts:
            self.app.tokens.put(account.token, Token("r", "r", "r", f"sim-{account.id}", "r"))

    def go(self, minute: int) -> None:
        """A minute: it is dispatched, and three seconds later polled."""
        self.now = at(minute)
        self.lambdas.invoke_scheduled("dispatch")
        self.now = at(minute + 0.05)
        self.source.drain()

    def failed(self) -> list[int]:
        """The minutes in which a poll failed."""
        return [(f.at - at(0)) // timedelta(minutes=1) for f in self.lambdas.failures]


def test_a_poison_account_delays_no_other_and_ends_in_the_dead_letter_queue(
    stack: LocalStack, tmp_path: Path
) -> None:
    """Given an account whose every poll fails, then others are read each minute, and it is told."""
    polls = DeployedPolls(stack, tmp_path)
    again = stack.functions["poll"].queue.visibility_timeout // 60
    late = []
    for minute in range(4 * again + 1):
        if minute > 1 and minute % again == 1:
            time.sleep(VISIBILITY + 0.1)  # stands for the visibility time-out as deployed
        polls.go(minute)
        cursor = polls.app.db.cursors.load([NEWS])[NEWS]
        late += [minute] if cursor.last_ok != at(minute) else []
    assert late == []
    assert len(polls.app.db.conversations.due(polls.app.settings().company("acme"))) == 4 * again
    assert polls.failed() == [1 + again * n for n in range(4)]
    assert [
        (account, minute) for account, minute, _ in described(RawQueue(stack).take(dead=True))
    ] == [(HELP, 1)]
