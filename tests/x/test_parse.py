"""X's answers in both vocabularies; what cannot be read is quarantined with its reason."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse.kernel.posts import Author
from pulse.x import parse
from pulse.x.answers import Page

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)


def snowflake(moment: datetime) -> str:
    return str(int((moment - X_EPOCH) / timedelta(milliseconds=1)) << 22)


def raw(**more: Any) -> dict[str, Any]:
    """Return a post as X served it up to spec 2.166; a field given as None is left out."""
    made = {
        "id": "1001",
        "text": "@NimbusHelp hello",
        "author_id": "7",
        "created_at": "2030-05-14T12:00:00.000Z",
        "conversation_id": "900",
        "edit_history_tweet_ids": ["1001"],
        "entities": {"mentions": [{"start": 0, "end": 11, "username": "NimbusHelp", "id": "100"}]},
        "lang": "en",
    }
    return {name: value for name, value in (made | more).items() if value is not None}


def mentioning(*ids: str) -> dict[str, Any]:
    return {"entities": {"mentions": [{"username": f"u{i}", "id": i} for i in ids]}}


FIRST, SECOND = snowflake(NOON), snowflake(NOON + timedelta(minutes=9))
LONG = "a" * 300
READ: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "HTML-escaped": (raw(text="a &lt;b&gt; &amp;amp; c"), {"text": "a <b> &amp; c"}),
    "long, older vocabulary": (raw(note_tweet={"text": LONG}), {"text": LONG}),
    "long, newer vocabulary": (raw(note_post={"text": f"{LONG} &amp;"}), {"text": f"{LONG} &"}),
    "long, without its text": (raw(note_tweet={}), {"text": "@NimbusHelp hello"}),
    "names somebody beyond the cut": (
        raw(note_tweet={"text": LONG, **mentioning("200")}),
        {"named": frozenset({"100", "200"})},
    ),
    "names nobody": (raw(entities=None), {"named": frozenset()}),
    "names somebody without an id": (
        raw(entities={"mentions": [{"username": "x"}, None, {"id": 5}, {"id": "100"}]}),
        {"named": frozenset({"100"})},
    ),
    "a reply, older vocabulary": (
        raw(referenced_tweets=[{"type": "replied_to", "id": "5"}], in_reply_to_user_id="100"),
        {"replied_to": "5", "in_reply_to_user_id": "100"},
    ),
    "a reply, newer vocabulary": (
        raw(referenced_posts=[{"type": "replied_to", "id": "5"}]),
        {"replied_to": "5", "in_reply_to_user_id": None},
    ),
    "a quote and a reply": (
        raw(referenced_tweets=[{"type": "quoted", "id": "4"}, {"type": "replied_to", "id": "5"}]),
        {"replied_to": "5", "retweet": False},
    ),
    "a retweet": (raw(referenced_posts=[{"type": "retweeted", "id": "5"}]), {"retweet": True}),
    "edited, older vocabulary": (
        raw(id=SECOND, edit_history_tweet_ids=[FIRST, SECOND], created_at="2030-05-14T12:09:00Z"),
        {"id": FIRST, "version": SECOND, "created_at": NOON},
    ),
    "edited, newer vocabulary, oldest last": (
        raw(
            id=SECOND,
            edit_history_tweet_ids=None,
            edit_history_post_ids=[SECOND, FIRST],
            created_at="2030-05-14T12:09:00Z",
        ),
        {"id": FIRST, "version": SECOND, "created_at": NOON},
    ),
    "ids of different lengths": (
        raw(id="1000", edit_history_tweet_ids=["999", "1000"]),
        {"id": "999", "version": "1000"},
    ),
    "no history at all": (raw(edit_history_tweet_ids=None), {"id": "1001", "version": "1001"}),
    "no conversation: begins its own": (
        raw(id="1001", edit_history_tweet_ids=["999", "1001"], conversation_id=None),
        {"conversation_id": "999"},
    ),
    "no language": (raw(lang=None), {"lang": "und"}),
    "time without a zone": (raw(created_at="2030-05-14T12:00:00"), {"created_at": NOON}),
    "fields that were not requested": (
        raw(geo={}, public_metrics={"repost_count": 3}),
        {"id": "1001"},
    ),
    "both vocabularies in one post: the older name counts": (
        raw(note_tweet={"text": "old"}, note_post={"text": "new"}),
        {"text": "old"},
    ),
}


@pytest.mark.parametrize(("served", "expected"), READ.values(), ids=READ)
def test_a_post_is_read(served: dict[str, Any], expected: dict[str, Any]) -> None:
    """A post as X may serve it is read with these values."""
    [post] = parse.parse_page({"data": [served]}).posts
    assert {name: getattr(post, name) for name in expected} == expected


UNREADABLE: dict[str, tuple[Any, str]] = {
    "no object": ("hello", "a post is not a JSON object"),
    "null": (None, "a post is not a JSON object"),
    "no id": (raw(id=None), "`id` is None"),
    "an id that is a number": (raw(id=1001), "`id` is 1001"),
    "an id with letters": (raw(id="12a"), "`id` is '12a'"),
    "an id in other digits": (raw(id="١٢"), "`id` is"),
    "an endless id": (raw(id="9" * 5000), "`id` is"),
    "no author": (raw(author_id=None), "`author_id` is None"),
    "no time": (raw(created_at=None), "`created_at` is None"),
    "an invalid time": (raw(created_at="yesterday"), "`created_at` is 'yesterday'"),
    "a time before year 1": (raw(created_at="0001-01-01T00:00:00+23:00"), "`created_at` is"),
    "no text": (raw(text=None), "`text` is missing"),
    "a text that is a list": (raw(text=["a"]), "`text` is missing"),
    "an invalid conversation id": (raw(conversation_id="x"), "`conversation_id` is 'x'"),
    "a reply to nobody": (raw(in_reply_to_user_id={}), "`in_reply_to_user_id` is {}"),
}


@pytest.mark.parametrize(("served", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_invalid_posts_are_quarantined_and_the_rest_is_read(served: Any, reason: str) -> None:
    """One bad post between two good ones is quarantined with its reason, and both are read."""
    page = parse.parse_page({"data": [raw(id="1002"), served, raw(id="1000")]})
    assert [p.version for p in page.posts] == ["1002", "1000"]
    [quarantined] = page.quarantined
    assert quarantined.raw == served
    assert quarantined.reason.startswith(reason)
    assert page.served == 3


def test_page_token_and_authors_are_read() -> None:
    """Of an answer with all its parts, invalid users and errors are skipped."""
    page = parse.parse_page(
        {
            "data": [raw()],
            "includes": {"users": [{"id": "7", "username": "anna", "name": "Anna"}, {"x": 1}]},
            "errors": [{"title": "Not Found Error", "detail": "gone"}, "odd"],
            "meta": {"next_token": "abc", "result_count": 1},
        }
    )
    assert page.next_token == "abc"
    assert page.authors == (Author("7", "anna", "Anna"),)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "JSON list"),
        (None, "JSON NoneType"),
        ("Rate limit exceeded", "JSON str"),
        ({"data": {"id": "1"}}, "not a list"),
        ({"data": "x"}, "not a list"),
        ({"errors": [{"detail": "Something broke"}]}, "only errors: Something broke"),
    ],
)
def test_an_answer_that_is_not_a_page(body: Any, message: str) -> None:
    """An answer that is not a page of posts raises an error and is not an empty page."""
    with pytest.raises(parse.UnreadablePostError, match=message):
        parse.parse_page(body)


def test_values_that_are_too_long_to_be_stored() -> None:
    """Endless names and languages are cut; an endless page token is an error."""
    users = {"users": [{"id": "7", "username": "anna", "name": "A" * 500_000}]}
    page = parse.parse_page({"data": [raw(lang="r" * 500_000)], "includes": users})
    assert page.authors == (Author("7", "anna", "A" * 200),)
    assert page.posts[0].lang == "r" * 200
    assert parse.parse_page({"meta": {"next_token": "t" * 2_000}}).next_token == "t" * 2_000
    with pytest.raises(parse.UnreadablePostError, match="`next_token` is 500,000 characters long"):
        parse.parse_page({"data": [raw()], "meta": {"next_token": "t" * 500_000}})


def test_the_longest_text_that_is_stored() -> None:
    """A text of 50,000 characters is read; a longer one is quarantined and cut."""
    page = parse.parse_page({"data": [raw(text="я" * 50_000), raw(id="1002", text="я" * 50_001)]})
    assert [len(post.text) for post in page.posts] == [50_000]
    [quarantined] = page.quarantined
    assert quarantined.reason == "`text` is 50,001 characters long"
    assert {name: quarantined.raw[name] for name in ("id", "author_id")} == {
        "id": "1002",
        "author_id": "7",
    }
    assert len(quarantined.raw["cut"]) == 1000


def test_an_empty_page_is_a_page() -> None:
    """When X has no posts for the period, there are none, and no error."""
    assert parse.parse_page({"meta": {"result_count": 0}}) == Page()


words = st.sampled_from(
    ["id", "text", "author_id", "created_at", "entities", "mentions", "note_tweet", "note_post",
     "referenced_tweets", "type", "edit_history_post_ids", "data", "includes", "users", "errors",
     "meta", "next_token", "lang", "username", "name"]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("1001"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.lists(st.dictionaries(words, json_values).map(lambda more: raw() | more), max_size=3)
    | json_values,
    json_values,
    json_values,
    json_values,
)
def test_any_json_is_a_page_or_unreadable(data: Any, includes: Any, errors: Any, meta: Any) -> None:
    """Every post is read or quarantined, and no other error is raised."""
    body = {"data": data, "includes": includes, "errors": errors, "meta": meta}
    try:
        page = parse.parse_page(body)
    except parse.UnreadablePostError:
        return
    assert len(page.posts) + len(page.quarantined) == page.served
    assert all(isinstance(p.text, str) and p.created_at.tzinfo for p in page.posts)
    assert all(isinstance(a.name, str | None) for a in page.authors)


RECORDED = [
    "mentions/test_asyncclient_get_users_mentions.0.json",
    "mentions/test_client_get_users_mentions.0.json",
    "mentions/users__1145936974064177152__mentions-d24b15.json",
    "mentions/users__45648666__mentions-d24b15.json",
    "user_tweets/test_client_get_users_tweets.0.json",
    "user_tweets/users__1405327120163872777__tweets-d24b15.json",
    "user_tweets/users__17880989__tweets-d24b15.json",
    "user_tweets/users__2758518175__tweets-d24b15.json",
    "search_recent/test_client_search_recent_tweets.0.json",
    "partial_errors/tweets-0b8bd2.json",
    "partial_errors/tweets-16c888.json",
    "partial_errors/tweets-37fd8f.json",
    "partial_errors/users__1405327120163872777__tweets-d24b15.json",
]


@pytest.mark.shared
@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers(shared: Path, name: str) -> None:
    """Each post of a recorded answer is read, or quarantined if its fields were not requested."""
    recorded = json.loads((shared / "x-api" / name).read_text(encoding="utf-8"))["body"]
    body = json.loads(recorded["string"]) if "string" in recorded else recorded
    served = body.get("data") or []
    if not served:
        with pytest.raises(parse.UnreadablePostError, match="only errors"):
            parse.parse_page(body)
        return
    page = parse.parse_page(body)
    assert page.served == len(served)
    bare = [p for p in served if "created_at" not in p]
    assert len(page.quarantined) == len(bare)
    assert {a.reason for a in page.quarantined} <= {"`author_id` is None, not a string of digits"}
    complete = {p["id"]: p for p in served if "created_at" in p}
    for post in page.posts:
        recorded_post = complete[post.version]
        assert post.created_at == datetime.fromisoformat(recorded_post["created_at"])
        types = {r["type"] for r in recorded_post.get("referenced_tweets", [])}
        assert post.retweet is ("retweeted" in types)
        assert "&amp;" not in post.text
        assert len(post.named) <= len(recorded_post.get("entities", {}).get("mentions", []))
    assert page.next_token == body.get("meta", {}).get("next_token")


def absent_error(post_id: str, kind: str = "resource-not-found", **more: Any) -> dict[str, Any]:
    """Return the error with which X answers for a post that it does not serve by id."""
    problem = f"https://api.x.com/2/problems/{kind}"
    return {"resource_id": post_id, "parameter": "ids", "type": problem, **more}


ABSENT: dict[str, tuple[Any, dict[str, str]]] = {
    "deleted": ({"errors": [absent_error("5")]}, {"5": "deleted"}),
    "protected": (
        {"errors": [absent_error("5", "not-authorized-for-resource")]},
        {"5": "protected"},
    ),
    "withheld for a while": ({"errors": [absent_error("5", "resource-unavailable")]}, {}),
    "its fields unavailable": ({"errors": [absent_error("5", "not-authorized-for-field")]}, {}),
    "an internal error of X": ({"errors": [absent_error("5", "internal-error")]}, {}),
    "served nevertheless": ({"data": [{"id": "5"}], "errors": [absent_error("5")]}, {}),
    "neither served nor named": ({"data": [{"id": "4"}]}, {}),
    "invalid errors": ({"errors": ["odd", None, {}, absent_error("x"), absent_error("5", "")]}, {}),
    "no list of errors": ({"data": [], "errors": "odd"}, {}),
}


@pytest.mark.parametrize("case", ABSENT)
def test_only_posts_that_x_reports_as_removed_are_absent(case: str) -> None:
    """The answer to a look-up says which posts were removed; all others still count."""
    body, expected = ABSENT[case]
    assert parse.parse_absent(body) == expected


@pytest.mark.shared
@pytest.mark.parametrize("name", [n for n in RECORDED if n.startswith("partial_errors/tweets")])
def test_recorded_lookups(shared: Path, name: str) -> None:
    """Each id of a recorded look-up was served or deleted."""
    recording = json.loads((shared / "x-api" / name).read_text(encoding="utf-8"))
    ids = recording["url"].rpartition("&ids=")[2].split("%2C")
    body = recording["body"]
    absent = parse.parse_absent(body)
    assert set(absent) | {p["id"] for p in body.get("data", [])} >= set(ids)
    assert set(absent.values()) == {"deleted"}
