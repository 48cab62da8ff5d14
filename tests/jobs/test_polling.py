"""Reading X: to the bottom, past the wall, after trouble; late, edited, odd posts. Nothing lost."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pulse.domain.task import Task
from pulse.jobs.poll import poll
from pulse.jobs.reading import Reading
from pulse_cli.simulated_x import SimulatedX

from .town import HELP, NEWS, Posts, Town, alone, at

Build = Callable[..., Town]
_STORAGE = "/compliance/"
"""Where no JSON is answered."""


class Between:
    """Stands before the simulated X: may answer in its place, or change what it says."""

    def __init__(
        self,
        sim: SimulatedX,
        instead: Callable[[dict[str, Any]], tuple[str, bytes] | None] = lambda _: None,
        change: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] = lambda _, body: body,
    ) -> None:
        self._sim = sim
        self._instead = instead
        self._change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sim, name)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._instead(environ)
        if answer is not None:
            status, body = answer
            start(status, [("content-type", "application/json")])
            return [body]
        begun: list[Any] = []
        content = b"".join(self._sim(environ, lambda *said: begun.append(said)))
        if begun[0][0].startswith("200") and not environ["PATH_INFO"].startswith(_STORAGE):
            content = json.dumps(self._change(environ, json.loads(content))).encode()
        headers = [(n, v) for n, v in begun[0][1] if n.lower() != "content-length"]
        start(begun[0][0], headers)
        return [content]


def fault(begin: float, end: float | None = None, **what: Any) -> dict[str, Any]:
    until = {} if end is None else {"until": at(end).isoformat()}
    return {"from": at(begin).isoformat(), **until, **what}


TROUBLES = {
    "token": ({"status": 401}, True),
    "forbidden": ({"status": 403}, True),
    "account": ({"status": 404}, True),
    "credits": ({"status": 402}, True),
    "request": ({"status": 400, "body": {"errors": [{"message": "`id` is odd"}]}}, True),
    "usage_cap": (
        {"status": 429, "body": {"type": "https://api.twitter.com/2/problems/usage-capped"}},
        True,
    ),
    "rate_limited": ({"status": 429, "body": "Rate limit exceeded"}, False),
    "unavailable": ({"status": 503}, False),
}
DROPS: dict[str, tuple[dict[str, Any], bool]] = {
    f"unavailable: {name}": (what, False)
    for name, what in {
        "time-out": {"drop": "timeout"},
        "no connection": {"drop": "connect"},
        "cut off": {"drop": "mid-body", "body": '{"data": [{"id": "1", "text": "' + "x" * 99},
        "no JSON": {"status": 200, "body": "<html>Over capacity</html>"},
        "a list": {"status": 200, "body": []},
        "only errors": {"status": 200, "body": {"errors": [{"detail": "Over capacity"}]}},
        "a strange status": {"status": 418},
    }.items()
}


@pytest.mark.parametrize("kind", [*TROUBLES, *DROPS])
def test_trouble_with_x_is_told_once_gone_back_from_and_noted(
    posts: Posts, town: Build, kind: str
) -> None:
    """Given half an hour of trouble, then at most one person hears, once; nothing is lost."""
    what, for_a_person = (TROUBLES | DROPS)[kind]
    before, during = posts.mention(1, "7"), posts.mention(6, "8")
    here = town(alone(), faults=[fault(2, 32, **what)]).go(0, 1, 2, 3, 4, 5, 9, 17, 30, 31)
    assert set(here.states()) == {before}
    here.go(*range(32, 37))
    kinds = {t.what["trouble"] for t in here.journal("trouble")}
    assert kinds == {kind.partition(":")[0]}
    assert set(here.states()) == {before, during}
    assert here.failures == []
    troubles = [m for m in here.mails if "in_reply_to" not in m.text]
    assert [(m.minute, m.who) for m in troubles] == ([(2, "vera")] if for_a_person else [])
    assert all("@acme_help" in m.subject for m in troubles)
    [*_, gap] = [r for r in here.journal("gap") if r.what["account"] == "acme_help"]
    assert gap.what["reason"] == "blind"
    assert here.cursor().troubles == {}
    assert here.cursor().last_ok == at(36)
    assert sum(here.sim.requests.values()) < 30


def test_trouble_is_asked_about_ever_less(posts: Posts, town: Build) -> None:
    """Given an X that is down, then requests come ever less often, down to one in five minutes."""
    here = town(alone(), faults=[fault(0, status=503)])
    asked = []
    for minute in range(50):
        before = sum(here.sim.requests.values())
        here.tick(minute)
        if sum(here.sim.requests.values()) > before:
            asked.append(minute)
    assert asked == [0, 1, 3, 7, *range(12, 50, 5)]


def test_one_accounts_token_delays_no_other(posts: Posts, town: Build) -> None:
    """Given a revoked token of one account, then the other is read on, and one mail names it."""
    first = posts.mention(3, "7", to=[NEWS])
    second = posts.mention(4, "8", to=[HELP])

    def revoked(environ: dict[str, Any]) -> tuple[str, bytes] | None:
        mine = f'oauth_token="sim-{HELP}"' in environ.get("HTTP_AUTHORIZATION", "")
        return ("401 Unauthorized", b'{"title":"Unauthorized","status":401}') if mine else None

    here = town(x=lambda sim: Between(sim, revoked)).go(*range(12))
    assert set(here.states()) == {first}
    [mail] = here.mails
    assert "@acme_help" in mail.subject
    assert here.cursor(NEWS).last_ok == at(11)
    assert here.cursor(HELP).last_ok is None
    assert second not in here.states()


def test_a_missing_secret_is_told_by_its_place(posts: Posts, town: Build) -> None:
    """Given no token where it should be, then the owner hears where, and nothing fails."""
    here = town()
    here.world.app.secrets._client.delete_parameter(
        Name=f"{here.world.app.secrets._path}/acme_help"
    )
    here.go(0, 1, 2)
    [mail] = here.mails
    assert "/tokens/acme_help" in mail.text
    assert here.failures == []


def test_the_digest_says_what_was_not_watched(posts: Posts, town: Build) -> None:
    """Given half an hour of blindness, then the digest counts the minutes and names the gap."""
    here = town(faults=[fault(3, 15, status=503)]).go(*range(25))
    digest = here.digest(24, 0)
    watched = here.journal("gap")
    assert {r.what["account"] for r in watched} == {"acme_help", "acme"}
    assert all(r.what["start"] == at(3).isoformat() for r in watched)
    ends = {r.what["end"] for r in watched}
    [end] = ends
    missed = int((here.world.now().fromisoformat(end) - at(3)) / timedelta(minutes=1))
    assert f"{24 - missed} of 24" in digest.text
    assert "@acme_help" in digest.text


def test_a_minute_of_2500_mentions_loses_nothing(posts: Posts, town: Build) -> None:
    """Given an outage, when 2,500 write within a minute, then all are stored, limits kept."""
    asked = {posts.mention(1 + n / 2501, str(n + 1000)) for n in range(2500)}
    here = town(alone()).go(0, 1, 2, 3)
    assert here.stored == asked
    assert here.failures == []
    statuses = Counter(status for _, status in here.sim.requests)
    assert set(statuses) == {"200"}
    assert here.cursor().walks == {}
    assert sum(here.sim.requests.values()) < 60
    assert here.journal() == []


def read(here: Town, minute: float, pages: int) -> dict[str, Any]:
    """One run of a poll that has time for so many pages."""
    app, company = here.world.app, here.world.company
    here.world.go_to(at(minute))
    left = iter([False] * pages + [True] * 99)
    account = company.accounts[0]
    reading = Reading(
        company=company,
        account=account,
        x=app.x(account),
        accounts=app.accounts,
        conversations=app.conversations,
        retraction=app.retraction,
        shelf=app.shelf,
        journal=app.journal,
        outbox=app.outbox,
        now=here.world.now(),
        out_of_time=lambda: next(left),
    )
    return poll(reading, Task("acme", HELP, "poll", at(minute)))


def test_a_backlog_larger_than_a_run_goes_on_and_moves_the_mark_at_its_bottom(
    posts: Posts, town: Build
) -> None:
    """Given 450 posts and time for a page a run, then the cursor moves when all are stored."""
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(450)}
    here = town(alone()).go(0)
    runs = 0
    while True:
        runs += 1
        result = read(here, 10 + runs, 1)
        if not result["under_way"]:
            break
        assert here.cursor().marks.get("mentions") is None
    assert runs == 5
    assert here.stored == asked
    assert here.cursor().marks["mentions"].id == max(asked, key=int)
    assert here.sim.figures()["posts_served"] == 450


def test_what_comes_while_a_backlog_is_read_is_read_after_it(posts: Posts, town: Build) -> None:
    """Given a walk under way over some minutes, when others write, then they are found next."""
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(300)}
    late = {posts.mention(11.5 + n, str(n + 2000)) for n in range(5)}
    here = town(alone()).go(0)
    for minute in range(11, 22):
        read(here, minute, 1)
    assert here.stored == asked | late


@pytest.mark.parametrize("pages", [1, 3])
def test_a_backlog_past_the_wall_goes_on_in_search_run_by_run(
    posts: Posts, town: Build, pages: int
) -> None:
    """Given 1,200 posts and little time, then what X hides from timelines is searched for."""
    asked = {posts.mention(1 + n / 300, str(n + 1000)) for n in range(1200)}
    here = town(alone()).go(0)
    for minute in range(11, 45):
        if not read(here, minute, pages)["under_way"] and minute > 11:
            break
    assert here.stored == asked
    assert here.sim.requests["search", "200"] >= 4


def test_page_tokens_that_expire_lose_nothing(posts: Posts, town: Build) -> None:
    """Given tokens that X takes no more, then the walk goes on by ids, and gets to the bottom."""
    asked = {posts.mention(1 + n / 100, str(n + 1000)) for n in range(250)}
    here = town(alone(), token_life=timedelta(seconds=-1))
    here.go(0, 5, 6, 20, 35, 50, 65)
    assert here.stored == asked
    assert here.failures == []


@pytest.mark.parametrize("late", [3, 16, 40])
def test_a_post_shown_late_is_found_by_a_sweep(posts: Posts, town: Build, late: int) -> None:
    """Given a mention that X shows late, behind newer ones, then it is found within a quarter."""
    hidden = posts.mention(5, "7", seen=5 + late)
    posts.mention(5.5, "8")
    posts.mention(6, "9")
    here = town(alone())
    for minute in range(80):
        here.tick(minute)
        if hidden in here.states():
            break
    assert 5 + late <= minute <= 5 + late + 15
    assert here.sim.figures()["rereads_across_days"] == 0


def test_a_reply_shown_late_stops_the_alerts(posts: Posts, town: Build) -> None:
    """Given our own answer that X hides for a while, then it counts when it is shown."""
    asked = posts.mention(1)
    posts.reply(5, asked, seen=50)
    posts.news(6, account=HELP)
    here = town(alone()).go(0, 1, 2, 6, 16, 17, 30, 45, 60, 61)
    assert here.told() == [(16, "anna")]
    assert here.states()[asked].first_response_seconds == 240


MIDNIGHT = 15 * 60


@pytest.mark.parametrize("late", [15, 40])
def test_a_post_shown_late_across_midnight_is_found_by_counting_first(
    posts: Posts, town: Build, late: int
) -> None:
    """Given many posts before midnight, one late, then its minute alone is read again."""
    for n in range(60):
        posts.mention(MIDNIGHT - 50 + n / 2, str(n + 1000))
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT - 5.3 + late)
    posts.mention(MIDNIGHT - 1, "8")
    here = town(alone(), start=MIDNIGHT - 61)
    here.go(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 61, 5))
    assert hidden in here.states()
    figures = here.sim.figures()
    assert figures["rereads_across_days"] <= 4
    assert here.failures == []


def test_an_answer_of_ours_shown_late_across_midnight_is_found(posts: Posts, town: Build) -> None:
    """Given two answers in one minute, one of them late, then it is found, and counts."""
    first = posts.mention(MIDNIGHT - 50, "7")
    second = posts.mention(MIDNIGHT - 49, "8")
    posts.reply(MIDNIGHT - 5.3, first)
    posts.reply(MIDNIGHT - 5.2, second, seen=MIDNIGHT + 10)
    posts.news(MIDNIGHT - 1, account=HELP)
    here = town(alone(), start=MIDNIGHT - 61)
    here.go(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 16, 5))
    assert {s.status for s in here.states().values()} == {"answered"}
    assert here.sim.figures()["rereads_across_days"] <= 2


def test_across_midnight_without_counts_everything_is_read_again(posts: Posts, town: Build) -> None:
    """Given no bearer, which counts need, then the late post is found all the same."""
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT + 20)
    posts.mention(MIDNIGHT - 1, "8")
    here = town(alone(), start=MIDNIGHT - 61)
    token = here.world.app.secrets.token("acme_help")
    here.world.app.secrets.keep("acme_help", replace(token, bearer=None))
    here.go(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 46, 5))
    assert hidden in here.states()


def test_the_day_is_swept_before_it_ends(posts: Posts, town: Build) -> None:
    """Given a post that X hid for hours, then the sweep of the day finds it, at no cost."""
    hidden = posts.mention(60, "7", seen=60 * 8)
    posts.mention(61, "8")
    here = town(alone()).go(0, 62, *range(75, 8 * 60 + 16, 15))
    assert hidden not in here.states()
    here.go(MIDNIGHT - 10)
    assert hidden in here.states()
    assert here.sim.figures()["rereads_across_days"] == 0


@pytest.mark.parametrize("gone", ["dispatch", "poll"])
def test_the_sweep_of_the_day_is_made_up_for(posts: Posts, town: Build, gone: str) -> None:
    """Given a function that was gone at ten to twelve, then the day is swept later, and once."""
    hidden = posts.mention(60, "7", seen=60 * 8)
    posts.mention(61, "8")
    here = town(alone()).go(0, 62, *range(75, 8 * 60 + 16, 15))
    away = [True]

    def end(**_: Any) -> None:
        if away.pop() if away else False:
            raise SystemExit(1)

    calls = here.world.app.table.client.meta.events
    name = "PutItem" if gone == "poll" else "BatchGetItem"
    calls.register(f"before-call.dynamodb.{name}", end)
    here.go(*range(MIDNIGHT - 10, MIDNIGHT - 1))
    assert [f.split(":")[0] for f in here.failures] == [gone]
    assert hidden in here.states()
    served = here.sim.figures()["posts_served"]
    here.go(MIDNIGHT - 1)
    assert here.sim.figures()["posts_served"] == served
    assert here.sim.figures()["rereads_across_days"] == 0


def test_trouble_in_the_middle_of_a_rereading_leaves_nothing_half_done(
    posts: Posts, town: Build
) -> None:
    """Given search that fails while yesterday is read again, then later sweeps begin afresh."""
    hidden = posts.mention(MIDNIGHT - 5.3, "7", seen=MIDNIGHT + 10)
    posts.mention(MIDNIGHT - 1, "8")
    broken = fault(MIDNIGHT + 14, MIDNIGHT + 20, endpoint="search", status=503)
    here = town(alone(), start=MIDNIGHT - 61, faults=[broken])
    here.go(MIDNIGHT - 61, *range(MIDNIGHT - 10, MIDNIGHT + 61, 5))
    assert hidden in here.states()
    assert here.cursor().walks == {}
    assert here.cursor().troubles == {}


def test_posts_that_x_gives_twice_count_once(posts: Posts, town: Build) -> None:
    """Given an X that repeats the post of `since_id`, then it is one mention, one state."""
    asked = posts.mention(1)
    posts.mention(2, "8")
    here = town(alone(), since_id_inclusive=True).go(*range(20))
    assert here.states()[asked].mentions == 1
    assert len(here.states()) == 2
    assert here.sim.figures()["rereads_within_day"] > 5


@pytest.mark.parametrize("vocabulary", ["tweet", "post", "mixed"])
def test_an_edited_mention_is_one_with_its_latest_text(
    posts: Posts, town: Build, vocabulary: str
) -> None:
    """Given a mention edited twice, then it is one, from its first time on, and shown as it is."""
    asked = posts.mention(1)
    second = posts.edit(9, asked, "@acme_help second thoughts")
    third = posts.edit(12, second, "@acme_help third thoughts")
    here = town(alone(), vocabulary=vocabulary).go(0, 2, 10, 13, 16, 17)
    [state] = here.states().values()
    assert (state.first_mention_id, state.mentions) == (asked, 1)
    assert state.waiting_since == at(1)
    [mail] = here.mails
    assert mail.minute == 16
    assert "third thoughts" in mail.text
    assert mail.posts == [third]


@pytest.mark.parametrize("vocabulary", ["tweet", "post", "mixed"])
def test_every_vocabulary_tells_the_same(posts: Posts, town: Build, vocabulary: str) -> None:
    """Given one day in any of X's words, then the same conversations stand at its end."""
    first = posts.mention(1, "7", note_tweet={"text": "@acme_help " + "long " * 100})
    posts.reply(5, first, account=NEWS)
    again = posts.mention(9, "7", thread=first)
    posts.mention(10, "8", text="@acme_help a &lt; b &amp; c")
    posts.news(11)
    posts._post(
        12, "9", "RT @acme_help", [{"id": HELP, "username": "acme_help"}],
        referenced_tweets=[{"type": "retweeted", "id": first}],
    )  # fmt: skip
    here = town(vocabulary=vocabulary).go(0, 2, 6, 10, 12, 13, 25, 26)
    states = here.states()
    assert [(s.status, s.mentions) for s in states.values()] == [("open", 2), ("open", 1)]
    assert states[first].waiting == (again,)
    assert states[first].first_response_seconds == 240
    assert "a < b & c" in here.mails[-1].text
    assert here.sim.requests["mentions", "400"] <= 2


def junk(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """X puts things among the mentions that are no posts."""
    if "/mentions" in environ["PATH_INFO"] and body.get("data"):
        odd = [{"id": "12", "text": 5}, "odd", {"id": "13", "author_id": "7", "text": "no time"}]
        return {**body, "data": [odd[0], *body["data"], *odd[1:]]}
    return body


def test_what_cannot_be_read_lies_aside_once_and_is_counted(posts: Posts, town: Build) -> None:
    """Given three unreadable things on a page, then the rest is read; the digest counts three."""
    asked = posts.mention(301, "7")
    here = town(alone(), x=lambda sim: Between(sim, change=junk), start=240)
    here.go(240, 302, 303, 315, 316, 330, 331)
    assert set(here.states()) == {asked}
    aside = here.journal("aside")
    assert len(aside) == 3
    assert {row.what["account"] for row in aside} == {"acme_help"}
    assert all(row.what["reason"] for row in aside)
    digest = here.digest(331, 290)
    assert "3 posts could not be read" in digest.text
    assert here.failures == []


def test_a_message_for_an_account_no_longer_in_the_settings(posts: Posts, town: Build) -> None:
    """Given a task of yesterday's settings, then it is dropped with a word, not an error."""
    here = town().go(0)
    for company, account in (("acme", "404"), ("gone", HELP)):
        here.world.app.queue.put([Task(company, account, "poll", at(1))])
        [result] = here.world.drain()
        assert result["gone"] == "no longer in the settings"
    assert here.failures == []


def test_a_stale_message_is_dropped(posts: Posts, town: Build) -> None:
    """Given a task of an hour ago, then X is not asked."""
    here = town().go(60)
    asked = sum(here.sim.requests.values())
    here.world.app.queue.put([Task("acme", HELP, "sweep", at(0))])
    [result] = here.world.drain()
    assert result["stale"]
    assert sum(here.sim.requests.values()) == asked


def test_each_post_is_read_once(posts: Posts, town: Build) -> None:
    """Given an undisturbed day, then X bills each post once; sweeps re-read within the day only."""
    for n in range(30):
        asked = posts.mention(n * 7, str(n % 9 + 10))
        posts.reply(n * 7 + 3, asked)
    here = town(alone()).go(*range(0, 220, 5))
    figures = here.sim.figures()
    billed = figures["posts_served"] - figures["rereads_within_day"]
    assert billed == figures["distinct_posts"] == 60
    assert figures["rereads_across_days"] == 0
    assert figures["users_served"] <= 9


def test_a_rate_limit_is_kept_and_waited_for(posts: Posts, town: Build) -> None:
    """Given 429 with a reset, then X is not asked before it, and asked right after."""
    headers = {
        "x-rate-limit-limit": "300",
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(at(12).timestamp())),
    }
    limited = fault(3, 12, endpoint="mentions", status=429, headers=headers, body="Rate limit")
    asked = posts.mention(4)
    here = town(alone(), faults=[limited]).go(*range(14))
    assert here.sim.requests["mentions", "429"] == 1
    assert here.sim.requests["posts", "200"] >= 12
    assert set(here.states()) == {asked}
    assert {r.what["trouble"] for r in here.journal("trouble")} == {"rate_limited"}
