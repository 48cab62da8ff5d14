"""Figures of a day are counted again as long as all of the day is stored."""

import json

from pulse.dynamodb.codec import ItemKey
from tests.privacy.comply_days import DAY, HOUR, run_comply
from tests.privacy.deleted_posts import deleted_at
from tests.small_company import Build, Posts, SmallCompany, at, one_account_settings

NIGHT = 15 * HOUR + 40
"""Forty minutes past midnight, when `figures` runs."""


def figures(here: SmallCompany, night: int) -> dict[int, int]:
    """Run `figures` in this night, counted from 0; returns counted mentions by day of May."""
    here.world.move_clock_to(at(night * DAY + NIGHT))
    with here.world.counting_calls() as lambdas:
        assert lambdas.invoke_scheduled("figures") is not None
    days = here.world.app.db.table.query("figures#acme")
    counted = {int(day["sk"][-2:]): json.loads(day["figures"]) for day in days}
    return {
        day: sum(cell["received"] for hours in accounts.values() for cell in hours.values())
        for day, accounts in counted.items()
    }


def expire(here: SmallCompany, minute: float) -> None:
    """Delete what DynamoDB's time-to-live has removed by this minute."""
    items, then = here.world.app.db.table.scan(), at(minute).timestamp()
    ended = [ItemKey(i["pk"], i["sk"]) for i in items if "ttl" in i and i["ttl"] <= then]
    here.world.app.db.table.delete_many(ended)


def test_deleted_posts_are_removed_from_recent_daily_figures(
    posts: Posts, small_company: Build
) -> None:
    """When the only mention of a day is deleted two days later, the day's count becomes zero."""
    posts.mention(1, "7", **deleted_at(2 * DAY))
    posts.mention(2 * DAY - 1, "8")
    here = small_company(one_account_settings()).run_minutes(0, 2)
    assert figures(here, 0) == {14: 1}
    here.run_minutes(2 * DAY - 1, 2 * DAY)
    run_comply(here, 2 * DAY, 2 * DAY + 10)
    assert figures(here, 2) == {14: 0, 16: 1}
    assert here.failures == []


def test_posts_removed_by_retention_stay_counted(posts: Posts, small_company: Build) -> None:
    """With a `keep` of a week, a day of which nothing is stored any more stays as counted."""
    asked = posts.mention(1, "7")
    posts.reply(3, asked)
    here = small_company(one_account_settings(keep="7 days")).run_minutes(0, 2, 4)
    assert [figures(here, night) for night in range(7)] == [{14: 1}] * 7
    expire(here, 7 * DAY + NIGHT - 10)
    assert here.stored == set()
    assert figures(here, 7) == {14: 1}
