"""Figures of a day, counted again while all of it is kept."""

import json

from pulse.dynamodb.codec import ItemKey
from tests.privacy.comply_days import DAY, HOUR, run_comply
from tests.privacy.deleted_posts import deleted_at
from tests.small_company import Build, Posts, SmallCompany, at, one_account_settings

NIGHT = 15 * HOUR + 40
"""Forty minutes past midnight, when `figures` runs."""


def figures(here: SmallCompany, night: int) -> dict[int, int]:
    """Mentions that were counted, by the day of May, after this night's run; 0 is the first."""
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
    """What DynamoDB's time-to-live has removed by then."""
    items, then = here.world.app.db.table.scan(), at(minute).timestamp()
    ended = [ItemKey(i["pk"], i["sk"]) for i in items if "ttl" in i and i["ttl"] <= then]
    here.world.app.db.table.delete_many(ended)


def test_deleted_posts_are_removed_from_recent_daily_figures(
    posts: Posts, small_company: Build
) -> None:
    """Given a day whose only mention went two days on, then its counts go; no other day has any."""
    posts.mention(1, "7", **deleted_at(2 * DAY))
    posts.mention(2 * DAY - 1, "8")
    here = small_company(one_account_settings()).run_minutes(0, 2)
    assert figures(here, 0) == {14: 1}
    here.run_minutes(2 * DAY - 1, 2 * DAY)
    run_comply(here, 2 * DAY, 2 * DAY + 10)
    assert figures(here, 2) == {14: 0, 16: 1}
    assert here.failures == []


def test_posts_removed_by_retention_stay_counted(posts: Posts, small_company: Build) -> None:
    """Given a `keep` of a week, then a day of which nothing is kept any more is left as it is."""
    asked = posts.mention(1, "7")
    posts.reply(3, asked)
    here = small_company(one_account_settings(keep="7 days")).run_minutes(0, 2, 4)
    assert [figures(here, night) for night in range(7)] == [{14: 1}] * 7
    expire(here, 7 * DAY + NIGHT - 10)
    assert here.stored == set()
    assert figures(here, 7) == {14: 1}
