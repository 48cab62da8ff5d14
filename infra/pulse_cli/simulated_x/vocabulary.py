"""The two vocabularies of X API v2, before and since spec 2.167: parameters, values and fields.

Within the simulated X everything has its older name; only requests and answers are translated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

VocabularyName = Literal["tweet", "post", "mixed"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One vocabulary: parameters, the values that they accept, and names of fields.

    `names` and `expansion_names` have the names of this vocabulary by the older ones, where they
    differ.
    """

    name: str
    api_version: str
    problem_url: str
    fields_parameter: str
    post_fields: tuple[str, ...]
    expansions: tuple[str, ...]
    user_fields: tuple[str, ...]
    user_expansions: tuple[str, ...]
    default_fields: tuple[str, ...]
    includes: str
    count: str
    total: str
    names: Mapping[str, str]
    expansion_names: Mapping[str, str]

    def to_older_fields(self, names: Iterable[str]) -> set[str]:
        """Return fields that were requested in this vocabulary, by their older names."""
        old_names = {new: old for old, new in self.names.items()}
        return {old_names.get(word, word) for word in names}

    def to_older_expansions(self, names: Iterable[str]) -> set[str]:
        """Return expansions that were requested in this vocabulary, by their older names."""
        old_names = {new: old for old, new in self.expansion_names.items()}
        return {old_names.get(word, word) for word in names}

    def translate(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object with older field names, translated to this vocabulary."""
        if not self.names:
            return dict(fields)
        translated = {self.names.get(name, name): value for name, value in fields.items()}
        for metrics in METRICS & translated.keys():
            if isinstance(translated[metrics], dict):
                translated[metrics] = {
                    self.names.get(k, k): v for k, v in translated[metrics].items()
                }
        return translated


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


METRICS = {"public_metrics", "organic_metrics", "promoted_metrics"}

_POST_FIELDS = """
article attachments card_uri community_id context_annotations conversation_id created_at
display_text_range edit_controls entities geo id lang media_metadata non_public_metrics
organic_metrics possibly_sensitive promoted_metrics public_metrics reply_settings scopes source
suggested_source_links suggested_source_links_with_counts text withheld
"""
_USER_FIELDS = """
confirmed_email connection_status created_at description entities id is_identity_verified location
name parody profile_banner_url profile_image_url protected public_metrics receives_your_dm
subscription subscription_type url username verified verified_followers_count verified_type withheld
"""
_EXPANSIONS = """
article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet
attachments.poll_ids author_id entities.mentions.username geo.place_id in_reply_to_user_id
"""

TWEET = Vocabulary(
    name="tweet",
    api_version="2.159",
    problem_url="https://api.twitter.com/2/problems/",
    fields_parameter="tweet.fields",
    post_fields=_words(
        _POST_FIELDS
        + "author_id edit_history_tweet_ids in_reply_to_user_id note_tweet referenced_tweets"
    ),
    expansions=_words(
        _EXPANSIONS
        + "edit_history_tweet_ids entities.note.mentions.username referenced_tweets.id"
        + " referenced_tweets.id.attachments.media_keys referenced_tweets.id.author_id"
    ),
    user_fields=_words(_USER_FIELDS + "affiliation most_recent_tweet_id pinned_tweet_id"),
    user_expansions=_words("affiliation.user_id most_recent_tweet_id pinned_tweet_id"),
    default_fields=("id", "text", "edit_history_tweet_ids"),
    includes="tweets",
    count="tweet_count",
    total="total_tweet_count",
    names={},
    expansion_names={},
)

POST = Vocabulary(
    name="post",
    api_version="2.167",
    problem_url="https://api.x.com/2/problems/",
    fields_parameter="post.fields",
    post_fields=_words(
        _POST_FIELDS
        + "article_title matched_media_notes note_post note_request_suggestions paid_partnership"
    ),
    expansions=_words(_EXPANSIONS + "edit_history_post_ids referenced_posts username"),
    user_fields=_words(_USER_FIELDS + "subscribes_to_you"),
    user_expansions=_words("affiliation most_recent_post_id pinned_post_id"),
    default_fields=("id", "text"),
    includes="posts",
    count="post_count",
    total="total_post_count",
    names={
        "note_tweet": "note_post",
        "referenced_tweets": "referenced_posts",
        "edit_history_tweet_ids": "edit_history_post_ids",
        "retweet_count": "repost_count",
        "most_recent_tweet_id": "most_recent_post_id",
        "pinned_tweet_id": "pinned_post_id",
        "tweet_count": "post_count",
    },
    expansion_names={
        "referenced_tweets.id": "referenced_posts",
        "edit_history_tweet_ids": "edit_history_post_ids",
        "affiliation.user_id": "affiliation",
        "most_recent_tweet_id": "most_recent_post_id",
        "pinned_tweet_id": "pinned_post_id",
    },
)

VOCABULARIES: Mapping[str, tuple[Vocabulary, ...]] = {
    "tweet": (TWEET,),
    "post": (POST,),
    "mixed": (TWEET, POST),
}

MEDIA_FIELDS = _words(
    "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url"
    " promoted_metrics public_metrics type url variants width"
)
POLL_FIELDS = _words("duration_minutes end_datetime id options voting_status")
PLACE_FIELDS = _words("contained_within country country_code full_name geo id name place_type")

# The field of a post that an expansion needs is returned with it, as X does.
FIELDS_OF_EXPANSIONS: Mapping[str, str] = {
    "article.cover_media": "article",
    "article.media_entities": "article",
    "attachments.media_keys": "attachments",
    "attachments.media_source_tweet": "attachments",
    "attachments.poll_ids": "attachments",
    "author_id": "author_id",
    "edit_history_tweet_ids": "edit_history_tweet_ids",
    "entities.mentions.username": "entities",
    "entities.note.mentions.username": "note_tweet",
    "geo.place_id": "geo",
    "in_reply_to_user_id": "in_reply_to_user_id",
    "referenced_tweets.id": "referenced_tweets",
    "referenced_tweets.id.attachments.media_keys": "referenced_tweets",
    "referenced_tweets.id.author_id": "referenced_tweets",
    "username": "username",
    "affiliation.user_id": "affiliation",
    "most_recent_tweet_id": "most_recent_tweet_id",
    "pinned_tweet_id": "pinned_tweet_id",
}


def to_older_names(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a post or user in either or both vocabularies by the older names, without nulls."""
    old_names = {new: old for old, new in POST.names.items()}
    fields = {old_names.get(name, name): value for name, value in raw.items() if value is not None}
    for metrics in METRICS & fields.keys():
        if isinstance(fields[metrics], dict):
            fields[metrics] = {old_names.get(name, name): n for name, n in fields[metrics].items()}
    return fields
