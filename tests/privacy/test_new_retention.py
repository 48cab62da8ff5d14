"""A new `keep` reaches what is stored and never written again; what is open stays as it is."""

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


def told(posts: Posts) -> tuple[str, str]:
    """A thread over two days that is answered, one that waits, and news."""
    answered = posts.mention(1, "7")
    posts.reply(3, answered)
    posts.reply(1000, posts.mention(990, "7", thread=answered))
    waits = posts.mention(5, "8")
    posts.news(6)
    return answered, waits


def lives(here: SmallCompany, *kinds: str) -> dict[str, set[float | None]]:
    """By kind of item (or conversation), until how many days after minute 0 items live."""
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
    """Given a new `keep`, then finished conversations, own posts and what lies aside follow it."""
    answered, waits = told(posts)
    rules = {"look_back": "0"}
    here = small_company(
        settings(keep=before, **rules), x=lambda sim: XInterceptor(sim, change=with_invalid_posts)
    ).run_minutes(0, 2, 7, 991, 1001)
    run_comply(here, 1010, 1010)
    push(here, DAY, keep=after, **rules)
    run_comply(here, DAY + 10, DAY + 10)
    found = lives(here, "c", "said", "aside")
    thread = f"c#acme#{answered}#7"
    [until] = found.pop(thread)
    assert until is not None
    assert days < until < days + 2
    assert found.pop(f"c#acme#{waits}#8") == {None}
    [said] = found["said"]
    assert said == pytest.approx(days, abs=0.1)
    assert found["aside"]
    assert all(days <= one < days + 1 for one in found["aside"] if one is not None)
    puts = here.world.calls["dynamodb.TransactWriteItems"], here.world.calls["dynamodb.UpdateItem"]
    run_comply(here, DAY + 20, DAY + 30)
    calls = here.world.calls
    assert (calls["dynamodb.TransactWriteItems"], calls["dynamodb.UpdateItem"]) == puts
    assert here.failures == []


def test_for_good(posts: Posts, small_company: Build) -> None:
    """Given `forever`, then the time to live is taken off."""
    answered, _ = told(posts)
    here = small_company(settings(keep="10 days", look_back="0")).run_minutes(0, 2, 7, 991, 1001)
    push(here, DAY, keep="forever", look_back="0")
    run_comply(here, DAY + 10, DAY + 10)
    assert lives(here, "c")[f"c#acme#{answered}#7"] == {None}
    assert lives(here, "said")["said"] == {None}


def test_states_stay_as_they_are(posts: Posts, small_company: Build) -> None:
    """Given a new `keep`, then only the time to live changes."""
    told(posts)
    here = small_company(settings(keep="90 days", look_back="0")).run_minutes(0, 2, 7, 991, 1001)
    before = here.states()
    push(here, DAY, keep="10 days", look_back="0")
    run_comply(here, DAY + 10, DAY + 10)
    assert here.states() == before


def test_a_run_that_has_no_time_left_goes_on_at_the_same_day(
    posts: Posts, small_company: Build
) -> None:
    """Given time for a day a run, then every day has its turn, once."""
    answered, _ = told(posts)
    here = small_company(settings(keep="90 days", look_back="0")).run_minutes(0, 2, 7, 991, 1001)
    push(here, DAY, keep="10 days", look_back="0")
    here.world.move_clock_to(at(DAY + 3))
    app, now = here.world.app, here.world.app.now()
    [company] = app.settings().companies
    runs, written = 0, 0
    while True:
        left = iter([False] * 2 + [True] * 99)
        done = apply_retention(company, app.db.privacy_stores, now, lambda left=left: next(left))  # type: ignore[misc]
        if done is None:
            break
        runs, written = runs + 1, written + done
        assert runs < 10
    assert runs > 1
    assert written == 2
    [until] = lives(here, "c")[f"c#acme#{answered}#7"]
    assert until is not None
    assert until < 12


def test_items_stored_by_a_running_poll_follow_the_new_retention(
    posts: Posts, small_company: Build
) -> None:
    """Given a poll that read its settings before a new `keep`, then what it stores goes as well."""
    posts.reply(9.5, posts.mention(9, "8"))
    here = small_company(one_account_settings(keep="forever")).run_minutes(0)
    app, old = here.world.app, here.world.company
    here.world.move_clock_to(at(10))
    app.db.settings_store.push(one_account_settings(keep="10 days"), at(10))
    run_comply(here, 11, 11)
    assert run_poll(here, 11, 99, known=old)["new"] == 2
    assert lives(here, "c").popitem()[1] == {None}
    run_comply(here, 20, 20)
    [until] = lives(here, "c").popitem()[1]
    assert until is not None
    assert 10 < until < 12


def test_a_push_restores_nothing_expired(posts: Posts, small_company: Build) -> None:
    """Given one whose answer was removed first, asked anew, then it waits as before the push."""
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


def test_what_lies_aside_lives_no_longer_than_keep(posts: Posts, small_company: Build) -> None:
    """Given what cannot be read, then it goes with `keep`; the rest of the journal stays."""
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
