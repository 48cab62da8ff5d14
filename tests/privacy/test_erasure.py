"""What an erased person published before the erasure is not stored again; newer posts are."""

from typing import Any

from pulse_cli.data.erase import erase_person, find_person_data
from tests.small_company import Build, Posts, SmallCompany, at, one_account_settings
from tests.stored import readable
from tests.x_interceptor import XInterceptor, with_invalid_posts


def erase(here: SmallCompany, person: str, minute: float) -> None:
    """Erase a person as `pulse forget` does."""
    here.world.move_clock_to(at(minute))
    app, moment = here.world.app, here.world.now()
    app.db.erasures.add("acme", person, moment)
    settings = app.settings()
    found = find_person_data(app.db.table, person)
    erase_person(app.db, settings, person, found, moment, lambda *_: None)
    app.db.author_cache.delete([person])


def test_sweeps_skip_posts_from_before_an_erasure(posts: Posts, small_company: Build) -> None:
    """Sweeps store neither the old posts of an erased customer nor our replies to them again."""
    asked = posts.mention(1, "7")
    posts.reply(3, asked)
    other = posts.mention(2, "8")
    here = small_company(one_account_settings()).run_minutes(0, 5)
    erase(here, "7", 6)
    here.run_minutes(15, 30, 890)
    assert set(here.states()) == {other}
    assert "We look into it" not in readable(here.world.app.db.table.scan())
    assert here.failures == []


def test_a_post_after_the_erasure_is_a_new_mention(posts: Posts, small_company: Build) -> None:
    """When an erased customer writes again, the wait starts then and raises an alert."""
    first = posts.mention(1, "7")
    again = posts.mention(40, "7", thread=first)
    here = small_company(one_account_settings()).run_minutes(0, 2)
    erase(here, "7", 6)
    here.run_minutes(15, 41, 45, 56, 57)
    [state] = here.states().values()
    assert (state.waiting, state.waiting_since) == ((again,), at(40))
    assert [m.posts for m in here.mails] == [[again]]


def test_an_erased_name_is_not_stored_again(posts: Posts, small_company: Build) -> None:
    """When X sends authors along with posts, sweeps do not store the erased name again."""
    posts.mention(1, "77")
    posts.mention(20, "8")
    here = small_company(one_account_settings(), vocabulary="post").run_minutes(0, 2, 16)
    assert "user77" in readable(here.world.app.db.table.scan())
    erase(here, "77", 17)
    here.run_minutes(20, 30, 45, 890)
    stored = readable(here.world.app.db.table.scan())
    assert "user77" not in stored
    assert "User 77" not in stored
    assert "user8" in stored


def test_unreadable_posts_are_skipped_too(posts: Posts, small_company: Build) -> None:
    """Unreadable posts of an erased person are not quarantined again."""
    posts.mention(301, "7")
    here = small_company(
        one_account_settings(),
        x=lambda sim: XInterceptor(sim, change=with_invalid_posts),
        start=240,
    ).run_minutes(240, 302)
    assert len(here.log_entries("aside")) == 3
    erase(here, "7", 303)
    here.run_minutes(315)
    raws = [row.what["raw"] for row in here.log_entries("aside")]
    assert sorted(map(str, raws)) == sorted(map(str, ["odd", {"id": "12", "text": 5}, None]))


def test_unreadable_replies_are_skipped_too(posts: Posts, small_company: Build) -> None:
    """A quarantined reply to an erased person is emptied and not quarantined again."""
    asked = posts.mention(301, "7")
    posts.reply(302, asked)

    def remove_times(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        if "/tweets" in environ["PATH_INFO"] and body.get("data"):
            return {**body, "data": [{**p, "created_at": None} for p in body["data"]]}
        return body

    here = small_company(
        one_account_settings(), x=lambda sim: XInterceptor(sim, change=remove_times), start=240
    ).run_minutes(240, 303)
    assert "We look into it" in str([row.what["raw"] for row in here.log_entries("aside")])
    erase(here, "7", 304)
    here.run_minutes(315)
    assert [row.what["raw"] for row in here.log_entries("aside")] == [None]


def test_erasures_are_read_once_a_poll_and_only_with_posts(
    posts: Posts, small_company: Build
) -> None:
    """A poll that finds a post makes one query more than one that finds nothing."""
    posts.mention(1, "7")
    here = small_company(one_account_settings()).run_minutes(0)
    queries = [here.world.calls["dynamodb.Query"]]
    for minute in (1, 2):
        here.run_minutes(minute)
        queries.append(here.world.calls["dynamodb.Query"])
    assert queries[1] - queries[0] == queries[2] - queries[1] + 1
