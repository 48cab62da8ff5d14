"""Finds out who authors are: from the cache, else from X."""

from collections.abc import Collection
from datetime import datetime

from pulse.authors.store import AuthorCache
from pulse.kernel.posts import Author
from pulse.x.client import XClient
from pulse.x.faults import XError


class AuthorDirectory:
    """Names and handles of authors for one run, asked for only where they are shown.

    A user object costs twice as much as a post, so names are not read with timelines but looked
    up here, and remembered for a month (D-005).
    """

    def __init__(self, cache: AuthorCache, x: XClient | None, now: datetime) -> None:
        self._cache = cache
        self._x = x
        self._now = now

    def find(self, ids: Collection[str]) -> dict[str, Author]:
        """Return every one of these authors, by X user id; who is not known, with the id alone."""
        found = self._cache.find(ids)
        missing = [i for i in dict.fromkeys(ids) if i not in found]
        if missing and self._x is not None:
            try:
                shown = {author.id: author for author in self._x.users(missing)}
            except XError:
                # A mail matters more than the names in it: they are shown as ids. X is not asked
                # again in this run, since it may hang until the time-out for each mail.
                self._x = None
            else:
                # Whom X does not show is remembered too, or would be asked for in every mail.
                asked = [shown.get(i, Author(i)) for i in missing]
                self._cache.put(asked, self._now)
                found |= {author.id: author for author in asked}
        return {i: found.get(i, Author(i)) for i in ids}
