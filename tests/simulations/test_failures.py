"""When a function ends early, its failure is recorded, it is retried, and nothing is lost."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from pulse_cli.simulated_x import SimulatedX
from tests.small_company import Build, Posts, SmallCompany, one_account_settings
from tests.tiers import TEST_ALL

QUICK = {
    "levels": [
        {"name": "warning", "after": "5 min", "tell": ["anna"]},
        {"name": "critical", "after": "20 min", "tell": ["vera"]},
    ]
}
MINUTES = (0, 1, 2, 5, 6, 9, 14, 21, 22, 27, 33, 39, 45, 60)


def some_posts() -> Posts:
    """One customer gets no reply; another gets one after three minutes and asks again."""
    posts = Posts()
    posts.mention(0.5, "7")
    second = posts.mention(1.5, "8")
    posts.reply(4.5, second)
    posts.mention(8.5, "8", thread=second)
    return posts


def outcome(here: SmallCompany) -> dict[str, Any]:
    """What must not depend on where a function was ended."""
    return {
        "conversations": {
            first: (s.status, s.waiting, s.first_response_seconds, s.level)
            for first, s in here.states().items()
        },
        "flags": {
            first: Counter((f.level, f.reminder) for f in s.flags if not f.reminder)
            for first, s in here.states().items()
        },
        "mailed": {(m.who, post) for m in here.mails for post in m.posts},
        "outbox": here.waiting(),
        "high_water": here.cursor().high_water,
    }


def run(folder: Path, crash: int | None = None) -> tuple[dict[str, Any], SmallCompany, int]:
    """Run all minutes; a function is ended right before AWS call number `crash`."""
    with SmallCompany(
        folder, some_posts(), one_account_settings(policy=QUICK, look_back="1 h")
    ) as here:
        calls = 0

        def count(_: str) -> None:
            nonlocal calls
            calls += 1
            if calls == crash:
                raise SystemExit(1) if crash % 2 else RuntimeError("killed")

        here.run_minutes(*MINUTES[:1])
        here.world.before_call = count
        here.run_minutes(*MINUTES[1:])
        return outcome(here), here, calls


def test_a_function_ended_at_any_aws_call_changes_no_outcome(tmp_path: Path) -> None:
    """A function that is ended before any of its AWS calls changes neither state nor outbox."""
    uninterrupted, here, calls = run(tmp_path)
    assert here.failures == []
    assert len(uninterrupted["mailed"]) == 4
    for crash in range(1, calls + 1, 1 if TEST_ALL else calls // 4):
        found, here, _ = run(tmp_path, crash)
        assert len(here.failures) == 1, crash
        assert is_same_outcome(found, uninterrupted), f"ended before call {crash}: {here.failures}"
        mails_per_person_and_minute = Counter((m.who, m.minute) for m in here.mails)
        assert max(mails_per_person_and_minute.values()) == 1


def is_same_outcome(found: dict[str, Any], uninterrupted: dict[str, Any]) -> bool:
    """Whether the outcomes agree; a reply that is read later may cause one more flag."""
    for first, flags in uninterrupted["flags"].items():
        extra = found["flags"][first] - flags
        if flags - found["flags"][first] or extra.total() > 1:
            return False
    all_mailed = uninterrupted["mailed"] <= found["mailed"]
    equal_parts = ("conversations", "outbox", "high_water")
    return all_mailed and all(found[name] == uninterrupted[name] for name in equal_parts)


class Trap:
    """An X that ends the calling process at request `number`."""

    def __init__(self, sim: SimulatedX, number: int, error: BaseException) -> None:
        self._sim = sim
        self._requests = itertools.count(1)
        self._number = number
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if next(self._requests) == self._number:
            raise self._error
        return self._sim(environ, start)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outcome when no function is ended early."""
    found, here, _ = run(tmp_path_factory.mktemp("uninterrupted"))
    assert here.failures == []
    return found


@pytest.mark.parametrize("error", [SystemExit(2), RuntimeError("a bug")])
def test_a_poll_ended_while_reading_x_is_retried(
    tmp_path: Path, uninterrupted: dict[str, Any], error: BaseException
) -> None:
    """A poll that ends while it reads X is recorded as failed and retried; nothing is lost."""
    with SmallCompany(
        tmp_path,
        some_posts(),
        one_account_settings(policy=QUICK, look_back="1 h"),
        x=lambda sim: Trap(sim, 6, error),
    ) as here:
        here.run_minutes(*MINUTES)
        assert [f.split(":")[0] for f in here.failures] == ["poll"]
        assert type(error).__name__ in here.failures[0]
        assert outcome(here) == uninterrupted


def test_a_person_who_stops_the_replay_stops_it(tmp_path: Path) -> None:
    """Ctrl-C ends the replay; it is not caught as a failure of the function."""
    with (
        SmallCompany(
            tmp_path,
            some_posts(),
            one_account_settings(),
            x=lambda s: Trap(s, 1, KeyboardInterrupt()),
        ) as here,
        pytest.raises(KeyboardInterrupt),
    ):
        here.run_minutes(0)


def test_a_mail_is_sent_twice_only_if_recording_it_failed(tmp_path: Path) -> None:
    """If `send` ends after SES accepts a mail and before that is recorded, it is sent again."""
    with SmallCompany(tmp_path, some_posts(), one_account_settings(policy=QUICK)) as here:
        crashes: list[str] = []

        def crash_once(**_: Any) -> None:
            if len(here.world.mails()) == 1 and not crashes:
                crashes.append("send")
                raise SystemExit(1)

        here.world.app.db.table.client.meta.events.register(
            "before-call.dynamodb.TransactWriteItems", crash_once
        )
        here.run_minutes(0, 1, 2, 5, 6, 7, 8, 9, 10)
        assert crashes
        first, again = (m for m in here.mails if m.who == "anna")
        assert again.posts[: len(first.posts)] == first.posts
        assert 3 <= again.minute - first.minute <= 5


@pytest.mark.parametrize("what", ["#doc#", "outbox#", "sent#"], ids=["document", "flag", "record"])
def test_a_throttled_transaction_is_retried_at_once(
    posts: Posts, small_company: Build, what: str
) -> None:
    """A throttled transaction delays nothing, and no mail is sent twice."""
    mention = posts.mention(0.5)
    here = small_company(one_account_settings())
    here.world.app.db.table.pause = lambda _: None
    throttled = []

    def throttle(params: dict[str, Any], **_: Any) -> Any:
        keys = {f"{i['pk']['S']}#{i['sk']['S']}" for i in map(_item, _actions(params))}
        if throttled or not any(what in f"{key}#" for key in keys):
            return None
        throttled.append(keys)
        reasons = [{"Code": "ThrottlingError"}, *[{"Code": "None"}] * (len(keys) - 1)]
        error = {"Code": "TransactionCanceledException", "Message": "throttled"}
        return AWSResponse("https://dynamodb", 400, {}, None), {
            "Error": error,
            "CancellationReasons": reasons,
        }

    events = here.world.app.db.table.client.meta.events
    events.register("before-call.dynamodb.TransactWriteItems", throttle)
    here.run_minutes(0, 1, 2).flag_and_send_at(*range(15, 20))
    assert len(throttled) == 1
    assert here.mails_to() == [(16, "anna")]
    assert here.mails[0].posts == [mention]
    assert here.failures == []


def _actions(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for a in json.loads(params["body"])["TransactItems"] for one in a.values()]


def _item(action: dict[str, Any]) -> dict[str, Any]:
    return action.get("Item") or action["Key"]
