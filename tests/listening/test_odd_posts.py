"""Unusual posts and tasks: served twice, edited, in other vocabularies, unreadable, outdated."""

from typing import Any

import pytest

from pulse.listening.tasks import PollTask
from tests.small_company import HELP, NEWS, Build, Posts, at, one_account_settings
from tests.x_interceptor import XInterceptor, with_invalid_posts


def test_posts_that_x_serves_twice_count_once(posts: Posts, small_company: Build) -> None:
    """When X serves the post of `since_id` again, it is still one mention in one conversation."""
    asked = posts.mention(1)
    posts.mention(2, "8")
    here = small_company(one_account_settings(), since_id_inclusive=True).run_minutes(*range(20))
    assert here.states()[asked].mentions == 1
    assert len(here.states()) == 2
    assert here.sim.usage()["rereads_within_day"] > 5


@pytest.mark.parametrize("vocabulary", ["tweet", "post", "mixed"])
def test_an_edited_mention_is_one_with_its_latest_text(
    posts: Posts, small_company: Build, vocabulary: str
) -> None:
    """A mention edited twice waits from its first time on, and mails show its latest version."""
    asked = posts.mention(1)
    second = posts.edit(9, asked, "@acme_help second thoughts")
    third = posts.edit(12, second, "@acme_help third thoughts")
    here = small_company(one_account_settings(), vocabulary=vocabulary).run_minutes(
        0, 2, 10, 13, 16, 17
    )
    [state] = here.states().values()
    assert (state.first_mention_id, state.mentions) == (asked, 1)
    assert state.waiting_since == at(1)
    [mail] = here.mails
    assert mail.minute == 16
    assert "third thoughts" in mail.text
    assert mail.posts == [third]


@pytest.mark.parametrize("vocabulary", ["tweet", "post", "mixed"])
def test_every_vocabulary_gives_the_same_conversations(
    posts: Posts, small_company: Build, vocabulary: str
) -> None:
    """A day in any of X's vocabularies leads to the same conversations."""
    first = posts.mention(1, "7", note_tweet={"text": "@acme_help " + "long " * 100})
    posts.reply(5, first, account=NEWS)
    again = posts.mention(9, "7", thread=first)
    posts.mention(10, "8", text="@acme_help a &lt; b &amp; c")
    posts.news(11)
    posts.publish(
        12, "9", "RT @acme_help", [{"id": HELP, "username": "acme_help"}],
        referenced_tweets=[{"type": "retweeted", "id": first}],
    )  # fmt: skip
    here = small_company(vocabulary=vocabulary).run_minutes(0, 2, 6, 10, 12, 13, 25, 26)
    states = here.states()
    assert [(s.status, s.mentions) for s in states.values()] == [("open", 2), ("open", 1)]
    assert states[first].waiting == (again,)
    assert states[first].first_response_seconds == 240
    assert "a < b & c" in here.mails[-1].text
    assert here.sim.requests["mentions", "400"] <= 2


def test_unreadable_posts_are_quarantined_once_and_counted(
    posts: Posts, small_company: Build
) -> None:
    """Of a page with three unreadable posts, the rest is read, and the digest counts the three."""
    asked = posts.mention(301, "7")
    here = small_company(
        one_account_settings(),
        x=lambda sim: XInterceptor(sim, change=with_invalid_posts),
        start=240,
    )
    here.run_minutes(240, 302, 303, 315, 316, 330, 331)
    assert set(here.states()) == {asked}
    quarantined = here.log_entries("aside")
    assert len(quarantined) == 3
    assert {row.what["account"] for row in quarantined} == {"acme_help"}
    assert all(row.what["reason"] for row in quarantined)
    digest = here.digest(331, 290)
    assert "3 posts could not be read" in digest.text
    assert here.failures == []


def test_an_unreadable_newest_post_is_served_once(posts: Posts, small_company: Build) -> None:
    """When the newest post has no time, it is served, and counted, only once."""
    asked, odd = posts.mention(0.5, "7"), posts.mention(0.6, "8")

    def change(_: Any, body: dict[str, Any]) -> dict[str, Any]:
        for one in body.get("data", []):
            if isinstance(one, dict) and one["id"] == odd:
                one["created_at"] = None
        return body

    here = small_company(
        one_account_settings(), x=lambda sim: XInterceptor(sim, change=change)
    ).run_minutes(*range(5))
    assert here.stored == {asked}
    assert here.sim.usage()["posts_served"] == sum(here.cursor().reads.values()) == 2


def test_settings_changed_during_a_poll_do_not_disturb_it(
    posts: Posts, small_company: Build
) -> None:
    """A poll that has loaded its company finishes although a push then replaces that company."""
    asked = posts.mention(0.5)
    here = small_company(one_account_settings()).run_minutes(0)
    here.world.move_clock_to(at(1))
    here.world.app.queue.put([PollTask("acme", HELP, "poll", at(1))])
    pushed: list[int] = []

    def replace_settings(parsed: dict[str, Any], **_: Any) -> None:
        if pushed or "settings" not in str(parsed.get("Item")):
            return
        pushed.append(1)
        [company] = one_account_settings()["companies"]
        with here.guard.paused():
            here.world.app.db.settings_store.push(
                {"companies": [company | {"name": "blue"}]}, here.world.now()
            )
        here.world.move_clock_to(at(1.9))  # settings loaded before the push must not be used by now

    events = here.world.app.db.table.client.meta.events
    events.register("after-call.dynamodb.GetItem", replace_settings)
    [result] = here.world.drain_queue()
    assert pushed
    assert (here.failures, here.stored, result["new"]) == ([], {asked}, 1)


def test_a_message_for_an_account_no_longer_in_the_settings(
    posts: Posts, small_company: Build
) -> None:
    """A task for an account or company that was removed is dropped with a reason, not an error."""
    here = small_company().run_minutes(0)
    for company, account in (("acme", "404"), ("gone", HELP)):
        here.world.app.queue.put([PollTask(company, account, "poll", at(1))])
        [result] = here.world.drain_queue()
        assert result["gone"] == "no longer in the settings"
    assert here.failures == []


def test_a_stale_message_is_dropped(posts: Posts, small_company: Build) -> None:
    """A task that is an hour old is dropped without a request to X."""
    here = small_company().run_minutes(60)
    asked = sum(here.sim.requests.values())
    here.world.app.queue.put([PollTask("acme", HELP, "sweep", at(0))])
    [result] = here.world.drain_queue()
    assert result["stale"]
    assert sum(here.sim.requests.values()) == asked
