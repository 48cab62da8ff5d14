"""The timelines of an account: how search finds their posts, and which stored posts are theirs."""

from pulse.conversations.facts import Mention, Reply
from pulse.listening.scan import Endpoint


def search_query(endpoint: Endpoint, username: str) -> str:
    """Return the query with which search and counts find the posts of a timeline.

    Retweets are in no timeline as Pulse reads it: they are neither mentions nor replies.
    """
    who = f"@{username}" if endpoint == "mentions" else f"from:{username}"
    return f"{who} -is:retweet"


def is_in_timeline(post: Mention | Reply, endpoint: Endpoint, account_id: str) -> bool:
    """Return whether a stored post is in this timeline of an account of the company.

    A post of another account of the company that names this one is in its mentions.
    """
    is_own = isinstance(post, Reply) and post.account_id == account_id
    return is_own if endpoint == "posts" else not is_own and account_id in post.named
