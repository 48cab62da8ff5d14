"""Writes posts and users as X does, with the expansions that were requested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from pulse_cli.simulated_x.archive import Archive
from pulse_cli.simulated_x.archived_posts import ArchivedPost
from pulse_cli.simulated_x.error_bodies import not_authorized, not_found
from pulse_cli.simulated_x.request import ParsedRequest
from pulse_cli.simulated_x.visible_posts import VisiblePosts
from pulse_cli.simulated_x.vocabulary import FIELDS_OF_EXPANSIONS, Vocabulary

_USER_DEFAULTS = ("id", "name", "username")


class ResponseBuilder:
    """Builds one answer: posts or users as `data`, `includes`, and partial errors."""

    def __init__(
        self,
        archive: Archive,
        visible: VisiblePosts,
        parsed: ParsedRequest,
        vocabularies: tuple[Vocabulary, ...],
    ) -> None:
        self._archive = archive
        self._visible = visible
        self._request = parsed
        self._vocabularies = vocabularies
        self._fields = parsed.post_fields
        self._users: dict[str, dict[str, Any]] = {}
        self._posts: dict[str, ArchivedPost] = {}
        self.errors: list[dict[str, str]] = []

    @property
    def included_user_count(self) -> int:
        """How many users are in `includes`."""
        return len(self._users)

    @property
    def included_post_count(self) -> int:
        """How many posts are in `includes`."""
        return len(self._posts)

    def write_posts(self, posts: Iterable[ArchivedPost]) -> list[dict[str, Any]]:
        """Return posts as X writes them, and add their expansions to `includes`."""
        posts = list(posts)
        if self._request.expansions:
            for post in posts:
                self._expand(post)
        return [self._post_object(post) for post in posts]

    def write_user(self, user: Mapping[str, Any]) -> dict[str, Any]:
        """Return a user as X writes it, and add its expansions to `includes`."""
        parsed = self._request
        pinned = parsed.expansions & {"pinned_tweet_id", "most_recent_tweet_id"}
        for field in sorted(pinned & user.keys()):
            self._include_post(str(user[field]), field)
        shown_too = {FIELDS_OF_EXPANSIONS[name] for name in parsed.expansions}
        return self._user_object(user, parsed.user_fields | shown_too)

    def add_not_found(self, kind: str, parameter: str, value: str) -> None:
        """Add a partial error: something that was named does not exist."""
        self._add_error(not_found(kind, parameter, value, self._vocabularies[-1]))

    def add_not_authorized(self, parameter: str, value: str) -> None:
        """Add a partial error: a post exists, but may not be seen."""
        self._add_error(not_authorized(parameter, value, self._vocabularies[-1]))

    def _add_error(self, error: dict[str, str]) -> None:
        if error not in self.errors:
            self.errors.append(error)

    def build(self, data: Any, **more: Any) -> dict[str, Any]:
        """Return the whole answer; parts that are empty are left out, as X does."""
        includes: dict[str, Any] = {}
        if self._users:
            includes["users"] = list(self._users.values())
        for post in self._posts.values():
            words = self._vocabulary_of(post.id)
            includes.setdefault(words.includes, []).append(self._post_object(post))
        parts = {"data": data, "includes": includes, "errors": self.errors, **more}
        return {name: part for name, part in parts.items() if part}

    def _vocabulary_of(self, thing_id: str) -> Vocabulary:
        # With mixed vocabularies each post and user has one of them, the same in every answer.
        return self._vocabularies[crc32(thing_id.encode()) % len(self._vocabularies)]

    def _post_object(self, post: ArchivedPost) -> dict[str, Any]:
        words = self._vocabulary_of(post.id)
        wanted = self._fields.union(words.default_fields)
        fields = {name: value for name, value in post.fields.items() if name in wanted}
        if "username" in wanted and (author := self._archive.users.get(post.author_id)):
            fields["username"] = author["username"]
        return words.translate(fields)

    def _expand(self, post: ArchivedPost) -> None:
        expansions = self._request.expansions
        if "author_id" in expansions:
            self._include_user(post.author_id, "author_id")
        if "in_reply_to_user_id" in expansions and post.in_reply_to_user_id:
            self._include_user(post.in_reply_to_user_id, "in_reply_to_user_id")
        if "entities.mentions.username" in expansions:
            self._expand_mentions(post)
        if "edit_history_tweet_ids" in expansions:
            for version in post.history[:-1]:
                if self._visible.find(version):
                    self._include_post(version, "edit_history_tweet_ids")
        if any(name.startswith("referenced_tweets.id") for name in expansions):
            self._expand_references(post)

    def _expand_mentions(self, post: ArchivedPost) -> None:
        for mention in post.fields.get("entities", {}).get("mentions", ()):
            name = str(mention.get("username", ""))
            user = self._archive.users.get(str(mention.get("id"))) or self._archive.user_named(name)
            if user:
                self._include_user(user["id"], "entities.mentions.username")
            else:
                self.add_not_found("user", "entities.mentions.username", name)

    def _expand_references(self, post: ArchivedPost) -> None:
        for _, referenced in post.references:
            found = self._include_post(referenced, "referenced_tweets.id")
            if found and "referenced_tweets.id.author_id" in self._request.expansions:
                self._include_user(found.author_id, "referenced_tweets.id.author_id")

    def _include_user(self, user_id: str, parameter: str) -> None:
        if user_id in self._users:
            return
        if user := self._archive.users.get(user_id):
            self._users[user_id] = self._user_object(user, self._request.user_fields)
        else:
            self.add_not_found("user", parameter, user_id)

    def _include_post(self, post_id: str, parameter: str) -> ArchivedPost | None:
        if post := self._visible.find(post_id):
            self._posts[post_id] = post
        else:
            self.add_not_found("tweet", parameter, post_id)
        return post

    def _user_object(self, user: Mapping[str, Any], fields: set[str]) -> dict[str, Any]:
        wanted = fields.union(_USER_DEFAULTS)
        kept = {name: value for name, value in user.items() if name in wanted}
        return self._vocabulary_of(user["id"]).translate(kept)
