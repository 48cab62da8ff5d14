"""Where compliance jobs are not possible: look-ups, their limits, and their bill."""

from typing import Any

from tests.privacy.comply_days import DAY, HOUR, USER_ONLY, compliance_requests, run_comply
from tests.privacy.deleted_posts import deleted_at
from tests.small_company import Build, Posts, one_account_settings
from tests.x_interceptor import XInterceptor, fault


def test_while_x_refuses_jobs_open_posts_are_looked_up(posts: Posts, small_company: Build) -> None:
    """X is asked for a job once a day; meanwhile, open posts are looked up. Later, jobs work."""
    _, answered = posts.mention(1, "7", **deleted_at(DAY)), posts.mention(2, "8", **deleted_at(DAY))
    posts.reply(3, answered)
    faults = [fault(0, 2 * DAY, endpoint="compliance", status=403)]
    here = small_company(one_account_settings(), faults=faults).run_minutes(0, 4)
    run_comply(here, DAY, DAY + 20)
    assert here.stored == {answered}
    assert compliance_requests(here) == 1
    run_comply(here, DAY + 30, 2 * DAY - 10)
    assert compliance_requests(here) == 1
    run_comply(here, 2 * DAY, 2 * DAY + 20)
    assert here.stored == set()


def test_without_a_bearer_waiting_posts_are_looked_up_daily_and_billed(
    posts: Posts, small_company: Build
) -> None:
    """With a user's token alone, open posts from before today are looked up and counted."""
    stays = posts.mention(1, "7")
    posts.mention(2, "8", **deleted_at(DAY))
    answered = posts.mention(3, "9", **deleted_at(DAY))
    posts.reply(4, answered)
    here = small_company(one_account_settings(reads_per_month=1000))
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.run_minutes(0, 5)
    polled = sum(here.cursor().reads.values())
    assert set(run_comply(here, 10, 850)) == {"looked up", "not due"}
    assert here.sim.requests["lookup", "200"] == 0
    steps = run_comply(here, 15 * HOUR, DAY + 14 * HOUR)
    assert steps.count("looked up") == 1
    assert here.sim.requests["lookup", "200"] == 1
    run_comply(here, DAY + 15 * HOUR, 2 * DAY)
    assert here.stored == {stays, answered}
    assert here.sim.requests["lookup", "200"] == 2
    assert compliance_requests(here) == 0
    assert sum(here.cursor().reads.values()) - polled == 3
    assert here.sim.usage()["rereads_across_days"] == 3
    assert here.mails == []


def test_with_the_months_reads_used_up_nothing_is_looked_up(
    posts: Posts, small_company: Build
) -> None:
    """Without a bearer token and without reads, deleted posts stay stored."""
    post = posts.mention(1, "7", **deleted_at(DAY))
    here = small_company(one_account_settings(reads_per_month=1))
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.run_minutes(0, 5)
    assert set(run_comply(here, DAY, DAY + HOUR)) == {"the month's reads are used up"}
    assert here.stored == {post}


def test_at_most_200_posts_are_looked_up_a_day(posts: Posts, small_company: Build) -> None:
    """Of 230 open posts, the 200 with the longest waits are looked up."""
    asked = [posts.mention(1 + n / 100, str(n + 1000)) for n in range(230)]
    here = small_company(one_account_settings())
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.run_minutes(0, 5)
    run_comply(here, DAY, DAY)
    assert here.sim.requests["lookup", "200"] == 2
    days = here.sim.reads
    assert {i for i in asked if len(days[i]) == 2} == set(asked[:200])


def test_a_failed_look_up_is_tried_again(posts: Posts, small_company: Build) -> None:
    posts.mention(1, "7", **deleted_at(DAY))
    here = small_company(
        one_account_settings(), faults=[fault(DAY, DAY + 5, endpoint="lookup", status=503)]
    )
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.run_minutes(0, 5)
    first, second = run_comply(here, DAY, DAY + 10)
    assert first.startswith("trouble: unavailable")
    assert (second, here.stored) == ("looked up", set())
    assert here.failures == []


def test_reads_before_a_failure_are_billed(posts: Posts, small_company: Build) -> None:
    """When X fails after the first hundred of 150 posts, that hundred is counted."""
    for n in range(150):
        posts.mention(1 + n / 1000, str(n + 1000))
    served: list[str] = []

    def fail_second_request(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        if environ["PATH_INFO"] != "/2/tweets":
            return None
        served.append(environ["QUERY_STRING"])
        return ("503 Service Unavailable", b"{}") if len(served) > 1 else None

    here = small_company(
        one_account_settings(), x=lambda sim: XInterceptor(sim, instead=fail_second_request)
    )
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.run_minutes(0, 5)
    polled = sum(here.cursor().reads.values())
    [step] = run_comply(here, DAY, DAY)
    assert step.startswith("trouble: unavailable")
    assert sum(here.cursor().reads.values()) - polled == 100


def test_a_missing_token_is_reported_by_the_poll_only(posts: Posts, small_company: Build) -> None:
    """Without a token, `comply` looks nothing up, sends no mail, and does not fail."""
    posts.mention(1, "7")
    here = small_company(one_account_settings()).run_minutes(0, 2)
    here.delete_token("acme_help")
    [step] = run_comply(here, DAY, DAY)
    assert step.startswith("trouble: token")
    assert here.failures == []
    assert here.mails == []
