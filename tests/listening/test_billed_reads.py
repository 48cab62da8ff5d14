"""Reads are counted as X bills them and reported; an account that is not read is named."""

import json
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from pulse_cli.simulated_x import SimulatedX
from tests.secrecy.log_capture import captured_output
from tests.simulations.test_failures import Trap
from tests.small_company import (
    HELP,
    NEWS,
    Build,
    Posts,
    SmallCompany,
    at,
    one_account_settings,
    settings,
)
from tests.x_interceptor import XInterceptor

DAY = 24 * 60
MIDNIGHT = 15 * 60


def publish_talks(posts: Posts, start: float = 0) -> None:
    """Publish 30 mentions with replies, some shown late, and own posts in between."""
    for n in range(30):
        late = start + n * 7 + 40 if n % 10 == 9 else None
        asked = posts.mention(start + n * 7, str(n % 9 + 10), seen=late)
        posts.reply(start + n * 7 + 3, asked, seen=late)
        if n % 5 == 0:
            posts.news(start + n * 7 + 1, HELP)


def counted_reads(here: SmallCompany, *accounts: str) -> int:
    return sum(sum(here.cursor(account).reads.values()) for account in accounts or (HELP,))


def billed_reads(here: SmallCompany) -> int:
    """Return what the simulated X bills: each post once per UTC day."""
    figures = here.sim.usage()
    return figures["posts_served"] - figures["rereads_within_day"]


@pytest.mark.parametrize("inclusive", [False, True])
def test_within_a_day_reads_are_counted_exactly_as_x_bills(
    posts: Posts, small_company: Build, inclusive: bool
) -> None:
    """Each post counts once, also when X serves the post of `since_id` again."""
    publish_talks(posts)
    here = small_company(one_account_settings(), since_id_inclusive=inclusive).run_minutes(
        *range(0, 260, 5)
    )
    assert here.sim.usage()["rereads_within_day"] > 100
    assert counted_reads(here) == billed_reads(here) == 66


def test_across_midnight_reads_are_never_undercounted(posts: Posts, small_company: Build) -> None:
    """Sweeps that re-read yesterday's posts count them again, as X bills them."""
    publish_talks(posts, MIDNIGHT - 100)
    posts.mention(MIDNIGHT - 36.5)  # same minute as a post shown three minutes past midnight
    minutes = range(MIDNIGHT - 105, MIDNIGHT + 200, 5)
    here = small_company(one_account_settings(), start=minutes[0]).run_minutes(*minutes)
    assert here.sim.usage()["rereads_across_days"] > 0
    assert billed_reads(here) <= counted_reads(here) <= 1.1 * billed_reads(here)


def test_own_posts_before_midnight_are_not_read_again_after_it(
    posts: Posts, small_company: Build
) -> None:
    """Sweeps after midnight know an own post from before it, so that they re-read nothing."""
    posts.news(MIDNIGHT - 14.5, HELP)
    here = small_company(one_account_settings(), start=MIDNIGHT - 20).run_minutes(
        *range(MIDNIGHT - 20, MIDNIGHT + 60, 5)
    )
    assert here.sim.usage()["rereads_across_days"] == 0
    assert counted_reads(here) == billed_reads(here) == 1


def test_a_post_that_names_both_accounts_counts_twice(posts: Posts, small_company: Build) -> None:
    """A post that both accounts read is counted twice and billed once."""
    posts.mention(0.5, to=[HELP, NEWS])
    here = small_company().run_minutes(0, 1)
    assert (counted_reads(here, HELP, NEWS), billed_reads(here)) == (2, 1)


IN_A_SWEEP = {3: 3, 4: 3, 11: 2}
"""How many posts are counted twice, by the number of the request at which a sweep ends."""


@pytest.mark.parametrize("request_number", range(3, 12))
def test_reads_of_a_killed_poll_are_counted_by_the_next(
    posts: Posts, small_company: Build, request_number: int
) -> None:
    """The run after a killed one counts what that one read.

    After a killed poll the count is exact. After a killed sweep it may be too high, never too low:
    the retried sweep also counts what polls have stored since then.
    """
    publish_talks(posts)

    def trap(sim: SimulatedX) -> Trap:
        return Trap(sim, request_number, SystemExit(1))

    here = small_company(one_account_settings(), x=trap).run_minutes(
        *range(0, 100, 5), *range(101, 112)
    )
    assert len(here.failures) == 1
    assert counted_reads(here) - billed_reads(here) == IN_A_SWEEP.get(request_number, 0)


def test_a_late_post_stored_by_a_killed_sweep_is_counted(
    posts: Posts, small_company: Build
) -> None:
    """When a sweep is killed after it stored a late post, the retried sweep counts that post."""
    posts.mention(0.5, seen=14.5)
    posts.mention(0.6)

    def trap(sim: SimulatedX) -> Trap:
        return Trap(sim, 10, SystemExit(1))  # the sweep's second timeline

    here = small_company(one_account_settings(), x=trap).run_minutes(0, 1, 15)
    assert (len(here.failures), len(here.stored), counted_reads(here)) == (1, 2, 1)
    assert counted_reads(here.run_minutes(20)) == 2


def test_of_two_sweeps_at_once_the_one_that_stored_a_post_counts_it(
    posts: Posts, small_company: Build
) -> None:
    """A sweep counts the late post it stored, although a second sweep saved the cursor first."""
    posts.mention(0.5, seen=14.5)
    posts.mention(0.6)
    second: list[Any] = []

    def run_second_sweep(environ: dict[str, Any]) -> None:
        running = here.world.lambdas.running[-1]
        sweeping = '"sweep"' in running[1].get("Records", [{"body": ""}])[0]["body"]
        midway = here.world.now() == at(15) and environ["PATH_INFO"].endswith("/tweets")
        if sweeping and midway and len(here.world.lambdas.running) == 1:
            second.append(here.world.lambdas.invoke(*running))

    here = small_company(one_account_settings(), x=lambda sim: XInterceptor(sim, run_second_sweep))
    here.run_minutes(0, 1, 15)
    assert [run["new"] for run in second] == [0]
    assert (len(here.stored), counted_reads(here)) == (2, 2)


def run_dispatch(here: SmallCompany) -> dict[str, Any]:
    with captured_output() as output, here.world.counting_calls() as lambdas:
        result: dict[str, Any] = lambdas.invoke_scheduled("dispatch")
    counts = output.metrics()
    assert counts["AccountsBlind"] == len(result["blind"])
    assert counts["BudgetUsed"] == result["budget_used"]
    return result


@pytest.mark.parametrize(("times", "read"), [(1, {"acme_help", "acme"}), (2, {"acme"})])
def test_a_task_that_the_queue_does_not_take(
    posts: Posts, small_company: Build, times: int, read: set[str]
) -> None:
    """When SQS does not accept the tasks of one account, the others are polled.

    After one failure the tasks are sent again; after two, `dispatch` fails and says how many.
    """
    here = small_company()
    refused: list[list[str]] = []

    def leave_out(params: Any, **_: Any) -> Any:
        theirs = [e["Id"] for e in params["Entries"] if e["MessageGroupId"] == HELP]
        refused.append(theirs if len(refused) < times else [])
        return {**params, "Entries": [e for e in params["Entries"] if e["Id"] not in refused[-1]]}

    def skip_empty_batch(params: Any, **_: Any) -> Any:
        entries = json.loads(params["body"])["Entries"]
        return None if entries else (AWSResponse("https://sqs", 200, {}, None), {})

    def report_failed(parsed: Any, **_: Any) -> None:
        failed = {"Code": "InternalError", "SenderFault": False, "Message": "Full"}
        parsed["Failed"] = [{"Id": one, **failed} for one in refused[-1]]

    events = boto3.DEFAULT_SESSION.events
    events.register("provide-client-params.sqs.SendMessageBatch", leave_out)
    events.register("before-call.sqs.SendMessageBatch", skip_empty_batch)
    events.register("after-call.sqs.SendMessageBatch", report_failed)
    with captured_output() as output, here.world.counting_calls() as lambdas:
        lambdas.invoke_scheduled("dispatch")
    assert output.metrics()["AccountsBlind"] == 0
    assert {run["account"] for run in here.world.drain_queue()} == read
    assert here.failures == (
        ["dispatch: RuntimeError: SQS did not accept 2 tasks: Full"] if times > 1 else []
    )


def test_metric_and_digest_report_the_used_share_of_the_budget(
    posts: Posts, small_company: Build
) -> None:
    """Reading continues when the budget is used up, and a new month starts at zero."""
    for n in range(25):
        posts.mention(n + 0.5, str(n + 10))
    here = small_company(one_account_settings(reads_per_month="20")).run_minutes(0)
    assert run_dispatch(here)["budget_used"] == 0
    here.run_minutes(9)
    assert run_dispatch(here)["budget_used"] == 45
    assert "reads from X this month: 9 of 20 (45%)" in here.digest(9, 0).text
    here.run_minutes(30)
    assert run_dispatch(here)["budget_used"] == 125
    assert "reads from X this month: 25 of 20 (125%)" in here.digest(30, 0).text
    here.run_minutes(DAY * 20)
    assert run_dispatch(here)["budget_used"] == 0
    assert len(here.stored) == 25


def test_without_a_budget_no_share_is_reported(posts: Posts, small_company: Build) -> None:
    """Without a budget, the metric is zero and the digest does not mention reads."""
    posts.mention(0.5)
    here = small_company().run_minutes(0, 1)
    assert run_dispatch(here)["budget_used"] == 0
    assert "reads of X" not in here.digest(1, 0).text
    assert counted_reads(here, HELP, NEWS) == 1


def test_an_account_that_is_not_read_is_named_while_others_are(
    posts: Posts, small_company: Build
) -> None:
    """An account with a revoked token is named after ten minutes, until it is read again."""

    def revoked(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        mine = f'oauth_token="sim-{HELP}"' in environ.get("HTTP_AUTHORIZATION", "")
        if not mine or not at(5) <= here.world.now() < at(35):
            return None
        return "401 Unauthorized", b'{"title":"Unauthorized","status":401}'

    here = small_company(x=lambda sim: XInterceptor(sim, revoked))
    blind = {}
    for minute in range(37):
        here.run_minute(minute)
        blind[minute] = run_dispatch(here)["blind"]
    assert [m for m, names in blind.items() if names] == list(range(15, 35))
    assert {tuple(names) for names in blind.values() if names} == {("acme_help",)}
    assert [m.minute for m in here.mails] == [5]


def test_an_account_that_is_never_read_counts_from_the_push(
    posts: Posts, small_company: Build
) -> None:
    """An account that was never polled is named once its push is more than ten minutes ago."""
    here = small_company().run_minutes(0)
    account = {"id": "300", "username": "acme_shop", "role": "support"}
    document = settings()
    document["companies"][0]["accounts"].append(account)
    here.world.app.db.settings_store.push(document, at(0))
    for minute, blind in ((1, []), (10, []), (11, ["acme_shop"])):
        here.world.move_clock_to(at(minute))
        assert [name for name in run_dispatch(here)["blind"] if name == "acme_shop"] == blind
    assert "@acme_shop: not read yet" in here.digest(11, 0).text


def test_months_are_utc_months(posts: Posts, small_company: Build) -> None:
    """Posts read before and after the end of a UTC month are counted in different months."""
    end = (datetime(2030, 6, 1, tzinfo=at(0).tzinfo) - at(0)).total_seconds() / 60
    posts.mention(end - 1.5, "7")
    posts.mention(end + 1.5, "8")
    here = small_company(one_account_settings(), start=end - 3).run_minutes(
        end - 3, end - 1, end + 2
    )
    assert here.cursor().reads == {"2030-05": 1, "2030-06": 1}
