"""Posts and answers drawn from X's own descriptions, with values that no description foresees."""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pulse.kernel.posts import Author, Post
from pulse.x import parse
from tests.tiers import TEST_ALL
from tests.x.schema_fuzzer import DESCRIPTIONS, NEEDED, SchemaFuzzer

POSTS = 40_000 if TEST_ALL else 1_000
ANSWERS = 4_000 if TEST_ALL else 100
SHARES = (0.01, 0.08, 0.4)
"""Shares of the drawn values that are odd."""
YEAR = timedelta(days=366)

pytestmark = [pytest.mark.shared, pytest.mark.parametrize("name", DESCRIPTIONS)]


def make_fuzzer(shared: Path, name: str, seed: object) -> SchemaFuzzer:
    return SchemaFuzzer(shared / "x-api" / "openapi" / name, seed)


def is_id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value) is not None


def check(post: Post) -> None:
    """Check what all code behind the parser relies on."""
    ids = (post.id, post.version, post.author_id, post.conversation_id, *post.named)
    assert all(map(is_id, ids))
    assert all(one is None or is_id(one) for one in (post.in_reply_to_user_id, post.replied_to))
    assert int(post.id) <= int(post.version)
    assert type(post.text) is type(post.lang) is str
    assert post.created_at.utcoffset() == timedelta(0)
    assert post.created_at - YEAR < post.created_at < post.created_at + YEAR


def is_cut(stored: Any, raw: Any) -> bool:
    """Return whether a quarantined post is the beginning of one that was too large to store."""
    cut = stored.get("cut") if isinstance(stored, dict) else None
    return cut is not None and json.dumps(raw, ensure_ascii=False).startswith(cut)


@pytest.mark.parametrize("odd", SHARES)
def test_each_post_is_read_or_quarantined_with_a_reason(
    shared: Path, figure: Callable[[str, object], None], name: str, odd: float
) -> None:
    """Of posts with odd values, none is lost, and none stops the others from being read."""
    fuzzer = make_fuzzer(shared, name, odd)
    given = [fuzzer.post(odd) for _ in range(POSTS // len(SHARES))]
    page = parse.parse_page({"data": given})
    assert len(page.posts) + len(page.quarantined) == page.served == len(given)
    assert page.posts
    assert page.quarantined
    for post in page.posts:
        check(post)
    raws = iter(given)
    for quarantined in page.quarantined:
        assert any(raw is quarantined.raw or is_cut(quarantined.raw, raw) for raw in raws)
        assert re.fullmatch(r"(a post|`\w+`) is .{1,80}", quarantined.reason)
    figure(
        f"posts drawn from {name}, {odd:.0%} of their values odd",
        f"{len(page.posts)} read, {len(page.quarantined)} quarantined",
    )


def test_each_post_as_described_is_read(shared: Path, name: str) -> None:
    """Posts that follow the description are all read, with the values they were given."""
    fuzzer = make_fuzzer(shared, name, "as described")
    given = [fuzzer.post() for _ in range(POSTS // 3)]
    page = parse.parse_page({"data": given})
    assert not page.quarantined
    for raw, post in zip(given, page.posts, strict=True):
        check(post)
        assert (post.version, post.author_id) == (raw["id"], raw["author_id"])
        if post.id == post.version:
            assert post.created_at == datetime.fromisoformat(raw["created_at"])
        listed = raw.get("referenced_tweets") or raw.get("referenced_posts") or []
        assert post.retweet is ("retweeted" in {r["type"] for r in listed})
        assert (post.replied_to is None) is ("replied_to" not in {r["type"] for r in listed})


@pytest.mark.parametrize("odd", [0.0, *SHARES])
def test_an_answer_is_a_page_or_unreadable(shared: Path, name: str, odd: float) -> None:
    """Every post of an answer with odd values is accounted for, and so are its authors."""
    fuzzer = make_fuzzer(shared, name, f"answers {odd}")
    read = 0
    for _ in range(ANSWERS // 4):
        body = fuzzer.answer(odd)
        try:
            page = parse.parse_page(body)
        except parse.UnreadablePostError:
            continue
        read += 1
        assert len(page.posts) + len(page.quarantined) == page.served == len(body.get("data", []))
        for post in page.posts:
            check(post)
        assert all(type(author) is Author and is_id(author.id) for author in page.authors)
        assert all(re.fullmatch(r"\w{1,50}", a.username) for a in page.authors if a.username)
        assert page.next_token is None or page.next_token
        if not odd:
            assert not page.quarantined or any(NEEDED - raw.keys() for raw in body["data"])
            users = body.get("includes", {}).get("users", [])
            usernames = [user.get("username") for user in users if "id" in user]
            assert [author.username for author in page.authors] == usernames
    assert read
