"""What X bills is counted as X counts it, and told; an account that is not read is named."""

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


def talk(posts: Posts, start: float = 0) -> None:
    """Thirty questions with their answers, some of both seen late, and now and then some news."""
    for n in range(30):
        late = start + n * 7 + 40 if n % 10 == 9 else None
        asked = posts.mention(start + n * 7, str(n % 9 + 10), seen=late)
        posts.reply(start + n * 7 + 3, asked, seen=late)
        if n % 5 == 0:
            posts.news(start + n * 7 + 1, HELP)


def counted(here: SmallCompany, *accounts: str) -> int:
    return sum(sum(here.cursor(account).reads.values()) for account in accounts or (HELP,))


def bill(here: SmallCompany) -> int:
    """What the simulated X bills: a post once a UTC day."""
    figures = here.sim.usage()
    return figures["posts_served"] - figures["rereads_within_day"]


@pytest.mark.parametrize("inclusive", [False, True])
def test_within_a_day_reads_are_counted_exactly_as_x_bills(
    posts: Posts, small_company: Build, inclusive: bool
) -> None:
    """Given polls and sweeps, then each post counts once, whichever way `since_id` is meant."""
    talk(posts)
    here = small_company(one_account_settings(), since_id_inclusive=inclusive).run_minutes(
        *range(0, 260, 5)
    )
    assert here.sim.usage()["rereads_within_day"] > 100
    assert counted(here) == bill(here) == 66


def test_across_midnight_reads_are_never_undercounted(posts: Posts, small_company: Build) -> None:
    """Given sweeps that read yesterday's posts again, then they count again, as X bills them."""
    talk(posts, MIDNIGHT - 100)
    posts.mention(MIDNIGHT - 36.5)  # in the minute of one that is seen three minutes past midnight
    minutes = range(MIDNIGHT - 105, MIDNIGHT + 200, 5)
    here = small_company(one_account_settings(), start=minutes[0]).run_minutes(*minutes)
    assert here.sim.usage()["rereads_across_days"] > 0
    assert bill(here) <= counted(here) <= 1.1 * bill(here)


def test_news_before_midnight_are_not_read_again_after_it(
    posts: Posts, small_company: Build
) -> None:
    """Given news shortly before midnight, then the sweeps after it know them, and read nothing."""
    posts.news(MIDNIGHT - 14.5, HELP)
    here = small_company(one_account_settings(), start=MIDNIGHT - 20).run_minutes(
        *range(MIDNIGHT - 20, MIDNIGHT + 60, 5)
    )
    assert here.sim.usage()["rereads_across_days"] == 0
    assert counted(here) == bill(here) == 1


def test_a_post_that_names_both_accounts_counts_twice(posts: Posts, small_company: Build) -> None:
    """Given what both accounts read, then the count is above the bill, never below."""
    posts.mention(0.5, to=[HELP, NEWS])
    here = small_company().run_minutes(0, 1)
    assert (counted(here, HELP, NEWS), bill(here)) == (2, 1)


BY_A_SWEEP = {3: 3, 4: 3, 11: 2}
"""How many posts are counted twice, by the request at which a sweep ends; news are posts too."""


@pytest.mark.parametrize("request_number", range(3, 12))
def test_reads_of_a_killed_poll_are_counted_by_the_next(
    posts: Posts, small_company: Build, request_number: int
) -> None:
    """Given a poll that ends in the middle, then what it read is counted by the next one.

    Once, but where a sweep was gone: what it stored is counted by the minute, and what is new
    since then by it and by the next poll. The count is never too low.
    """
    talk(posts)

    def trap(sim: SimulatedX) -> Trap:
        return Trap(sim, request_number, SystemExit(1))

    here = small_company(one_account_settings(), x=trap).run_minutes(
        *range(0, 100, 5), *range(101, 112)
    )
    assert len(here.failures) == 1
    assert counted(here) - bill(here) == BY_A_SWEEP.get(request_number, 0)


def test_what_a_gone_sweep_found_is_counted(posts: Posts, small_company: Build) -> None:
    """Given a sweep that ends after it stored a late post, then it is counted when tried again."""
    posts.mention(0.5, seen=14.5)
    posts.mention(0.6)

    def trap(sim: SimulatedX) -> Trap:
        return Trap(sim, 10, SystemExit(1))  # the sweep's second timeline

    here = small_company(one_account_settings(), x=trap).run_minutes(0, 1, 15)
    assert (len(here.failures), len(here.stored), counted(here)) == (1, 2, 1)
    assert counted(here.run_minutes(20)) == 2


def test_of_two_sweeps_at_once_that_which_found_it_counts_it(
    posts: Posts, small_company: Build
) -> None:
    """Given a sweep that stored a late post while a second one was faster, then both count."""
    posts.mention(0.5, seen=14.5)
    posts.mention(0.6)
    second: list[Any] = []

    def overtaken(environ: dict[str, Any]) -> None:
        running = here.world.lambdas.running[-1]
        sweeping = '"sweep"' in running[1].get("Records", [{"body": ""}])[0]["body"]
        midway = here.world.now() == at(15) and environ["PATH_INFO"].endswith("/tweets")
        if sweeping and midway and len(here.world.lambdas.running) == 1:
            second.append(here.world.lambdas.invoke(*running))

    here = small_company(one_account_settings(), x=lambda sim: XInterceptor(sim, overtaken))
    here.run_minutes(0, 1, 15)
    assert [run["new"] for run in second] == [0]
    assert (len(here.stored), counted(here)) == (2, 2)


def dispatched(here: SmallCompany) -> dict[str, Any]:
    with captured_output() as heard, here.world.counting_calls() as lambdas:
        result: dict[str, Any] = lambdas.invoke_scheduled("dispatch")
    counts = heard.metrics()
    assert counts["AccountsBlind"] == len(result["blind"])
    assert counts["BudgetUsed"] == result["budget_used"]
    return result


@pytest.mark.parametrize(("times", "read"), [(1, {"acme_help", "acme"}), (2, {"acme"})])
def test_a_task_that_the_queue_does_not_take(
    posts: Posts, small_company: Build, times: int, read: set[str]
) -> None:
    """Given an SQS that fails one account's tasks, then the others are polled, and all counted."""
    here = small_company()
    refused: list[list[str]] = []

    def leave_out(params: Any, **_: Any) -> Any:
        theirs = [e["Id"] for e in params["Entries"] if e["MessageGroupId"] == HELP]
        refused.append(theirs if len(refused) < times else [])
        return {**params, "Entries": [e for e in params["Entries"] if e["Id"] not in refused[-1]]}

    def with_none_left(params: Any, **_: Any) -> Any:
        left = json.loads(params["body"])["Entries"]
        return None if left else (AWSResponse("https://sqs", 200, {}, None), {})

    def say_so(parsed: Any, **_: Any) -> None:
        failed = {"Code": "InternalError", "SenderFault": False, "Message": "Full"}
        parsed["Failed"] = [{"Id": one, **failed} for one in refused[-1]]

    events = boto3.DEFAULT_SESSION.events
    events.register("provide-client-params.sqs.SendMessageBatch", leave_out)
    events.register("before-call.sqs.SendMessageBatch", with_none_left)
    events.register("after-call.sqs.SendMessageBatch", say_so)
    with captured_output() as heard, here.world.counting_calls() as lambdas:
        lambdas.invoke_scheduled("dispatch")
    assert heard.metrics()["AccountsBlind"] == 0
    assert {run["account"] for run in here.world.drain_queue()} == read
    assert here.failures == (
        ["dispatch: RuntimeError: SQS did not accept 2 tasks: Full"] if times > 1 else []
    )


def test_the_share_used_is_told_by_metric_and_digest(posts: Posts, small_company: Build) -> None:
    """Given a budget, then each minute says how much is used, the digest too, and nothing stops."""
    for n in range(25):
        posts.mention(n + 0.5, str(n + 10))
    here = small_company(one_account_settings(reads_per_month="20")).run_minutes(0)
    assert dispatched(here)["budget_used"] == 0
    here.run_minutes(9)
    assert dispatched(here)["budget_used"] == 45
    assert "reads from X this month: 9 of 20 (45%)" in here.digest(9, 0).text
    here.run_minutes(30)
    assert dispatched(here)["budget_used"] == 125
    assert "reads from X this month: 25 of 20 (125%)" in here.digest(30, 0).text
    here.run_minutes(DAY * 20)
    assert dispatched(here)["budget_used"] == 0
    assert len(here.stored) == 25


def test_without_a_budget_nothing_is_told(posts: Posts, small_company: Build) -> None:
    """Given no budget, then the share used is nothing, and the digest is silent."""
    posts.mention(0.5)
    here = small_company().run_minutes(0, 1)
    assert dispatched(here)["budget_used"] == 0
    assert "reads of X" not in here.digest(1, 0).text
    assert counted(here, HELP, NEWS) == 1


def test_an_account_that_is_not_read_is_named_while_others_are(
    posts: Posts, small_company: Build
) -> None:
    """Given one token revoked for half an hour, then after ten minutes that account is named."""

    def revoked(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        mine = f'oauth_token="sim-{HELP}"' in environ.get("HTTP_AUTHORIZATION", "")
        if not mine or not at(5) <= here.world.now() < at(35):
            return None
        return "401 Unauthorized", b'{"title":"Unauthorized","status":401}'

    here = small_company(x=lambda sim: XInterceptor(sim, revoked))
    blind = {}
    for minute in range(37):
        here.run_minute(minute)
        blind[minute] = dispatched(here)["blind"]
    assert [m for m, names in blind.items() if names] == list(range(15, 35))
    assert {tuple(names) for names in blind.values() if names} == {("acme_help",)}
    assert [m.minute for m in here.mails] == [5]


def test_an_account_that_is_never_read_counts_from_the_push(
    posts: Posts, small_company: Build
) -> None:
    """Given a poll that fails from the first on, then the account is named all the same."""
    here = small_company().run_minutes(0)
    account = {"id": "300", "username": "acme_shop", "role": "support"}
    document = settings()
    document["companies"][0]["accounts"].append(account)
    here.world.app.db.settings_store.push(document, at(0))
    for minute, blind in ((1, []), (10, []), (11, ["acme_shop"])):
        here.world.move_clock_to(at(minute))
        assert [name for name in dispatched(here)["blind"] if name == "acme_shop"] == blind
    assert "@acme_shop: not read yet" in here.digest(11, 0).text


def test_months_are_counted_by_the_clock_of_utc(posts: Posts, small_company: Build) -> None:
    """Given posts in two months, then each month has its own count."""
    end = (datetime(2030, 6, 1, tzinfo=at(0).tzinfo) - at(0)).total_seconds() / 60
    posts.mention(end - 1.5, "7")
    posts.mention(end + 1.5, "8")
    here = small_company(one_account_settings(), start=end - 3).run_minutes(
        end - 3, end - 1, end + 2
    )
    assert here.cursor().reads == {"2030-05": 1, "2030-06": 1}
