"""Both vocabularies: what may be requested in each, and what is served."""

import pytest

MENTIONS = "/2/users/100/mentions"
TWEET_FIELDS = "author_id,conversation_id,created_at,in_reply_to_user_id,referenced_tweets"


@pytest.fixture
def posts(make_post):
    """A long reply by Boris to Anna, with all fields that the vocabularies name differently."""
    return [
        make_post(998, text="Where is &lt;my&gt; parcel?"),
        make_post(
            999,
            author_id="8",
            in_reply_to_user_id="7",
            conversation_id="998",
            referenced_tweets=[{"type": "replied_to", "id": "998"}, {"type": "quoted", "id": "5"}],
            note_tweet={"text": "a very long text"},
            public_metrics={"retweet_count": 2, "like_count": 1},
            visible_at="2030-05-14T11:59:30Z",
            _note="never served",
        ),
    ]


def test_by_default_few_fields_are_served(x, posts) -> None:
    (old, _) = x(posts).get(MENTIONS).json()["data"]
    assert old == {"id": "999", "text": "@NimbusHelp number 999", "edit_history_tweet_ids": ["999"]}
    body = x(posts, "post").get(MENTIONS).json()
    assert body["data"][0] == {"id": "999", "text": "@NimbusHelp number 999"}
    assert body["data"][1]["text"] == "Where is &lt;my&gt; parcel?"


def test_older_words(x, posts) -> None:
    fields = TWEET_FIELDS + ",note_tweet,public_metrics,entities"
    (post, _) = x(posts).get(MENTIONS, tweet_fields=fields).json()["data"]
    assert post == {
        "id": "999",
        "text": "@NimbusHelp number 999",
        "edit_history_tweet_ids": ["999"],
        "author_id": "8",
        "conversation_id": "998",
        "created_at": "2030-05-14T11:59:00.000Z",
        "in_reply_to_user_id": "7",
        "referenced_tweets": [{"type": "replied_to", "id": "998"}, {"type": "quoted", "id": "5"}],
        "note_tweet": {"text": "a very long text"},
        "public_metrics": {"retweet_count": 2, "like_count": 1},
        "entities": posts[1]["entities"],
    }


def test_newer_words(x, posts) -> None:
    body = (
        x(posts, "post")
        .get(
            MENTIONS,
            post_fields="conversation_id,created_at,note_post,public_metrics",
            expansions="author_id,in_reply_to_user_id,referenced_posts,edit_history_post_ids",
        )
        .json()
    )
    assert body["data"][0] == {
        "id": "999",
        "text": "@NimbusHelp number 999",
        "edit_history_post_ids": ["999"],
        "author_id": "8",
        "conversation_id": "998",
        "created_at": "2030-05-14T11:59:00.000Z",
        "in_reply_to_user_id": "7",
        "referenced_posts": [{"type": "replied_to", "id": "998"}, {"type": "quoted", "id": "5"}],
        "note_post": {"text": "a very long text"},
        "public_metrics": {"repost_count": 2, "like_count": 1},
    }
    assert [user["username"] for user in body["includes"]["users"]] == ["boris", "anna"]
    assert [post["id"] for post in body["includes"]["posts"]] == ["998"]
    assert body["errors"][0]["type"] == "https://api.x.com/2/problems/resource-not-found"


def test_expansions_include_posts_and_users_and_name_what_is_missing(x, posts) -> None:
    expansions = "referenced_tweets.id,referenced_tweets.id.author_id,entities.mentions.username"
    body = x(posts).get(MENTIONS, expansions=expansions, user_fields="public_metrics").json()
    assert body["data"][0]["referenced_tweets"][0]["id"] == "998"
    assert "author_id" not in body["data"][0]
    assert body["includes"] == {
        "users": [
            {"id": "100", "name": "Nimbus Help", "username": "NimbusHelp"},
            {"id": "7", "name": "Anna", "username": "anna", "public_metrics": {"tweet_count": 3}},
        ],
        "tweets": [
            {
                "id": "998",
                "text": "Where is &lt;my&gt; parcel?",
                "edit_history_tweet_ids": ["998"],
                "entities": posts[0]["entities"],
            }
        ],
    }
    (error,) = body["errors"]
    assert error == {
        "value": "5",
        "detail": "Could not find tweet with referenced_tweets.id: [5].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "referenced_tweets.id",
        "resource_id": "5",
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }


def test_earlier_versions_are_included_on_request(x, make_post) -> None:
    client = x([make_post(998), make_post(999, edit_history_tweet_ids=["998", "999"])])
    body = client.get(MENTIONS, expansions="edit_history_tweet_ids").json()
    assert [post["id"] for post in body["data"]] == ["999"]
    assert [post["id"] for post in body["includes"]["tweets"]] == ["998"]


@pytest.mark.parametrize(
    ("vocabulary", "parameters", "message"),
    [
        ("tweet", {"post_fields": "id"}, "The query parameter [post.fields] is not one of ["),
        ("post", {"tweet_fields": "id"}, "The query parameter [tweet.fields] is not one of ["),
        (
            "tweet",
            {"tweet_fields": "note_post"},
            "`tweet.fields` query parameter value [note_post]",
        ),
        ("post", {"post_fields": "author_id"}, "`post.fields` query parameter value [author_id]"),
        ("post", {"post_fields": "referenced_posts"}, "value [referenced_posts] is not one of ["),
        ("tweet", {"expansions": "referenced_posts"}, "value [referenced_posts] is not one of ["),
        ("post", {"expansions": "referenced_tweets.id"}, "value [referenced_tweets.id] is not one"),
        ("tweet", {"tweet_fields": ""}, "value [] is not one of [article,attachments,author_id,"),
        (
            "tweet",
            {"user_fields": "id,bio"},
            "`user.fields` query parameter value [bio] is not one",
        ),
        ("post", {"user_fields": "pinned_tweet_id"}, "value [pinned_tweet_id] is not one of"),
        ("tweet", {"media_fields": "size"}, "`media.fields` query parameter value [size]"),
        ("mixed", {"tweet_fields": "x"}, "`tweet.fields` query parameter value [x]"),
        ("mixed", {"colour": "red"}, "The query parameter [colour] is not one of [end_time,"),
    ],
)
def test_parameters_that_a_vocabulary_rejects(x, posts, vocabulary, parameters, message) -> None:
    assert message in x(posts, vocabulary).problem(MENTIONS, **parameters)


def test_all_errors_are_reported_at_once(x) -> None:
    answer = x([]).get(MENTIONS, max_results=1, since_id="x", tweet_fields="y", foo=1)
    assert [list(error["parameters"]) for error in answer.json()["errors"]] == [
        ["foo"],
        ["tweet.fields"],
        ["since_id"],
        ["max_results"],
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"tweet_fields": TWEET_FIELDS},
        {
            "post_fields": "created_at,conversation_id",
            "expansions": "author_id,in_reply_to_user_id,referenced_posts",
        },
        {"tweet_fields": "created_at", "post_fields": "conversation_id", "expansions": "author_id"},
    ],
)
def test_mixed_takes_both_and_gives_both_in_one_answer(x, make_post, parameters) -> None:
    posts = [
        make_post(n, referenced_tweets=[{"type": "replied_to", "id": str(n - 50)}])
        for n in range(900, 1000)
    ]
    client = x(posts, "mixed")
    body = client.get(MENTIONS, max_results=100, **parameters).json()
    assert body["meta"]["result_count"] == 100
    old = {post["id"] for post in body["data"] if "edit_history_tweet_ids" in post}
    new = {post["id"] for post in body["data"]} - old
    assert len(old) > 20
    assert len(new) > 20
    for post in body["data"]:
        assert "created_at" in post
        if "referenced_posts" in str(parameters) or "referenced_tweets" in str(parameters):
            name = "referenced_tweets" if post["id"] in old else "referenced_posts"
            assert post[name][0]["type"] == "replied_to"
    if "referenced_posts" in str(parameters):
        assert {post["id"] for post in body["includes"]["tweets"]} <= old
        assert {post["id"] for post in body["includes"]["posts"]} <= new
    assert client.get(MENTIONS, max_results=100, **parameters).json() == body


def test_mixed_counts_in_both_words(x, make_post) -> None:
    body = x([make_post(999)], "mixed").get("/2/tweets/counts/recent", query="@nimbushelp").json()
    assert {name for row in body["data"] for name in row} == {
        "start",
        "end",
        "tweet_count",
        "post_count",
    }
    assert body["meta"] == {"total_post_count": 1}
