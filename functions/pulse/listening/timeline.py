"""The timelines of an account: how search finds their posts, and which stored posts are theirs."""

from dataclasses import dataclass

from pulse.conversations.facts import Mention, Reply
from pulse.kernel.company import Account
from pulse.listening.scan import Endpoint


def search_query(endpoint: Endpoint, username: str) -> str:
    """Return the query with which search and counts find the posts of a timeline.

    Retweets are in no timeline as Pulse reads it: they are neither mentions nor replies.
    """
    who = f"@{username}" if endpoint == "mentions" else f"from:{username}"
    return f"{who} -is:retweet"


@dataclass(frozen=True, slots=True)
class Timeline:
    """One of the two timelines of an account of the company."""

    account: Account
    endpoint: Endpoint

    @property
    def query(self) -> str:
        """The query with which search and counts find its posts."""
        return search_query(self.endpoint, self.account.username)

    def holds(self, post: Mention | Reply) -> bool:
        """Return whether a stored post is in this timeline.

        A post of another account of the company that names this one is in its mentions.
        """
        is_own = isinstance(post, Reply) and post.account_id == self.account.id
        if self.endpoint == "posts":
            return is_own
        return not is_own and self.account.id in post.named
