"""A new `keep` reaches items that are not written again; what is open stays as it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pulse.audit.entries import LogEntry
from pulse.conversations.facts import NOBODY
from pulse.conversations.store.documents import key_from_pk, stored_in
from pulse.dynamodb import keys
from pulse.dynamodb.codec import Item
from pulse.privacy.comply import apply_retention
from tests.listening.one_run import run_poll
from tests.privacy.comply_days import DAY, run_comply
from tests.small_company import Build, Posts, SmallCompany, at, one_account_settings, settings
from tests.x_interceptor import XInterceptor, with_invalid_posts

MANY = 110
"""More than are written between two checks of the remaining time."""


def publish_posts(posts: Posts) -> tuple[str, str]:
    """Publish a thread over two days that is answered, an open mention, and an own post."""
    answered = posts.mention(1, "7")
    posts.reply(3, answered)
    posts.reply(1000, posts.mention(990, "7", thread=answered))
    waiting = posts.mention(5, "8")
    posts.news(6)
    return answered, waiting


def lifetimes(here: SmallCompany, *kinds: str) -> dict[str, set[float | None]]:
    """Return, by kind of item or conversation, how many days after minute 0 its items expire."""
    found: dict[str, set[float | None]] = {}
    for item in here.world.app.db.table.scan():
        kind = item["pk"].partition("#")[0]
        name = item["pk"] if kind == "c" else "aside" if "#aside#" in item["sk"] else kind
        if item["sk"] == keys.DOCUMENT and key_from_pk(item["pk"]).customer_id == NOBODY:
            kind = name = "said"
        if name in kinds or (kind == "c" and "c" in kinds):
            ttl = item.get("ttl")
            days = None if ttl is None else (ttl - at(0).timestamp()) / 86400
            found.setdefault(name, set()).add(days)
    return found


def documents(here: SmallCompany) -> list[Item]:
    """Return all documents as they are stored, with their revisions."""
    return [item for item in here.world.app.db.table.scan() if item["sk"] == keys.DOCUMENT]


def push(here: SmallCompany, minute: float, **rules: Any) -> None:
    here.world.move_clock_to(at(minute))
    here.world.app.db.settings_store.push(settings(**rules), here.world.now())


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [("90 days", "10 days", 10), ("10 days", "90 days", 90), ("forever", "10 days", 10)],
)
def test_a_new_retention_reaches_all_that_is_stored(
    posts: Posts, small_company: Build, before: str, after: str, days: int
) -> None:
    """Finished conversations, own posts and quarantined posts follow a new `keep`."""
    answered, waiting = publish_posts(posts)
    rules = {"look_back": "0"}
    here = small_company(
        settings(keep=before, **rules), x=lambda sim: XInterceptor(sim, change=with_invalid_posts)
    ).run_minutes(0, 2, 7, 991, 1001)
    run_comply(here, 1010, 1010)
    push(here, DAY, keep=after, **rules)
    run_comply(here, DAY + 10, DAY + 10)
    found = lifetimes(here, "c", "said", "aside")
    thread = f"c#acme#{answered}#7"
    [until] = found.pop(thread)
    assert until is not None
    assert days < until < days + 2
    assert found.pop(f"c#acme#{waiting}#8") == {None}
    [own_posts] = found["said"]
    assert own_posts is not None
    assert days < own_posts < days + 2
    assert found["aside"]
    assert all(days <= one < days + 1 for one in found["aside"] if one is not None)
    before_again = documents(here)
    calls = ("TransactWriteItems", "UpdateItem")
    writes = [here.world.calls[f"dynamodb.{call}"] for call in calls]
    run_comply(here, DAY + 20, DAY + 30)
    assert [here.world.calls[f"dynamodb.{call}"] for call in calls] == writes
    assert documents(here) == before_again
    assert here.failures == []


def test_with_forever_nothing_expires(posts: Posts, small_company: Build) -> None:
    """When `keep` becomes `forever`, the time-to-live is removed."""
    answered, _ = publish_posts(posts)
    here = small_company(settings(keep="10 days", look_back="0")).run_minutes(0, 2, 7, 991, 1001)
    push(here, DAY, keep="forever", look_back="0")
    run_comply(here, DAY + 10, DAY + 10)
    assert lifetimes(here, "c")[f"c#acme#{answered}#7"] == {None}
    assert lifetimes(here, "said")["said"] == {None}


def test_a_new_retention_changes_no_state(posts: Posts, small_company: Build) -> None:
    """After a new `keep`, states are the same; only the time-to-live changes."""
    publish_posts(posts)
    here = small_company(settings(keep="90 days", look_back="0")).run_minutes(0, 2, 7, 991, 1001)
    before = here.states()
    push(here, DAY, keep="10 days", look_back="0")
    run_comply(here, DAY + 10, DAY + 10)
    assert here.states() == before


def test_a_run_without_time_is_continued_at_the_same_conversations(
    posts: Posts, small_company: Build
) -> None:
    """When a run has time for some conversations only, each is rewritten once, run by run."""
    answered, _ = publish_posts(posts)
    for number in range(MANY):
        posts.news(400 + number)
    here = small_company(settings(keep="90 days", look_back="0"))
    here.run_minutes(0, 2, 7, 600, 991, 1001)
    push(here, DAY, keep="10 days", look_back="0")
    here.world.move_clock_to(at(DAY + 3))
    app = here.world.app
    [company] = app.settings().companies
    runs, written = 0, 0
    while True:
        answers = iter([False] + [True] * 99)
        done = apply_retention(app.comply_run(lambda answers=answers: next(answers)), company)  # type: ignore[misc]
        if not done:
            break
        [report] = done.values()
        runs, written = runs + 1, written + (report.written or 0)
        assert runs < 10
    assert runs > 1
    assert written == 2 + MANY
    [until] = lifetimes(here, "c")[f"c#acme#{answered}#7"]
    assert until is not None
    assert until < 12


def test_items_stored_by_a_running_poll_follow_the_new_retention(
    posts: Posts, small_company: Build
) -> None:
    """What a poll stores with settings from before the push follows the new `keep` as well."""
    posts.reply(9.5, posts.mention(9, "8"))
    here = small_company(one_account_settings(keep="forever")).run_minutes(0)
    app, old = here.world.app, here.world.company
    here.world.move_clock_to(at(10))
    app.db.settings_store.push(one_account_settings(keep="10 days"), at(10))
    run_comply(here, 11, 11)
    assert run_poll(here, 11, 99, known=old)["new"] == 2
    assert lifetimes(here, "c").popitem()[1] == {None}
    run_comply(here, 20, 20)
    [until] = lifetimes(here, "c").popitem()[1]
    assert until is not None
    assert 10 < until < 12


def test_a_push_restores_nothing_expired(posts: Posts, small_company: Build) -> None:
    """An expired conversation with a new mention waits for that one alone, also after a push."""
    asked = posts.mention(1, "7")
    posts.reply(3, asked)
    again = posts.mention(33 * DAY, "7", thread=asked)
    here = small_company(one_account_settings(keep="30 days")).run_minutes(0, 4)
    [finished] = documents(here)
    assert finished["ttl"] <= at(33 * DAY).timestamp()
    here.run_minutes(33 * DAY + 1)
    [before] = documents(here)
    assert [fact.token for fact in stored_in(before).facts] == [f"m{again}"]
    assert "ttl" not in before
    here.world.app.db.settings_store.push(
        one_account_settings(keep="30 days", policy={"target": "90 %"}), at(33 * DAY + 1)
    )
    here.flag_and_send_at(33 * DAY + 2, 33 * DAY + 3)
    [state] = here.states().values()
    assert (state.waiting, state.waiting_since) == ((again,), at(33 * DAY))
    [after] = documents(here)
    assert after["facts"] == before["facts"]
    assert "ttl" not in after
    assert here.mails == []


def test_quarantined_posts_expire_with_keep(posts: Posts, small_company: Build) -> None:
    """Quarantined posts expire after `keep`; the rest of the audit log lives longer."""
    posts.mention(1, "7")
    here = small_company(
        settings(keep="10 days"), x=lambda sim: XInterceptor(sim, change=with_invalid_posts)
    ).run_minutes(0, 2)
    gap = LogEntry("gap", at(2), {"account": "acme", "start": "", "end": "", "reason": "blind"})
    here.world.app.db.audit_log.append("acme", [gap])
    ttls = {}
    for item in here.world.app.db.table.query("journal#acme"):
        ttls[item["sk"].split("#")[1]] = datetime.fromtimestamp(item["ttl"], UTC) - at(2)
    assert ttls == {"aside": timedelta(days=10), "gap": timedelta(days=400)}
