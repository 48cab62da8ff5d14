"""The queue of polls: redelivery, order and deduplication; and an account that always fails."""

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

    def receive(self, most: int = 1, *, dead: bool = False) -> list[Any]:
        """The messages that can be received now; those of the dead-letter queue if `dead`."""
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
    """Account, minute and receive count of each message."""
    found = []
    for message in messages:
        body = json.loads(message["Body"])
        minute = (datetime.fromisoformat(body["minute"]) - at(0)) // timedelta(minutes=1)
        receive_count = int(message["Attributes"]["ApproximateReceiveCount"])
        found.append((body["account_id"], minute, receive_count))
    return found


def test_a_received_message_blocks_its_group_and_returns_first(stack: LocalStack) -> None:
    """A received task blocks its account's next tasks; if it is not deleted, it returns first."""
    queue = RawQueue(stack)
    queue.put([task(1), task(2), task(3), task(1, NEWS)])
    assert described(queue.receive()) == [(HELP, 1, 1)]
    [other] = queue.receive()
    assert described([other]) == [(NEWS, 1, 1)]
    queue.delete(other)
    assert queue.receive() == []
    time.sleep(VISIBILITY + 0.1)
    order = []
    while messages := queue.receive():
        order += described(messages)
        queue.delete(messages[0])
    assert order == [(HELP, 1, 2), (HELP, 2, 1), (HELP, 3, 1)]


def test_three_received_messages_return_in_order(stack: LocalStack) -> None:
    """Three tasks of one account that are received and not deleted return in the same order."""
    queue = RawQueue(stack)
    queue.put([task(1), task(2), task(3)])
    assert described(queue.receive(10)) == [(HELP, n, 1) for n in (1, 2, 3)]
    assert queue.receive(10) == []
    time.sleep(VISIBILITY + 0.1)
    assert described(queue.receive(10)) == [(HELP, n, 2) for n in (1, 2, 3)]


def test_a_task_counts_once_also_after_it_was_done(stack: LocalStack) -> None:
    """A task that is sent again, before or after it was processed, is delivered only once."""
    queue = RawQueue(stack)
    queue.put([task(1)])
    queue.put([task(1)])
    [message] = queue.receive(10)
    queue.delete(message)
    queue.put([task(1)])
    assert queue.receive(10) == []
    queue.put([task(2)])
    assert described(queue.receive(10)) == [(HELP, 2, 1)]


def test_a_minute_dispatched_many_times_at_once_is_polled_once(stack: LocalStack) -> None:
    """Eight dispatches of the same minutes at once make one task for each account and minute."""
    queue = RawQueue(stack)
    tasks = [task(minute, account) for minute in (1, 2) for account in (HELP, NEWS)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(queue.put, [tasks] * 8))
    found = []
    while messages := queue.receive(10):
        found += described(messages)
        for message in messages:
            queue.delete(message)
    assert sorted(found) == sorted((a, m, 1) for m in (1, 2) for a in (HELP, NEWS))


class PoisonedTransport(WsgiTransport):
    """The transport to X, with a bug that one post triggers."""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        answer = super().send(request, *args, **more)
        if b"poison" in answer.content:
            raise AssertionError("what a library is sure of, and is not so")
        return answer


class DeployedPolls:
    """Dispatch and poll as deployed, on the real queue; a poison account beside a healthy one.

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
        """Dispatch a minute, and poll three seconds later."""
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
    """If all polls of one account fail, others are read each minute; its task is a dead letter."""
    polls = DeployedPolls(stack, tmp_path)
    retry_after = stack.functions["poll"].queue.visibility_timeout // 60
    delayed = []
    for minute in range(4 * retry_after + 1):
        if minute > 1 and minute % retry_after == 1:
            time.sleep(VISIBILITY + 0.1)  # stands for the visibility time-out as deployed
        polls.go(minute)
        cursor = polls.app.db.cursors.load([NEWS])[NEWS]
        delayed += [minute] if cursor.last_ok != at(minute) else []
    assert delayed == []
    acme = polls.app.settings().company("acme")
    assert len(polls.app.db.conversations.due(acme)) == 4 * retry_after
    assert polls.failed() == [1 + retry_after * n for n in range(4)]
    assert [
        (account, minute) for account, minute, _ in described(RawQueue(stack).receive(dead=True))
    ] == [(HELP, 1)]
