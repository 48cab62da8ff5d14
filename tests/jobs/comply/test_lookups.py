"""Where no compliance job may be made: looked up, billed, counted, bounded."""

from typing import Any

from tests.jobs.between import Between, fault
from tests.jobs.removals import gone
from tests.jobs.town import Build, Posts, alone

from .days import DAY, HOUR, USER_ONLY, check, jobs


def test_where_x_refuses_what_waits_is_looked_up_and_x_asked_again_a_day_later(
    posts: Posts, town: Build
) -> None:
    """Given a 403 for two days, then open posts are looked up each day, and then jobs work."""
    _, answered = posts.mention(1, "7", **gone(DAY)), posts.mention(2, "8", **gone(DAY))
    posts.reply(3, answered)
    faults = [fault(0, 2 * DAY, endpoint="compliance", status=403)]
    here = town(alone(), faults=faults).go(0, 4)
    check(here, DAY, DAY + 20)
    assert here.stored == {answered}
    assert jobs(here) == 1
    check(here, DAY + 30, 2 * DAY - 10)
    assert jobs(here) == 1
    check(here, 2 * DAY, 2 * DAY + 20)
    assert here.stored == set()


def test_without_a_bearer_what_waits_is_looked_up_once_a_day_and_billed(
    posts: Posts, town: Build
) -> None:
    """Given a user's token alone, then open posts of before today are asked for, and counted."""
    stays = posts.mention(1, "7")
    posts.mention(2, "8", **gone(DAY))
    answered = posts.mention(3, "9", **gone(DAY))
    posts.reply(4, answered)
    here = town(alone(reads_per_month=1000))
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.go(0, 5)
    polled = sum(here.cursor().reads.values())
    assert set(check(here, 10, 850)) == {"looked up", "not due"}
    assert here.sim.requests["lookup", "200"] == 0
    steps = check(here, 15 * HOUR, DAY + 14 * HOUR)
    assert steps.count("looked up") == 1
    assert here.sim.requests["lookup", "200"] == 1
    check(here, DAY + 15 * HOUR, 2 * DAY)
    assert here.stored == {stays, answered}
    assert here.sim.requests["lookup", "200"] == 2
    assert jobs(here) == 0
    assert sum(here.cursor().reads.values()) - polled == 3
    assert here.sim.figures()["rereads_across_days"] == 3
    assert here.mails == []


def test_with_the_months_reads_used_up_nothing_is_looked_up(posts: Posts, town: Build) -> None:
    """Given no bearer and no reads left, then the posts stay until `keep` ends."""
    post = posts.mention(1, "7", **gone(DAY))
    here = town(alone(reads_per_month=1))
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.go(0, 5)
    assert set(check(here, DAY, DAY + HOUR)) == {"the month's reads are used up"}
    assert here.stored == {post}


def test_at_most_so_many_are_looked_up_a_day(posts: Posts, town: Build) -> None:
    """Given 230 who wait without a bearer, then 200 of them are asked for, the longest waits."""
    asked = [posts.mention(1 + n / 100, str(n + 1000)) for n in range(230)]
    here = town(alone())
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.go(0, 5)
    check(here, DAY, DAY)
    assert here.sim.requests["lookup", "200"] == 2
    days = here.sim.reads
    assert {i for i in asked if len(days[i]) == 2} == set(asked[:200])


def test_trouble_with_look_ups_is_tried_again(posts: Posts, town: Build) -> None:
    posts.mention(1, "7", **gone(DAY))
    here = town(alone(), faults=[fault(DAY, DAY + 5, endpoint="lookup", status=503)])
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.go(0, 5)
    first, second = check(here, DAY, DAY + 10)
    assert first.startswith("trouble: unavailable")
    assert (second, here.stored) == ("looked up", set())
    assert here.failures == []


def test_what_was_read_before_the_trouble_is_billed(posts: Posts, town: Build) -> None:
    """Given 150 who wait, and an X that gives way after the first hundred, then they count."""
    for n in range(150):
        posts.mention(1 + n / 1000, str(n + 1000))
    served: list[str] = []

    def down(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        if environ["PATH_INFO"] != "/2/tweets":
            return None
        served.append(environ["QUERY_STRING"])
        return ("503 Service Unavailable", b"{}") if len(served) > 1 else None

    here = town(alone(), x=lambda sim: Between(sim, instead=down))
    here.world.app.tokens.put("acme_help", USER_ONLY)
    here.go(0, 5)
    polled = sum(here.cursor().reads.values())
    [step] = check(here, DAY, DAY)
    assert step.startswith("trouble: unavailable")
    assert sum(here.cursor().reads.values()) - polled == 100


def test_a_missing_secret_is_the_polls_to_tell(posts: Posts, town: Build) -> None:
    """Given no token at all, then comply looks nothing up, says nothing, and does not fail."""
    posts.mention(1, "7")
    here = town(alone()).go(0, 2)
    secrets = here.world.app.tokens
    secrets._client.delete_parameter(Name=f"{secrets._path}/acme_help")
    here.world.app._xs.clear()
    [step] = check(here, DAY, DAY)
    assert step.startswith("trouble: token")
    assert here.failures == []
    assert here.mails == []
