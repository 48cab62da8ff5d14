"""Indexes of an archive's posts and users, built once and shared by all its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from pulse_cli.simulated_x.archived_companies import ArchivedCompany
from pulse_cli.simulated_x.archived_posts import ArchivedPost, PostRemoval


class ArchiveIndex:
    """Posts by id and account, names of users, and which version of a post hides which."""

    def __init__(
        self,
        posts: Sequence[ArchivedPost],
        users: Mapping[str, Mapping[str, Any]],
        companies: Iterable[ArchivedCompany],
    ) -> None:
        self._posts = posts
        self._users = users
        self._accounts = [account for company in companies for account in company.accounts]
        self._list_keys: dict[str, tuple[str, ...]] = {}

    @cached_property
    def by_id(self) -> Mapping[str, ArchivedPost]:
        """Every post by its id."""
        return {post.id: post for post in self._posts}

    @cached_property
    def by_account(self) -> Mapping[str, Sequence[ArchivedPost]]:
        """By the id of each company account, the posts by it or naming it."""
        lists: dict[str, list[ArchivedPost]] = {account.id: [] for account in self._accounts}
        for post in self._posts:
            for user in {post.author_id, *post.mentioned_ids}:
                if user in lists:
                    lists[user].append(post)
        return lists

    @cached_property
    def replaced_at(self) -> Mapping[str, datetime]:
        """By id, when a newer version of an edited post takes its place."""
        versions: dict[str, list[ArchivedPost]] = {}
        for post in self._posts:
            versions.setdefault(post.first_id, []).append(post)
        hidden: dict[str, datetime] = {}
        for chain in versions.values():
            newer: datetime | None = None
            for post in reversed(chain):
                if newer is not None:
                    hidden[post.id] = newer
                newer = min(newer, post.visible_at) if newer else post.visible_at
        return hidden

    @cached_property
    def removals(self) -> Mapping[str, PostRemoval]:
        """By the first id of its edit history, when and why a post goes, with all its versions."""
        gone: dict[str, PostRemoval] = {}
        for post in self._posts:
            if post.removal is not None:
                known = gone.get(post.first_id)
                gone[post.first_id] = min(known, post.removal) if known else post.removal
        return gone

    @cached_property
    def id_by_name(self) -> Mapping[str, str]:
        """The user ids by lower-case name; an account's name in companies.json counts too."""
        return {name: user for user, names in self._names.items() for name in names}

    def list_keys(self, post: ArchivedPost) -> tuple[str, ...]:
        """The lists that a post stands in: timelines, handles, conversation, and that of all.

        They are called `mentions:ID`, `from:ID`, `conversation_id:ID`, `@name` and the empty name.
        """
        keys = self._list_keys.get(post.id)
        if keys is None:
            handles = post.mentioned_handles.union(
                *(self._names.get(user, ()) for user in post.mentioned_ids)
            )
            keys = (
                "",
                f"from:{post.author_id}",
                f"conversation_id:{post.conversation_id}",
                *(f"mentions:{user}" for user in post.mentioned_ids if user != post.author_id),
                *(f"@{handle}" for handle in handles),
            )
            self._list_keys[post.id] = keys
        return keys

    @cached_property
    def _names(self) -> Mapping[str, set[str]]:
        names: dict[str, set[str]] = {}
        for user in self._users.values():
            names.setdefault(user["id"], set()).add(user["username"].lower())
        for account in self._accounts:
            names.setdefault(account.id, set()).add(account.username.lower())
        return names
