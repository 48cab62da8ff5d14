"""X answers, but its pages and their tokens are odd. All over HTTP, to the end."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.simulations.faults.checks import MENTIONS, Json, assert_no_trouble
from tests.simulations.faults.two_companies import FOREIGN_TOKEN_PREFIX, Build, TwoCompaniesPosts

PAGES: dict[str, Callable[[list[Any]], list[list[Any]]]] = {
    "repeated": lambda d: [d[:4], d[:4], d[4:8], d[8:]],
    "out of order": lambda d: [d[8:], d[:4], d[4:8]],
    "with a post in two": lambda d: [d[:5], d[4:9], d[8:]],
    "oldest first": lambda d: [d[::-1]],
    "with nothing on one": lambda d: [d[:4], [], d[4:]],
}
RARE = {"oldest first", "with nothing on one"}
ORDERS = [
    pytest.param(order, id=name, marks=[pytest.mark.whole] if name in RARE else [])
    for name, order in PAGES.items()
]


@pytest.mark.parametrize("order", ORDERS)
def test_odd_pages(posts: TwoCompaniesPosts, two_companies: Build, order: Any) -> None:
    """Given pages like this, then each post is kept once, and the mark is at the newest."""

    def change(path: str, asked: dict[str, str], body: Json) -> Json:
        if path != MENTIONS or not body.get("data"):
            return body
        pages = order(body["data"])
        number = int(
            asked.get("pagination_token", f"{FOREIGN_TOKEN_PREFIX}0").removeprefix(
                FOREIGN_TOKEN_PREFIX
            )
        )
        more = (
            {"next_token": f"{FOREIGN_TOKEN_PREFIX}{number + 1}"} if number + 1 < len(pages) else {}
        )
        return {**body, "data": pages[number], "meta": more}

    said = [posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)]
    here = two_companies(change=change)
    here.run_minutes(0, 1, 2)
    assert here.stored == set(said)
    assert {s.mentions for s in here.states().values()} == {1}
    assert here.cursor().high_water["mentions"].id == said[-1]
    assert_no_trouble(here, 2)


def test_a_page_that_links_to_itself(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """Given a token that leads to itself, then X is not asked on and on, and all is read."""

    def change(path: str, asked: dict[str, str], body: Json) -> Json:
        if path == MENTIONS and here.minute < 5 and body.get("data"):
            return {
                **body,
                "data": body["data"][:4],
                "meta": {"next_token": f"{FOREIGN_TOKEN_PREFIX}1"},
            }
        return body

    said = {posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)}
    here = two_companies(change=change)
    here.run_minutes(*range(9))
    assert Counter(m for m in here.asked() if m) == {1: 2, 2: 2, 4: 2, 8: 1}
    assert here.stored == said
    assert here.cursor().high_water["mentions"].id == max(said, key=int)
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    assert here.troubles == here.failures == []
    assert "(the next page is the same page again)" in here.coverage_section(9)[-1]


def test_a_page_token_too_large_to_store(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """Given a token of half a million letters, then the page is trouble, said, and read later."""

    def change(path: str, asked: dict[str, str], body: Json) -> Json:
        if path == MENTIONS and here.minute < 5 and body.get("data"):
            return {**body, "meta": {"next_token": "t" * 500_000}}
        return body

    said = {posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)}
    here = two_companies(change=change)
    here.run_minutes(*range(5))
    assert here.stored == set()
    assert "`next_token` is 500,000 characters long" in here.status()
    here.run_minutes(*range(5, 12))
    assert here.stored == said
    assert (here.cursor().scans, here.cursor().faults) == ({}, {})
    assert here.troubles == here.failures == []


def test_page_tokens_that_expire_at_once(posts: TwoCompaniesPosts, two_companies: Build) -> None:
    """Given tokens that X does not take, then the walk goes on by ids in that minute; no mail."""
    said = {posts.mention(0.2 + n / 20, str(n + 10)) for n in range(12)}
    here = two_companies(size=5, token_life=timedelta(seconds=-1)).run_minutes(0, 1)
    assert here.stored == said
    here.run_minutes(2)
    assert_no_trouble(here, 2)


def test_a_page_token_that_expires_between_two_runs(
    posts: TwoCompaniesPosts, two_companies: Build
) -> None:
    """Given more than a run reads, then the next goes on by ids, though X forgot where it was."""
    said = {posts.mention(0.1 + n / 200, str(n + 1000)) for n in range(154)}
    here = two_companies(size=5, token_life=timedelta(seconds=30)).run_minutes(0, 1)
    assert len(here.stored) == 150
    assert here.cursor().high_water == {}
    assert "still reading a backlog" in here.status()
    here.run_minutes(2, 3)
    assert here.stored == said
    assert here.cursor().high_water["mentions"].id == max(said, key=int)
    assert Counter(here.asked())[1] == 30
    assert_no_trouble(here, 3)
