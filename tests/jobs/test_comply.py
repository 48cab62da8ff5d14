"""What goes on X after its first day: found by compliance jobs, at no read; by look-ups without."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pulse.domain.access import Token
from pulse.domain.facts import Position
from pulse.domain.journal import Row
from pulse.jobs.comply import comply
from pulse_cli.simulated_x import SimulatedX
from tests.tiers import WHOLE

from .test_polling import fault
from .test_vanished import billed, everything, gone, removed
from .town import HELP, NEWS, Posts, Town, alone, at, settings

Build = Callable[..., Town]
DAY, HOUR = 24 * 60, 60
THREE_DAYS = 3 * DAY
USER_ONLY = Token(None, "key", "secret", f"sim-{HELP}", "secret")


def check(here: Town, start: float, end: float) -> list[str]:
    """Run `comply` every ten minutes in [start, end]; gives the steps it took."""
    steps = []
    for minute in range(int(start), int(end) + 1, 10):
        here.world.go_to(at(minute))
        with here.world.functions() as lambdas:
            result = lambdas.scheduled("comply") or {}
        steps += [one["step"] for one in result.values() if "step" in one]
        here._fetch(minute)
    return steps


def jobs(here: Town) -> int:
    """Requests about compliance jobs, all told."""
    return sum(n for (endpoint, _), n in here.sim.requests.items() if endpoint == "compliance")


def test_deleted_after_three_days_gone_within_seven_hours(posts: Posts, town: Build) -> None:
    """Given a mention deleted three days on, then the job finds it, at no read, and says so."""
    post = posts.mention(1, "7", text="@acme_help my number is 12345", **gone(THREE_DAYS))
    stays = posts.mention(2, "8")
    here = town(alone()).go(0, 3)
    check(here, 10, THREE_DAYS - 10)
    assert here.stored == {post, stays}
    check(here, THREE_DAYS, THREE_DAYS + 7 * HOUR)
    assert here.stored == {stays}
    assert "12345" not in everything(here)
    assert removed(here) == [(1, "deleted")]
    assert billed(here) == here.sim.figures()["posts_served"] == 2
    digest = here.digest(THREE_DAYS + 7 * HOUR, THREE_DAYS)
    assert "1 post was removed because it is deleted or protected on X" in digest.text
    assert here.failures == []


def test_a_job_in_its_steps(posts: Posts, town: Build) -> None:
    """Given kept posts, then ids go up, X is waited for, and six hours later it begins again."""
    posts.mention(1, "7")
    here = town(alone()).go(0, 2)
    assert check(here, 10, 30) == ["uploaded", "done", "not due"]
    assert check(here, 40, 360) == ["not due"] * 33
    assert check(here, 370, 390) == ["uploaded", "done", "not due"]
    assert here.sim.requests["storage", "200"] == 4
    assert jobs(here) == 6


def test_with_nothing_kept_no_job_is_made(posts: Posts, town: Build) -> None:
    here = town(alone()).go(0)
    assert check(here, 10, 380) == [
        "nothing is kept",
        *["not due"] * 35,
        "nothing is kept",
        "not due",
    ]
    assert here.sim.requests["storage", "200"] == 0


WHYS = ("deleted", "protected", "suspended", "deactivated", "lost")


@pytest.mark.parametrize("why", WHYS)
def test_why_it_is_gone(posts: Posts, town: Build, why: str) -> None:
    """Given a post that goes by each way, then it goes here; of an account, the name as well."""
    post = posts.mention(1, "7", **gone(THREE_DAYS, why))
    here = town(alone()).go(0, 2, 16, 17)
    assert here.world.app.shelf.authors(["7"])
    check(here, THREE_DAYS, THREE_DAYS + 10)
    assert here.stored == ({post} if why == "lost" else set())
    assert removed(here) == ([] if why == "lost" else [(1, why)])
    known = here.world.app.shelf.authors(["7"])
    assert bool(known) == (why in ("deleted", "lost"))


def test_all_kinds_of_posts_are_asked_for(posts: Posts, town: Build) -> None:
    """Given open, answered, closed, edited, own posts and what lies aside, then all of it goes."""
    late = gone(THREE_DAYS)
    answered = posts.mention(1, "7", text="@acme_help secret A", **late)
    posts.reply(3, answered)
    closed = posts.mention(1, "8", text="@acme_help secret B", **late)
    first = posts.mention(2, "9", text="@acme_help secret C", **late)
    posts.edit(5, first, "@acme_help secret D")
    posts.news(4)
    posts.lines[-1] |= {"text": "secret E", **late}
    odd = posts.mention(6, "10", **late)
    posts.mention(7, "11")
    here = town().go(0, 4, 8)
    position = Position("p", "spam", frozenset({closed}), "anna", at(9))
    here.add(closed, position, customer="8")
    for raw in ({"id": odd, "author_id": "10", "text": "secret F"}, {"id": [odd]}, None, "odd"):
        row = Row("aside", at(8), {"account": "acme_help", "reason": "odd", "raw": raw})
        here.world.app.journal.note("acme", [row])
    assert all(f"secret {letter}" in everything(here) for letter in "ABCDEF")
    check(here, THREE_DAYS, THREE_DAYS + 10)
    assert "secret" not in everything(here)
    assert len(here.states()) == 1
    assert sum(count for count, _ in removed(here)) == 5
    assert len(here.journal("aside")) == 4
    assert here.sim.figures()["rereads_across_days"] == 0


def test_what_our_own_account_answered_stays_answered(posts: Posts, town: Build) -> None:
    """Given our account suspended, then our answers stay; one that we deleted opens the wait."""
    first, second = posts.mention(1, "7"), posts.mention(1, "8")
    posts.reply(3, first, **gone(THREE_DAYS, "suspended"))
    posts.reply(4, second, **gone(THREE_DAYS))
    here = town(alone()).go(0, 5)
    check(here, THREE_DAYS, THREE_DAYS + 10)
    states = here.states()
    assert (states[first].status, states[second].status) == ("answered", "open")


def test_two_companies_of_one_app_are_one_job(posts: Posts, town: Build) -> None:
    """Given companies that share an app, then their ids go up together, and each loses its own."""
    first = posts.mention(1, "7", to=[HELP], **gone(THREE_DAYS))
    second = posts.mention(2, "8", to=[NEWS], **gone(THREE_DAYS))
    stays = posts.mention(3, "9", to=[NEWS])
    one, two = alone()["companies"][0], alone()["companies"][0]
    two |= {
        "name": "zenith",
        "accounts": [{"id": NEWS, "username": "acme", "role": "support", "token": "acme_help"}],
    }
    here = town({"companies": [one, two]}).go(0, 4)
    assert here.stored == {first, second, stays}
    assert check(here, THREE_DAYS, THREE_DAYS + 20) == ["uploaded", "done", "not due"]
    assert here.stored == {stays}
    for company in ("acme", "zenith"):
        rows = here.world.app.journal.read(company, at(THREE_DAYS), at(THREE_DAYS + 20))
        assert [row.what["posts"] for row in rows] == [1]


def test_a_job_of_others_is_waited_for(posts: Posts, town: Build) -> None:
    """Given another program's job of the same app, then ours begins when that is over."""
    post = posts.mention(1, "7", **gone(THREE_DAYS))
    here = town(alone()).go(0, 2)
    here.world.go_to(at(THREE_DAYS - 1))
    api = here.world.app.compliance("rehearsal")
    api.create("another program's")
    assert check(here, THREE_DAYS, THREE_DAYS + 40) == [
        "waits for a job of others",
        "waits for a job of others",
        "uploaded",
        "done",
        "not due",
    ]
    assert post not in here.stored
    assert here.mails == []


def test_a_job_that_was_made_and_not_remembered_is_found(posts: Posts, town: Build) -> None:
    """Given a crash between X's yes and our note, then the job is known by its name."""
    posts.mention(1, "7", **gone(THREE_DAYS))
    here = town(alone()).go(0, 2)
    here.world.go_to(at(THREE_DAYS - 1))
    here.world.app.compliance("rehearsal").create(here.world.app.table.name[:64])
    assert check(here, THREE_DAYS, THREE_DAYS + 10) == ["uploaded", "done"]
    assert here.stored == set()


TROUBLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "X is down": ({"endpoint": "compliance", "status": 503}, ["uploaded", "done"]),
    "no answer": ({"endpoint": "compliance", "drop": "timeout"}, ["uploaded", "done"]),
    "too many requests": ({"endpoint": "compliance", "status": 429}, ["uploaded", "done"]),
    "no JSON": (
        {"endpoint": "compliance", "status": 200, "body": "<html>"},
        ["uploaded", "done"],
    ),
    "the storage is down": ({"endpoint": "storage", "status": 503}, ["uploaded", "done"]),
    "the storage sends elsewhere": (
        {"endpoint": "storage", "status": 302, "headers": {"location": "https://evil.example"}},
        ["uploaded", "done"],
    ),
}


@pytest.mark.parametrize("case", TROUBLES)
def test_trouble_is_kept_and_gone_back_from(posts: Posts, town: Build, case: str) -> None:
    """Given trouble at the first step, then nobody is told, polls know nothing, and it goes on."""
    what, after = TROUBLES[case]
    posts.mention(1, "7", **gone(THREE_DAYS))
    faults = [fault(THREE_DAYS, THREE_DAYS + 5, **what)]
    here = town(alone(), faults=faults).go(0, 2)
    [first] = check(here, THREE_DAYS, THREE_DAYS)
    assert first.startswith("trouble: ")
    steps = check(here, THREE_DAYS + 10, THREE_DAYS + 30)
    assert [step for step in steps if step != "not due"] == after
    assert here.stored == set()
    assert here.mails == []
    assert here.cursor().troubles == {}
    assert here.failures == []


def test_results_that_do_not_come_are_fetched_again(posts: Posts, town: Build) -> None:
    """Given a storage that fails when results are due, then the job is not forgotten."""
    posts.mention(1, "7", **gone(THREE_DAYS))
    faults = [fault(THREE_DAYS + 5, THREE_DAYS + 15, endpoint="storage", drop="mid-body", body="{")]
    here = town(alone(), faults=faults).go(0, 2)
    steps = check(here, THREE_DAYS, THREE_DAYS + 20)
    assert (steps[0], steps[2]) == ("uploaded", "done")
    assert steps[1].startswith("trouble: unavailable")
    assert here.stored == set()


def test_an_upload_that_comes_too_late_makes_a_new_job(posts: Posts, town: Build) -> None:
    """Given no upload within a quarter of an hour, then the job is void, and another is made."""
    posts.mention(1, "7", **gone(THREE_DAYS))
    faults = [fault(THREE_DAYS, THREE_DAYS + 18, endpoint="storage", status=503)]
    here = town(alone(), faults=faults).go(0, 2)
    steps = check(here, THREE_DAYS, THREE_DAYS + 100)
    assert [s for s in steps if s != "not due" and not s.startswith("trouble")] == [
        "void: expired",
        "uploaded",
        "done",
    ]
    assert here.stored == set()


class Changed:
    """Changes what the simulated X says of jobs."""

    def __init__(self, sim: SimulatedX, **changes: Any) -> None:
        self._sim, self._changes = sim, changes
        self.on = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        begun: list[Any] = []
        content = b"".join(self._sim(environ, lambda *said: begun.append(said)))
        status, headers = begun[0]
        if self.on and "/compliance/jobs/" in environ["PATH_INFO"]:
            body = json.loads(content)
            content = json.dumps({**body, "data": {**body["data"], **self._changes}}).encode()
        start(status, [(n, v) for n, v in headers if n.lower() != "content-length"])
        return [content]


def test_a_job_that_x_gives_up_is_made_again_an_hour_later(posts: Posts, town: Build) -> None:
    """Given a job that fails at X, then another is made, and nobody is told."""
    posts.mention(1, "7", **gone(THREE_DAYS))
    between: list[Changed] = []

    def x(sim: SimulatedX) -> Changed:
        between.append(Changed(sim, status="failed"))
        return between[0]

    here = town(alone(), x=x).go(0, 2)
    assert check(here, THREE_DAYS, THREE_DAYS + 10) == ["uploaded", "void: failed"]
    between[0].on = False
    steps = check(here, THREE_DAYS + 20, THREE_DAYS + 100)
    assert [s for s in steps if s != "not due"] == ["uploaded", "done"]
    assert here.stored == set()
    assert here.mails == []


@pytest.mark.parametrize(("status", "detail"), [(403, "403"), (401, "401")])
def test_what_only_a_person_can_mend_is_told_once(
    posts: Posts, town: Build, status: int, detail: str
) -> None:
    """Given an X that refuses such jobs, then the owner hears once, in words of its own."""
    posts.mention(1, "7")
    faults = [fault(0, THREE_DAYS, endpoint="compliance", status=status)]
    here = town(alone(), faults=faults).go(0, 2)
    check(here, 10, 12 * HOUR)
    here.later(12 * HOUR + 1, 12 * HOUR + 10, DAY)
    [mail] = [m for m in here.mails if "What is deleted" in m.subject]
    assert mail.who == "vera"
    assert detail in mail.text
    assert here.cursor().troubles == {}


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
    here.world.app.secrets.keep("acme_help", USER_ONLY)
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
    here.world.app.secrets.keep("acme_help", USER_ONLY)
    here.go(0, 5)
    assert set(check(here, DAY, DAY + HOUR)) == {"the month's reads are used up"}
    assert here.stored == {post}


def test_at_most_so_many_are_looked_up_a_day(posts: Posts, town: Build) -> None:
    """Given 230 who wait without a bearer, then 200 of them are asked for, the longest waits."""
    asked = [posts.mention(1 + n / 100, str(n + 1000)) for n in range(230)]
    here = town(alone())
    here.world.app.secrets.keep("acme_help", USER_ONLY)
    here.go(0, 5)
    check(here, DAY, DAY)
    assert here.sim.requests["lookup", "200"] == 2
    days = here.sim.reads
    assert {i for i in asked if len(days[i]) == 2} == set(asked[:200])


def test_trouble_with_look_ups_is_tried_again(posts: Posts, town: Build) -> None:
    posts.mention(1, "7", **gone(DAY))
    here = town(alone(), faults=[fault(DAY, DAY + 5, endpoint="lookup", status=503)])
    here.world.app.secrets.keep("acme_help", USER_ONLY)
    here.go(0, 5)
    first, second = check(here, DAY, DAY + 10)
    assert first.startswith("trouble: unavailable")
    assert (second, here.stored) == ("looked up", set())
    assert here.failures == []


def test_a_missing_secret_is_the_polls_to_tell(posts: Posts, town: Build) -> None:
    """Given no token at all, then comply looks nothing up, says nothing, and does not fail."""
    posts.mention(1, "7")
    here = town(alone()).go(0, 2)
    secrets = here.world.app.secrets
    secrets._client.delete_parameter(Name=f"{secrets._path}/acme_help")
    here.world.app._xs.clear()
    [step] = check(here, DAY, DAY)
    assert step.startswith("trouble: token")
    assert here.failures == []
    assert here.mails == []


def test_a_run_that_has_no_time_left_is_done_again(posts: Posts, town: Build) -> None:
    """Given results for more days than a run has time for, then the next run carries them out."""
    posts.mention(1, "7", **gone(3 * THREE_DAYS))
    posts.mention(2 * DAY, "8", **gone(3 * THREE_DAYS))
    here = town(alone()).go(0, 2, 2 * DAY, 2 * DAY + 2)
    check(here, 3 * THREE_DAYS, 3 * THREE_DAYS)
    app = here.world.app
    steps, counts = [], []
    for minute in (10, 20):
        here.world.go_to(at(3 * THREE_DAYS + minute))
        left = iter([False] * 9 + [True] * 99)
        out = (lambda left=left: next(left)) if minute == 10 else (lambda: False)
        companies = app.settings().companies
        [done] = comply(
            companies, app.secrets.bearer, app.compliance, app.company_x, app, app.now(), out
        ).values()
        steps.append(done["step"])
        counts.append(len(here.stored))
    assert (steps, counts) == (["carries out", "done"], [1, 0])


class KilledError(BaseException):
    """The process of a function is gone."""


def killed(here: Town, number: int) -> Callable[[], int]:
    """Let the process of `comply` die at this call to AWS or X; gives how many there were."""
    calls = 0

    def passing(_: str, moment: str) -> None:
        nonlocal calls
        calls += moment == "after"
        if calls == number and moment == "after":
            raise KilledError

    here.world.passing = passing  # type: ignore[method-assign]
    return lambda: calls


class Watched:
    """The way to X, where a process may die after each answer."""

    def __init__(self, sim: SimulatedX, after: Callable[[], None]) -> None:
        self._sim, self._after = sim, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        content = b"".join(self._sim(environ, start))
        self._after()
        return [content]


def test_a_crash_anywhere_ends_the_same(posts: Posts, town: Build, tmp_path_factory: Any) -> None:
    """Given a process that dies after any call of its, then it all goes, and stays gone."""
    goes = posts.mention(1, "7", **gone(THREE_DAYS, "suspended"))
    posts.reply(3, goes)
    stays = posts.mention(2, "8")
    posts.news(4)
    posts.lines[-1] |= gone(THREE_DAYS)
    number, step = 0, 1 if WHOLE else 4
    while True:
        number += step
        here: Town
        folder = tmp_path_factory.mktemp("crash")
        hook: list[Callable[[str, str], None]] = []

        def after(hook: list[Callable[[str, str], None]] = hook) -> None:
            for one in hook:
                one("x", "after")

        def x(sim: SimulatedX, after: Callable[[], None] = after) -> Watched:
            return Watched(sim, after)

        with Town(folder, posts, settings(look_back="0"), x=x) as here:
            here.go(0, 5)
            check(here, 10, 20)
            calls = killed(here, number)
            hook.append(here.world.passing)
            check(here, THREE_DAYS, THREE_DAYS + 10)
            met = calls() >= number
            here.world.passing = lambda *_: None  # type: ignore[method-assign]
            hook.clear()
            check(here, THREE_DAYS + 20, THREE_DAYS + 130)
            assert here.stored == {stays}, number
            assert set(here.states()) == {stays}, number
            assert "All is well" not in everything(here), number
            assert here.world.app.shelf.authors(["7"]) == {}
            assert len(here.failures) == met
        if not met:
            break
    assert number > 40
