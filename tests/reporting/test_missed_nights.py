"""Nights of figures: each counts the last days, so that missed nights lose and spoil nothing."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from pulse.dynamodb.codec import ItemKey
from tests.small_company import HELP, Build, Posts, SmallCompany, one_account_settings

TUESDAY = date(2030, 5, 14)


def night(here: SmallCompany, day: date) -> None:
    """Run `figures` in the night with which this day begins.

    Items whose time-to-live is over have been removed before, as DynamoDB does.
    """
    now = datetime.combine(day, time(0, 40), UTC)
    here.world.move_clock_to(now)
    table = here.world.app.db.table
    table.delete_many(
        [
            ItemKey(i["pk"], i["sk"])
            for i in list(table.scan())
            if i.get("ttl", 1e11) < now.timestamp()
        ]
    )
    with here.world.counting_calls() as lambdas:
        lambdas.invoke_scheduled("figures")


def received(here: SmallCompany) -> dict[date, int]:
    """Return how many mentions each day had, by its figures."""
    stored = here.world.app.db.figure_store.of_days("acme", TUESDAY, TUESDAY + timedelta(days=99))
    return {
        day: sum(hour["received"] for hour in figures[HELP].values())
        for day, figures in stored.items()
        if HELP in figures
    }


@pytest.mark.parametrize("counted", [0, 1, 5])
def test_a_long_stop_loses_no_days(posts: Posts, small_company: Build, counted: int) -> None:
    """After a stop of weeks, the days before it are counted.

    Late replies to mentions of days that had been counted before the stop are counted, too.
    """
    asked = posts.mention(1)
    posts.mention(24 * 60 + 1, "8")
    posts.reply(24 * 60 + 2, asked)
    here = small_company(one_account_settings(keep="90 days")).run_minutes(0, 2)
    night(here, TUESDAY - timedelta(days=1))
    for later in range(counted):
        night(here, TUESDAY + timedelta(days=later + 1))
        here.run_minutes(24 * 60 * (later + 1) + 2)
    here.run_minutes(24 * 60 * 5 + 2)
    night(here, TUESDAY + timedelta(days=40))
    wednesday = TUESDAY + timedelta(days=1)
    assert received(here) == {TUESDAY: 1, wednesday: 1}
    [tuesday] = here.world.app.db.figure_store.of_days("acme", TUESDAY, TUESDAY).values()
    assert sum(tuesday[HELP]["9"]["first_response"].values()) == 1


def test_a_killed_run_is_continued_where_it_was(posts: Posts, small_company: Build) -> None:
    """When a run is killed while it catches up on weeks, the next one counts only the rest."""
    here = small_company(one_account_settings()).run_minutes(0)
    night(here, TUESDAY)
    app, last = here.world.app, TUESDAY + timedelta(days=40)
    puts: list[object] = []

    def kill(params: object, **_: object) -> None:
        puts.append(params)
        if len(puts) > 10:
            raise SystemExit

    emitter = app.db.table.client.meta.events
    emitter.register("before-call.dynamodb.PutItem", kill)
    night(here, last)
    assert here.failures == ["figures: SystemExit: "]
    emitter.unregister("before-call.dynamodb.PutItem", kill)
    assert app.db.figure_store.last_day_counted("acme") == TUESDAY + timedelta(days=9)
    night(here, last)
    assert app.db.figure_store.last_day_counted("acme") == last - timedelta(days=1)


@pytest.mark.parametrize("stop", [0, 3, 20])
def test_days_affected_by_retention_are_not_recounted(
    posts: Posts, small_company: Build, stop: int
) -> None:
    """A day keeps two mentions after the conversation of one has expired and the other is open."""
    posts.reply(2, posts.mention(1))
    posts.mention(1, "9")
    here = small_company(one_account_settings(keep="7 days")).run_minutes(0, 3)
    for later in (1, 2, 3, 4, *range(5 + stop, 12 + stop)):
        night(here, TUESDAY + timedelta(days=later))
        assert received(here) == {TUESDAY: 2}
