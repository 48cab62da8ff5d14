"""Whatever an archive contains and whatever is requested, the answer follows the rules."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulse_cli.simulated_x.request import PARAMETERS

PATHS = [
    "/2/users/100/mentions",
    "/2/users/100/tweets",
    "/2/tweets/search/recent",
    "/2/tweets/counts/recent",
    "/2/users",
    "/2/users/by",
    "/2/users/by/username/anna",
    "/2/users/me",
]
FIELDS = [
    "id",
    "text",
    "author_id",
    "created_at",
    "visible_at",
    "conversation_id",
    "in_reply_to_user_id",
    "entities",
    "referenced_tweets",
    "referenced_posts",
    "edit_history_post_ids",
    "public_metrics",
    "note_tweet",
]
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["mentions", "id", "username", "type"]), inner)
    ),
    max_leaves=6,
)


@relaxed
@given(changes=st.lists(st.dictionaries(st.sampled_from(FIELDS), anything), max_size=4))
def test_any_line_is_a_post_that_can_be_served_or_is_quarantined(x, make_post, changes) -> None:
    lines = [json.dumps(make_post(n) | change) for n, change in enumerate(changes, start=1)]
    client = x(lines, vocabulary="mixed")
    archive = client.app.archive
    assert len(archive.quarantined) + len(archive.posts) >= len({post.id for post in archive.posts})
    assert len(archive.quarantined) + len(archive.posts) <= len(lines)
    answer = client.get(
        "/2/users/100/mentions",
        tweet_fields="entities,referenced_tweets,public_metrics,note_tweet,created_at",
        expansions="author_id,in_reply_to_user_id,referenced_tweets.id,entities.mentions.username",
        max_results=100,
    )
    assert answer.status_code == 200
    answer.json()


@relaxed
@given(
    path=st.sampled_from(PATHS),
    parameters=st.dictionaries(
        st.sampled_from(sorted(set().union(*PARAMETERS.values()) | {"tweet.fields", "x"})),
        st.text(max_size=12)
        | st.sampled_from(["5", "100", "id", "author_id", "a OR b", "2030-05-14T11:00:00Z"]),
        max_size=4,
    ),
)
@pytest.mark.parametrize("user", [None, "sim-100"])
def test_any_request_is_answered_or_refused(x, make_post, user, path, parameters: Any) -> None:
    answer = x([make_post(999)]).get(path, user=user, **parameters)
    assert answer.status_code in (200, 400, 403)
    assert isinstance(answer.json(), dict)
