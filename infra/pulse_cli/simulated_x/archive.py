"""A post archive: a folder whose posts the simulated X serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pulse_cli.simulated_x.archive_files import ArchiveError, read_faults, read_lines, read_user
from pulse_cli.simulated_x.archive_index import ArchiveIndex
from pulse_cli.simulated_x.archived_companies import ArchivedCompany, read_companies
from pulse_cli.simulated_x.archived_posts import ArchivedPost, read_post
from pulse_cli.simulated_x.faults import InjectedFault


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """Posts by rising id, users by id, companies, faults, and the lines that could not be read.

    `quarantined` and `quarantined_users` have (line number, reason) of the lines of posts.ndjson
    and users.ndjson that could not be read. `index` is shared by an archive and its parts (see
    `for_company`). Posts published before `since` do not exist.
    """

    posts: Sequence[ArchivedPost]
    users: Mapping[str, Mapping[str, Any]]
    companies: Sequence[ArchivedCompany]
    faults: Sequence[InjectedFault]
    quarantined: list[tuple[int, str]]
    quarantined_users: list[tuple[int, str]]
    index: ArchiveIndex
    since: datetime | None = None

    @classmethod
    def load(cls, folder: Path) -> Archive:
        """Return the archive in a folder.

        Lines of posts.ndjson and users.ndjson that cannot be read are quarantined. The last of
        several lines with the same id counts.

        Raises:
            ArchiveError: a file is missing or cannot be understood.
        """
        companies = read_companies(folder)
        read, quarantined = read_lines(folder / "posts.ndjson", read_post)
        posts = sorted({post.id: post for post in read}.values(), key=lambda post: post.number)
        listed, quarantined_users = read_lines(folder / "users.ndjson", read_user)
        accounts = {
            account.id: {"id": account.id, "username": account.username, "name": account.username}
            for company in companies
            for account in company.accounts
        }
        users = accounts | {user["id"]: user for user in listed}
        index = ArchiveIndex(posts, users, companies)
        return cls(
            posts, users, companies, read_faults(folder), quarantined, quarantined_users, index
        )

    def for_company(self, company_name: str, since: datetime | None = None) -> Archive:
        """Return the part of one company: posts that mention its accounts, and posts by them.

        Posts published before `since` do not exist in it.

        Raises:
            ArchiveError: the company is not in the archive.
        """
        company = next((c for c in self.companies if c.name == company_name), None)
        if company is None:
            known = ", ".join(c.name for c in self.companies)
            raise ArchiveError(f"companies.json has no company {company_name!r}; it has {known}")
        since = since or self.since
        posts = {
            post.number: post
            for account in company.accounts
            for post in self.index.by_account[account.id]
            if since is None or post.created_at >= since
        }
        return Archive(
            [posts[number] for number in sorted(posts)],
            self.users,
            [company],
            self.faults,
            self.quarantined,
            self.quarantined_users,
            self.index,
            since,
        )

    def user_named(self, username: str) -> Mapping[str, Any] | None:
        """Return the user or account with this handle, in any case; None if there is none."""
        return self.users.get(self.index.id_by_name.get(username.lower(), ""))
