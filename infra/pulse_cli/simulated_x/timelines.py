"""Lists of posts, newest first, page by page: mentions, a user's own posts, search results."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from pulse_cli.simulated_x.archived_posts import ArchivedPost
from pulse_cli.simulated_x.call import ApiCall
from pulse_cli.simulated_x.page_tokens import TokenError, read_token, write_token
from pulse_cli.simulated_x.request import ID, ParsedRequest
from pulse_cli.simulated_x.visible_posts import VisiblePosts

NEWEST_MENTIONS = 800
NEWEST_POSTS = 3200
NEWEST_POSTS_WITHOUT_REPLIES = 800


def get_mentions(call: ApiCall) -> dict[str, Any]:
    """Return a page of the posts by others that mention a user, of which X has the newest 800.

    Raises:
        RequestRefusedError: the user's id or the page token are wrong.
    """
    return _timeline(call, "mentions", NEWEST_MENTIONS)


def get_user_posts(call: ApiCall) -> dict[str, Any]:
    """Return a page of a user's own posts: of the newest 3,200, or 800 without replies.

    Raises:
        RequestRefusedError: the user's id or the page token are wrong.
    """
    fewer = "replies" in call.request.exclude
    return _timeline(call, "from", NEWEST_POSTS_WITHOUT_REPLIES if fewer else NEWEST_POSTS)


def _timeline(call: ApiCall, which: str, newest: int) -> dict[str, Any]:
    user, parsed = str(call.path["id"]), call.request
    if not re.fullmatch(ID, user, re.ASCII):
        call.refuse("id", user, f"The `id` query parameter value [{user}] does not match {ID}")
    if user not in call.archive.users:
        call.response.add_not_found("user", "id", user)
        return call.response.build(None)
    # By X's description an id takes precedence over a time.
    if parsed.since_id is not None:
        parsed.start = None
    if parsed.until_id is not None:
        parsed.end = None
    key = f"{which}:{user}"
    ids = call.visible.ids_in(key)
    return make_page(call, key, ids, first=max(0, len(ids) - newest))


def make_page(
    call: ApiCall,
    name: str,
    ids: Sequence[int],
    *,
    matches: Callable[[ArchivedPost], bool] = lambda _: True,
    first: int = 0,
) -> dict[str, Any]:
    """Return the requested page of the list `name`, which begins at index `first` of `ids`.

    As with X, excluded posts are taken out of a page when it is full: a page may be short, even
    empty, and not be the last.

    Raises:
        RequestRefusedError: the page token is wrong.
    """
    parsed = call.request
    inclusive = call.behavior.since_id_inclusive and call.operation != "search"
    low, high = index_range(parsed, call.visible, ids, inclusive=inclusive)
    of = f"{call.operation} {name}"
    if parsed.page_token:
        high = min(high, bisect_left(ids, _older_than(call, parsed.page_token, of)))
    found: list[ArchivedPost] = []
    more = False
    for index in range(high - 1, max(low, first) - 1, -1):
        post = call.visible.post(ids[index])
        if is_in_time_range(parsed, post) and matches(post):
            more = len(found) == parsed.max_results
            if more:
                break
            found.append(post)
    shown = [post for post in found if not _excluded(parsed, post)]
    meta: dict[str, Any] = {"result_count": len(shown)}
    if shown:
        meta |= {"newest_id": shown[0].id, "oldest_id": shown[-1].id}
    if more:
        meta["next_token"] = write_token(found[-1].number, of, call.now)
    call.usage.count_served((post.id for post in shown), call.now.date())
    return call.response.build(call.response.write_posts(shown), meta=meta)


def index_range(
    parsed: ParsedRequest, visible: VisiblePosts, ids: Sequence[int], *, inclusive: bool = False
) -> tuple[int, int]:
    """Return the indexes between which a list meets the bounds; times must be checked again."""
    low, high = visible.between(ids, parsed.start, parsed.end)
    if parsed.since_id is not None:
        after = bisect_left if inclusive else bisect_right
        low = max(low, after(ids, parsed.since_id))
    if parsed.until_id is not None:
        high = min(high, bisect_left(ids, parsed.until_id))
    return low, high


def is_in_time_range(parsed: ParsedRequest, post: ArchivedPost) -> bool:
    """Return whether a post was published in [start, end)."""
    if parsed.start and post.created_at < parsed.start:
        return False
    return not (parsed.end and post.created_at >= parsed.end)


def _excluded(parsed: ParsedRequest, post: ArchivedPost) -> bool:
    return ("retweets" in parsed.exclude and post.is_retweet) or (
        "replies" in parsed.exclude and post.is_reply
    )


def _older_than(call: ApiCall, token: str, of: str) -> int:
    try:
        return read_token(token, of, call.now, call.behavior.token_life)
    except TokenError as error:
        message = f"The `pagination_token` query parameter value [{token}] is not valid: {error}"
        call.refuse("pagination_token", token, message)
