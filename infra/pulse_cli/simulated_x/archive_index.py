"""Indexes of an archive's posts and users, made once and shared by all of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from pulse_cli.simulated_x.archived_companies import ArchivedCompany
from pulse_cli.simulated_x.archived_posts import ArchivedPost, PostRemoval


class ArchiveIndex:
    """Finds posts by id and account, users by name, and which version of a post replaces which."""

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
        """All posts by id."""
        return {post.id: post for post in self._posts}

    @cached_property
    def by_account(self) -> Mapping[str, Sequence[ArchivedPost]]:
        """The posts by or mentioning each account of a company, by the account's id."""
        lists: dict[str, list[ArchivedPost]] = {account.id: [] for account in self._accounts}
        for post in self._posts:
            for user in {post.author_id, *post.mentioned_ids}:
                if user in lists:
                    lists[user].append(post)
        return lists

    @cached_property
    def replaced_at(self) -> Mapping[str, datetime]:
        """When a newer version replaces a version of an edited post, by the id of the older one."""
        versions: dict[str, list[ArchivedPost]] = {}
        for post in self._posts:
            versions.setdefault(post.first_id, []).append(post)
        hidden: dict[str, datetime] = {}
        # X may show an older version later than a newer one: any newer version replaces it.
        for chain in versions.values():
            newer: datetime | None = None
            for post in reversed(chain):
                if newer is not None:
                    hidden[post.id] = newer
                newer = min(newer, post.visible_at) if newer else post.visible_at
        return hidden

    @cached_property
    def removals(self) -> Mapping[str, PostRemoval]:
        """When and why a post is removed with all its versions, by the first id of its history."""
        removals: dict[str, PostRemoval] = {}
        for post in self._posts:
            if post.removal is not None:
                known = removals.get(post.first_id)
                removals[post.first_id] = min(known, post.removal) if known else post.removal
        return removals

    @cached_property
    def id_by_name(self) -> Mapping[str, str]:
        """User ids by lower-case handle, those of accounts in companies.json included."""
        return {name: user for user, names in self._names.items() for name in names}

    def list_keys(self, post: ArchivedPost) -> tuple[str, ...]:
        """Return the keys of the lists that a post is in.

        They are `mentions:ID` and `from:ID` for timelines, `conversation_id:ID`, `@name` for each
        handle that it mentions, and the empty key of the list of all posts.
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
