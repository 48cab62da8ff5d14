"""A new `keep` reaches items that are not written again; what is open stays as it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pulse.audit.entries import LogEntry
from pulse.dynamodb.codec import ItemKey
from pulse.privacy.retention import apply_retention
from tests.listening.one_run import run_poll
from tests.privacy.comply_days import DAY, run_comply
from tests.small_company import Build, Posts, SmallCompany, at, one_account_settings, settings
from tests.x_interceptor import XInterceptor, with_invalid_posts


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
        if name in kinds or (kind == "c" and "c" in kinds):
            ttl = item.get("ttl")
            days = None if ttl is None else (ttl - at(0).timestamp()) / 86400
            found.setdefault(name, set()).add(days)
    return found


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
    assert own_posts == pytest.approx(days, abs=0.1)
    assert found["aside"]
    assert all(days <= one < days + 1 for one in found["aside"] if one is not None)
    puts = here.world.calls["dynamodb.TransactWriteItems"], here.world.calls["dynamodb.UpdateItem"]
    run_comply(here, DAY + 20, DAY + 30)
    calls = here.world.calls
    assert (calls["dynamodb.TransactWriteItems"], calls["dynamodb.UpdateItem"]) == puts
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


def test_a_run_without_time_is_continued_at_the_same_day(
    posts: Posts, small_company: Build
) -> None:
    """When a run has time for one day only, every day is rewritten once, run by run."""
    answered, _ = publish_posts(posts)
    here = small_company(settings(keep="90 days", look_back="0")).run_minutes(0, 2, 7, 991, 1001)
    push(here, DAY, keep="10 days", look_back="0")
    here.world.move_clock_to(at(DAY + 3))
    app, now = here.world.app, here.world.app.now()
    [company] = app.settings().companies
    runs, written = 0, 0
    while True:
        answers = iter([False] * 2 + [True] * 99)
        done = apply_retention(
            company, app.db.privacy_stores, now, lambda answers=answers: next(answers)
        )  # type: ignore[misc]
        if done is None:
            break
        runs, written = runs + 1, written + done
        assert runs < 10
    assert runs > 1
    assert written == 2
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
    answer, again = posts.reply(3, asked), posts.mention(33 * DAY, "7", thread=asked)
    here = small_company(one_account_settings(keep="30 days")).run_minutes(0, 4)
    table, pk = here.world.app.db.table, f"c#acme#{asked}#7"
    table.delete_many([ItemKey(pk, f"r{answer}")])
    here.run_minutes(33 * DAY + 1)
    before = {item["sk"]: item.get("ttl") for item in table.query(pk)}
    assert before[f"m{asked}"] is not None
    here.world.app.db.settings_store.push(
        one_account_settings(keep="30 days", policy={"target": "90 %"}), at(33 * DAY + 1)
    )
    here.flag_and_send_at(33 * DAY + 2, 33 * DAY + 3)
    [state] = here.states().values()
    assert (state.waiting, state.waiting_since) == ((again,), at(33 * DAY))
    assert {item["sk"]: item.get("ttl") for item in table.query(pk)} == before
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
