"""Whoever was forgotten is not stored again from what was published before; newer posts are."""

from typing import Any

from pulse_cli.data.erase import erase_person, find_person_data
from tests.small_company import Build, Posts, SmallCompany, at, one_account_settings
from tests.stored import readable
from tests.x_interceptor import XInterceptor, with_invalid_posts


def forgets(here: SmallCompany, person: str, minute: float) -> None:
    """What `pulse forget` does."""
    here.world.move_clock_to(at(minute))
    app, moment = here.world.app, here.world.now()
    app.db.erasures.add("acme", person, moment)
    settings = app.settings()
    kept = find_person_data(app.db.table, person)
    erase_person(app.db, settings, person, kept, moment, lambda *_: None)
    app.db.author_cache.delete([person])


def test_sweeps_skip_posts_from_before_an_erasure(posts: Posts, small_company: Build) -> None:
    """Given a customer forgotten, then sweeps store neither the old posts nor our answers again."""
    asked = posts.mention(1, "7")
    posts.reply(3, asked)
    other = posts.mention(2, "8")
    here = small_company(one_account_settings()).run_minutes(0, 5)
    forgets(here, "7", 6)
    here.run_minutes(15, 30, 890)
    assert set(here.states()) == {other}
    assert "We look into it" not in readable(here.world.app.db.table.scan())
    assert here.failures == []


def test_what_comes_later_is_a_new_mention(posts: Posts, small_company: Build) -> None:
    """Given a customer forgotten who writes again, then the wait is theirs, and people hear."""
    first = posts.mention(1, "7")
    again = posts.mention(40, "7", thread=first)
    here = small_company(one_account_settings()).run_minutes(0, 2)
    forgets(here, "7", 6)
    here.run_minutes(15, 41, 45, 56, 57)
    [state] = here.states().values()
    assert (state.waiting, state.waiting_since) == ((again,), at(40))
    assert [m.posts for m in here.mails] == [[again]]


def test_an_erased_name_is_not_stored_again(posts: Posts, small_company: Build) -> None:
    """Given an X that sends authors with posts, then sweeps do not name the forgotten again."""
    posts.mention(1, "77")
    posts.mention(20, "8")
    here = small_company(one_account_settings(), vocabulary="post").run_minutes(0, 2, 16)
    assert "user77" in readable(here.world.app.db.table.scan())
    forgets(here, "77", 17)
    here.run_minutes(20, 30, 45, 890)
    left = readable(here.world.app.db.table.scan())
    assert "user77" not in left
    assert "User 77" not in left
    assert "user8" in left


def test_what_lies_aside_is_passed_over_too(posts: Posts, small_company: Build) -> None:
    """Given unreadable posts of somebody forgotten, then they are not put aside again."""
    posts.mention(301, "7")
    here = small_company(
        one_account_settings(),
        x=lambda sim: XInterceptor(sim, change=with_invalid_posts),
        start=240,
    ).run_minutes(240, 302)
    assert len(here.log_entries("aside")) == 3
    forgets(here, "7", 303)
    here.run_minutes(315)
    raws = [row.what["raw"] for row in here.log_entries("aside")]
    assert sorted(map(str, raws)) == sorted(map(str, ["odd", {"id": "12", "text": 5}, None]))


def test_an_answer_that_lies_aside_is_passed_over_too(posts: Posts, small_company: Build) -> None:
    """Given an answer of ours that could not be read, then it goes, and comes no more."""
    asked = posts.mention(301, "7")
    posts.reply(302, asked)

    def undated(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if "/tweets" in environ["PATH_INFO"] and body.get("data"):
            return {**body, "data": [{**p, "created_at": None} for p in body["data"]]}
        return body

    here = small_company(
        one_account_settings(), x=lambda sim: XInterceptor(sim, change=undated), start=240
    ).run_minutes(240, 303)
    assert "We look into it" in str([row.what["raw"] for row in here.log_entries("aside")])
    forgets(here, "7", 304)
    here.run_minutes(315)
    assert [row.what["raw"] for row in here.log_entries("aside")] == [None]


def test_the_forgotten_are_looked_up_once_a_poll_and_only_with_posts(
    posts: Posts, small_company: Build
) -> None:
    """Given polls that find nothing, then nobody asks who was forgotten."""
    posts.mention(1, "7")
    here = small_company(one_account_settings()).run_minutes(0)
    asked = [here.world.calls["dynamodb.Query"]]
    for minute in (1, 2):
        here.run_minutes(minute)
        asked.append(here.world.calls["dynamodb.Query"])
    assert asked[1] - asked[0] == asked[2] - asked[1] + 1
