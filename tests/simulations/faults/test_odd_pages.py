"""X answers, but its pages or page tokens are odd: over HTTP, up to what people read."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.simulations.faults.checks import MENTIONS, Json, assert_no_fault
from tests.simulations.faults.two_companies import FOREIGN_TOKEN_PREFIX, Build, TwoCompaniesPosts

PAGES: dict[str, Callable[[list[Any]], list[list[Any]]]] = {
    "repeated": lambda d: [d[:4], d[:4], d[4:8], d[8:]],
    "out of order": lambda d: [d[8:], d[:4], d[4:8]],
    "a post on two pages": lambda d: [d[:5], d[4:9], d[8:]],
    "oldest first": lambda d: [d[::-1]],
    "an empty page": lambda d: [d[:4], [], d[4:]],
}
RARE = {"oldest first", "an empty page"}
ORDERS = [
    pytest.param(order, id=name, marks=[pytest.mark.whole] if name in RARE else [])
    for name, order in PAGES.items()
]


@pytest.mark.parametrize("order", ORDERS)
def test_odd_pages(posts: TwoCompaniesPosts, two_companies: Build, order: Any) -> None:
    """Each post is stored once, and the high-water mark is the newest, whatever the pages are."""

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if path != MENTIONS or not body.get("data"):
            return body
        pages = order(body["data"])
        number = int(
            query.get("pagination_token", f"{FOREIGN_TOKEN_PREFIX}0").removeprefix(
                FOREIGN_TOKEN_PREFIX
            )
        )
        meta = (
            {"next_token": f"{FOREIGN_TOKEN_PREFIX}{number + 1}"} if number + 1 < len(pages) else {}
        )
        return {**body, "data": pages[number], "meta": meta}

    mentions = [posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)]
    here = two_companies(change=change)
    here.run_minutes(0, 1, 2)
    assert here.stored == set(mentions)
    assert {s.mentions for s in here.states().values()} == {1}
    assert here.cursor().high_water["mentions"].id == mentions[-1]
    assert_no_fault(here, 2)


def test_a_page_that_links_to_itself(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """A page whose token leads to itself is not read forever, and later all posts are read."""

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if path == MENTIONS and here.minute < 5 and body.get("data"):
            return {
                **body,
                "data": body["data"][:4],
                "meta": {"next_token": f"{FOREIGN_TOKEN_PREFIX}1"},
            }
        return body

    mentions = {posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)}
    here = two_companies(change=change)
    here.run_minutes(*range(9))
    assert Counter(m for m in here.request_minutes() if m) == {1: 2, 2: 2, 4: 2, 8: 1}
    assert here.stored == mentions
    assert here.cursor().high_water["mentions"].id == max(mentions, key=int)
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    assert here.fault_mails == here.failures == []
    assert "(the next page is the same page again)" in here.coverage_section(9)[-1]


def test_a_page_token_too_large_to_store(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """A page token of half a million letters is a fault in the status; the page is read later."""

    def change(path: str, query: dict[str, str], body: Json) -> Json:
        if path == MENTIONS and here.minute < 5 and body.get("data"):
            return {**body, "meta": {"next_token": "t" * 500_000}}
        return body

    mentions = {posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)}
    here = two_companies(change=change)
    here.run_minutes(*range(5))
    assert here.stored == set()
    assert "`next_token` is 500,000 characters long" in here.status()
    here.run_minutes(*range(5, 12))
    assert here.stored == mentions
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    assert here.fault_mails == here.failures == []


def test_page_tokens_that_expire_at_once(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """If X rejects its own page tokens, the scan goes on by ids in the same minute."""
    mentions = {posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)}
    here = two_companies(size=5, token_life=timedelta(seconds=-1)).run_minutes(0, 1)
    assert here.stored == mentions
    here.run_minutes(2)
    assert_no_fault(here, 2)


def test_a_page_token_that_expires_between_two_runs(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """If a page token expires between two runs, the second run continues the scan by ids."""
    mentions = {posts.mention(0.1 + n / 200, str(n + 1000)) for n in range(154)}
    here = two_companies(size=5, token_life=timedelta(seconds=30)).run_minutes(0, 1)
    assert len(here.stored) == 150
    assert here.cursor().high_water == {}
    assert "still reading a backlog" in here.status()
    here.run_minutes(2, 3)
    assert here.stored == mentions
    assert here.cursor().high_water["mentions"].id == max(mentions, key=int)
    assert Counter(here.request_minutes())[1] == 30
    assert_no_fault(here, 3)
