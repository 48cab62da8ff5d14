"""What is deleted or protected on X within the day is removed by the next sweep at no cost."""

from collections import Counter
from typing import Any

import pytest

from pulse.conversations.facts import ConversationKey, Mention
from pulse.privacy.removal import StoredPost
from tests.privacy.deleted_posts import billed, deleted_at, removed, table_text
from tests.small_company import HELP, NEWS, Build, Posts, at, one_account_settings
from tests.x_interceptor import XInterceptor, fault


@pytest.mark.parametrize("why", ["deleted", "protected", "suspended"])
def test_a_deleted_post_is_removed_by_the_next_sweep_and_not_mailed(
    posts: Posts, small_company: Build, why: str
) -> None:
    """A mention deleted after 12 minutes is removed by the sweep, before its alert is due."""
    post = posts.mention(1, "7", **deleted_at(13, why))
    stays = posts.mention(1, "8")
    here = small_company(one_account_settings()).run_minutes(0, 2, 3, 14)
    assert here.stored == {post, stays}
    here.run_minutes(15, 16, 17, 18)
    assert set(here.states()) == {stays}
    assert [m.posts for m in here.mails] == [[stays]]
    assert post not in table_text(here)
    assert billed(here) == 2
    assert here.sim.requests["lookup", "200"] == 1
    assert removed(here) == [(1, "protected" if why == "protected" else "deleted")]
    assert post not in str(here.log_entries())
    assert here.failures == []


def test_a_post_deleted_after_its_alert_is_in_no_later_mail(
    posts: Posts, small_company: Build
) -> None:
    """No later mail shows or counts a mention that was deleted after its alert."""
    post = posts.mention(1, "7", text="@acme_help my number is 12345", **deleted_at(36))
    here = small_company(one_account_settings()).run_minutes(0, 2, 16, 17, 30, 45, 62, 63, 242)
    assert [(m.minute, m.posts) for m in here.mails] == [(16, [post])]
    assert here.states() == {}
    assert "12345" not in table_text(here)
    digest = here.digest(243, 0)
    assert "12345" not in digest.text
    assert "Everyone has been answered" in digest.subject
    assert "1 post was removed from Pulse because it was deleted or protected on X" in digest.text
    assert billed(here) == 1


def test_posts_removed_while_a_mail_is_written_are_left_out(
    posts: Posts, small_company: Build
) -> None:
    """When posts are removed after it was seen that they wait, the mail shows only the others."""
    whole, stays = posts.mention(0.1, "7"), posts.mention(0.2, "8")
    newest = posts.mention(0.3, "8", thread=stays)
    here = small_company(one_account_settings()).run_minutes(0, 1)
    removals = {
        whole: {StoredPost(whole, whole, ConversationKey("acme", whole, "7"), False): "deleted"},
        stays: {StoredPost(newest, newest, ConversationKey("acme", stays, "8"), False): "deleted"},
    }

    read: Counter[str] = Counter()

    def remove_it(params: Any, **_: Any) -> None:
        app = here.world.app
        for conversation in [c for c in removals if f"c#acme#{c}#" in str(params["body"])]:
            read[conversation] += 1
            if read[conversation] < 2:
                continue
            with here.guard.paused():
                app.db.post_deleter.delete(
                    here.world.company, removals.pop(conversation), here.world.now(), "comply"
                )

    here.world.move_clock_to(at(16))
    with here.world.counting_calls() as lambdas:
        lambdas.invoke_scheduled("flag")
    read_by_key = "before-call.dynamodb.BatchGetItem"
    here.world.app.db.table.client.meta.events.register(read_by_key, remove_it)
    here.flag_and_send_at(16, 17)
    assert removals == {}
    assert [(m.minute, m.posts) for m in here.mails] == [(16, [stays])]
    assert here.failures == []


def test_the_name_of_a_protected_account_is_removed_too(posts: Posts, small_company: Build) -> None:
    """When a customer who was shown in a mail protects the account, the name is deleted."""
    posts.mention(1, "7", **deleted_at(20, "protected"))
    posts.mention(1, "8", **deleted_at(20))
    here = small_company(one_account_settings()).run_minutes(0, 2, 16, 17)
    assert "user7" in here.mails[0].text
    assert set(here.world.app.db.author_cache.find(["7", "8"])) == {"7", "8"}
    here.run_minutes(30)
    assert set(here.world.app.db.author_cache.find(["7", "8"])) == {"8"}


def test_posts_that_x_merely_omits_stay_and_are_reported(
    posts: Posts, small_company: Build
) -> None:
    """A post that only the timeline leaves out stays, raises its alert, and costs no read."""
    post = posts.mention(1, "7", **deleted_at(5, "lost"))
    here = small_company(one_account_settings()).run_minutes(0, 2, *range(14, 32))
    assert set(here.states()) == {post}
    assert [m.posts for m in here.mails] == [[post]]
    assert here.sim.requests["lookup", "200"] == 2
    assert billed(here) == 1
    assert removed(here) == []


def test_only_missing_posts_are_looked_up(posts: Posts, small_company: Build) -> None:
    """Of mentions of either account and of both, only the one not served is looked up, once."""
    posts.mention(1, "7", to=[HELP])
    posts.mention(2, "8", to=[NEWS])
    both = posts.mention(3, "9", to=[HELP, NEWS], **deleted_at(10))
    posts.mention(4, "10", to=[HELP, NEWS])
    here = small_company().run_minutes(0, 5, 15)
    assert both not in here.stored
    assert len(here.stored) == 3
    assert here.sim.requests["lookup", "200"] == 1
    assert removed(here) == [(1, "deleted")]


def test_when_one_post_of_a_thread_is_deleted_the_rest_still_waits(
    posts: Posts, small_company: Build
) -> None:
    """When the first of two mentions is deleted, the wait begins with the second."""
    first = posts.mention(1, "7", **deleted_at(10))
    second = posts.mention(9, "7", thread=first)
    here = small_company(one_account_settings()).run_minutes(0, 2, 10, 15)
    [state] = here.states().values()
    assert (state.waiting, state.waiting_since) == ((second,), at(9))


def test_all_versions_of_an_edited_post_are_deleted(posts: Posts, small_company: Build) -> None:
    """When a mention of which both versions are stored is deleted, neither is left."""
    post = posts.mention(1, "7", **deleted_at(20))
    posts.edit(6, post, "@acme_help edited")
    here = small_company(one_account_settings()).run_minutes(0, 2, 7, 16)
    assert here.states()[post].mentions == 1
    here.run_minutes(30)
    assert post not in table_text(here)
    assert "edited" not in table_text(here)


def test_posts_that_we_deleted_are_removed(posts: Posts, small_company: Build) -> None:
    """When we delete a reply and another post, both are removed, and the customer waits again."""
    asked = posts.mention(1, "7")
    posts.reply(3, asked, **deleted_at(20))
    news = posts.news(4)
    posts.lines[-1] |= deleted_at(20)
    here = small_company().run_minutes(0, 5, 16)
    assert here.states()[asked].status == "answered"
    here.run_minutes(30)
    assert (here.states()[asked].status, here.states()[asked].waiting_since) == ("open", at(1))
    assert news not in table_text(here)
    assert removed(here) == [(1, "deleted")] * 2


def test_our_own_posts_stay_when_our_account_is_protected(
    posts: Posts, small_company: Build
) -> None:
    """While our account is protected, what it answered stays answered."""
    asked = posts.mention(1, "7")
    posts.reply(3, asked, **deleted_at(20, "protected"))
    here = small_company(one_account_settings()).run_minutes(0, 5, 16, 30, 45)
    assert here.states()[asked].status == "answered"
    assert removed(here) == []


@pytest.mark.parametrize("endpoint", ["mentions", "lookup"])
def test_while_x_fails_nothing_is_removed(
    posts: Posts, small_company: Build, endpoint: str
) -> None:
    """A sweep without timeline or look-up removes nothing, and nobody gets a mail about it."""
    post = posts.mention(1, "7", **deleted_at(5))
    here = small_company(
        one_account_settings(), faults=[fault(14, 16, endpoint=endpoint, status=503)]
    ).run_minutes(0, 2, 15)
    assert here.stored == {post}
    assert removed(here) == []
    assert here.mails == []
    if endpoint == "lookup":
        assert here.cursor().faults == {}
        assert here.cursor().swept == at(15)
    here.run_minutes(16, 30)
    assert here.stored == set()
    assert here.failures == []


def test_an_empty_timeline_removes_nothing(posts: Posts, small_company: Build) -> None:
    """When X serves an empty timeline once, each post is looked up and stays."""

    def emptied(environ: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        empty = "/mentions" in environ["PATH_INFO"] and here.world.now() == at(15)
        return {"meta": {"result_count": 0}} if empty else body

    asked = {posts.mention(1 + n / 200, str(n + 1000)) for n in range(150)}
    here = small_company(one_account_settings(), x=lambda sim: XInterceptor(sim, change=emptied))
    here.run_minutes(0, 3, 15)
    assert here.stored == asked
    assert here.sim.requests["lookup", "200"] == 2
    assert billed(here) == 150


def test_a_removed_post_that_a_running_poll_stores_is_removed_again(
    posts: Posts, small_company: Build
) -> None:
    """The next sweep removes a post that a poll had read before its removal and stored after it."""
    post = posts.mention(1, "7", **deleted_at(10))
    here = small_company(one_account_settings()).run_minutes(0, 2, 15)
    assert here.stored == set()
    here.add_facts(post, Mention(post, post, at(1), "help", frozenset({HELP}), stored_at=at(2)))
    here.run_minutes(30)
    assert here.stored == set()


def test_the_sweep_of_the_day_finds_posts_deleted_hours_later(
    posts: Posts, small_company: Build
) -> None:
    """A morning's mention deleted in the evening is removed by the sweep of 23:50 at no cost."""
    post = posts.mention(1, "7", **deleted_at(700))
    here = small_company(one_account_settings()).run_minutes(0, 2, *range(15, 720, 60))
    assert here.stored == {post}
    here.run_minutes(890)
    assert here.stored == set()
    assert billed(here) == 1


def test_posts_of_yesterday_are_not_looked_up(posts: Posts, small_company: Build) -> None:
    """Sweeps after midnight look up no post of the day before, which would be billed."""
    posts.mention(1, "7", **deleted_at(895))
    posts.mention(898, "8", **deleted_at(905))
    here = small_company(one_account_settings()).run_minutes(0, 2, 890, 899, *range(900, 1000, 15))
    assert here.sim.requests["lookup", "200"] == 0
    assert here.sim.usage()["rereads_across_days"] == 0


def test_an_alert_held_back_leaves_out_deleted_posts(posts: Posts, small_company: Build) -> None:
    """When a post of an alert held back is deleted, neither the mail nor the table has its id."""
    posts.mention(0, "8")
    posts.mention(5, "77777", **deleted_at(22))
    last = posts.mention(5.5, "9")
    here = small_company(one_account_settings()).run_minutes(0, 6, 15, 21, 29)
    assert "77777" in str(here.waiting())
    here.run_minutes(30, 31)
    assert here.waiting() != []
    here.flag_and_send_at(44, 45, 46)
    assert here.mails[-1].posts == [last]
    assert "77777" not in table_text(here)
    assert here.failures == []


def test_an_alert_without_posts_is_not_sent(posts: Posts, small_company: Build) -> None:
    """When the only post of an alert held back is deleted, no entry is left and no mail is sent."""
    posts.mention(0, "8")
    posts.mention(5, "77777", **deleted_at(22))
    here = small_company(one_account_settings()).run_minutes(0, 5, 15, 20, 29, 30)
    assert here.waiting() == []
    here.flag_and_send_at(44, 45, 46)
    assert len(here.mails) == 1
    assert "77777" not in table_text(here)


def test_a_poll_counts_checked_and_removed_posts(posts: Posts, small_company: Build) -> None:
    """A poll returns how many posts its sweep checked and removed."""
    posts.mention(1, "7", **deleted_at(5))
    posts.mention(1, "8", **deleted_at(5, "lost"))
    here = small_company(one_account_settings()).run_minutes(0, 2, 15)
    [swept] = [p for p in here.polls if p["kind"] == "sweep"]
    assert (swept["checked"], swept["removed"]) == (2, 1)
